// nacre-overwrite: takes free memory, so that the kernel clears what an earlier process left there,
// and gives it back. nacred starts it after a lock, and after a crash of an unlocked vaultd.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "api/base/log.h"
#include "daemon/base/listen_fds.h"
#include "daemon/overwrite/plan.h"
#include "daemon/overwrite/progress.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"

namespace nacre::overwrite {
namespace {

constexpr std::size_t kPage = 4096;

std::optional<MemoryInfo> memory_now() {
    std::array<char, 4096> text{};
    const daemon::Descriptor file{open("/proc/meminfo", O_RDONLY | O_CLOEXEC)};
    const ssize_t got = file ? read(file.get(), text.data(), text.size()) : -1;
    if (got <= 0) return std::nullopt;
    return parse_memory_info({text.data(), static_cast<std::size_t>(got)});
}

// Everyone else first, for the processor as for memory: when it is short, this process is killed.
bool be_modest() {
    const sched_param none{};
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    (void)setpriority(PRIO_PROCESS, 0, 19);
    const daemon::Descriptor file{open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)};
    return file && write(file.get(), "1000", 4) == 4;
}

bool confine() {
    return sandbox::restrict_access(sandbox::Process::overwrite, {}).ok() &&
           sandbox::filter_calls(sandbox::Process::overwrite).ok();
}

// The kernel clears each page before it hands it out; writing to it makes it hand one out.
bool take_step() {
    constexpr std::size_t kBytes = kStepKib * 1024;
    void* const taken = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (taken == MAP_FAILED) return false;
    auto* const bytes = static_cast<volatile char*>(taken);
    for (std::size_t at = 0; at < kBytes; at += kPage) bytes[at] = 1;
    return true;
}

void run(std::uint32_t percent, int file) {
    auto now = memory_now();
    if (!now) return end_progress(file);
    Plan plan{*now, percent};
    write_progress(file, {Progress::State::running, 0});
    while (now && plan.may_step(*now) && take_step()) {
        plan.stepped();
        write_progress(file, {Progress::State::running,
                              static_cast<std::uint8_t>(plan.percent_done())});
        now = memory_now();
    }
    // Or nothing more could be had.
    if (plan.reached()) return write_progress(file, {Progress::State::done, 100});
    end_progress(file);
}

}  // namespace
}  // namespace nacre::overwrite

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-overwrite");
    std::uint32_t percent = 0;
    if (argc == 2) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), percent);
    if (percent < 1 || percent > 90) {
        std::fprintf(stderr, "usage: nacre-overwrite PERCENT   (1 to 90, of the free memory)\n");
        return 1;
    }
    if (!sandbox::harden_process(sandbox::Process::overwrite).ok() || !overwrite::be_modest()) {
        log::write(log::Level::error, "memory is not overwritten: this process cannot be made the first to go");
        return 2;
    }
    auto passed = daemon::ListenFds::inherit();
    if (!overwrite::confine()) {
        log::write(log::Level::error, "memory is not overwritten: no sandbox");
        return 2;
    }
    overwrite::run(percent, passed.take(overwrite::kProgressName).get());
}
