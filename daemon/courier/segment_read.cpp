#include "daemon/courier/segment_read.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/base/log.h"

namespace nacre::courier {
namespace {

constexpr std::size_t kSectorBytes = 4096;

}  // namespace

std::size_t read_past_errors(int fd, std::uint64_t at, std::size_t most, Bytes& into) {
    const std::size_t had = into.size();
    while (true) {
        into.resize(had);
        into.resize(had + most);
        const ssize_t count = pread(fd, into.data() + had, most, static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EIO) {
            const std::size_t sector = std::min(most, kSectorBytes - at % kSectorBytes);
            if (most > sector) {
                most = std::max(sector, most / 2);
                continue;
            }
            log::write(log::Level::error, "a part of a spool segment cannot be read",
                       {log::field("offset", at), log::field("bytes", most)});
            std::fill(into.begin() + static_cast<std::ptrdiff_t>(had), into.end(), std::uint8_t{0});
            return most;
        }
        into.resize(had + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return into.size() - had;
    }
}

}  // namespace nacre::courier
