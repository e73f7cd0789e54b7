#include "daemon/overwrite/progress.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace nacre::overwrite {

Result<daemon::Descriptor> make_progress() {
    daemon::Descriptor file{memfd_create(kProgressName, MFD_CLOEXEC)};
    if (!file) return os_error("make the overwriter's progress", errno);
    return file;
}

void write_progress(int file, Progress progress) {
    const std::uint8_t bytes[] = {static_cast<std::uint8_t>(progress.state), progress.percent};
    [[maybe_unused]] const auto written = pwrite(file, bytes, sizeof bytes, 0);
}

void end_progress(int file) {
    const Progress last = read_progress(file);
    if (last.state == Progress::State::running)
        write_progress(file, {Progress::State::ended_early, last.percent});
}

Progress read_progress(int file) {
    std::uint8_t bytes[2] = {};
    if (file < 0 || pread(file, bytes, sizeof bytes, 0) != sizeof bytes) return {};
    if (bytes[0] > static_cast<std::uint8_t>(Progress::State::ended_early) || bytes[1] > 100) return {};
    return {static_cast<Progress::State>(bytes[0]), bytes[1]};
}

}  // namespace nacre::overwrite
