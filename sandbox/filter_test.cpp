#include <csignal>
#include <cstdlib>
#include <string_view>

#include "api/base/log.h"
#include "sandbox/filter_mode.h"

namespace nacre::sandbox {
namespace {

// /usr/include/asm/unistd.h has the names; so does scmp_sys_resolver.
void report(int, siginfo_t* info, void*) {
    log::write(log::Level::error, "sandbox: forbidden system call",
               {log::field("number", info->si_syscall)});
    std::signal(SIGSYS, SIG_DFL);
    raise(SIGSYS);
}

}  // namespace

FilterMode filter_mode() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before threads.
    const char* value = std::getenv("NACRE_SANDBOX");
    const std::string_view asked{value == nullptr ? "" : value};
    if (asked == "audit") return FilterMode::audit;
    if (asked == "calls") return FilterMode::calls;
    return asked == "off" ? FilterMode::off : FilterMode::report;
}

void watch_forbidden_calls() {
    struct sigaction action {};
    action.sa_sigaction = report;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSYS, &action, nullptr);
}

}  // namespace nacre::sandbox
