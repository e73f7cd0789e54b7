#include "daemon/base/listen_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace nacre::daemon {
namespace {

constexpr int kFirst = 3;
constexpr int kMost = 64;

// -1 when the variable is missing or not a number.
int read_number(const char* variable) {
    const char* value = std::getenv(variable);
    if (value == nullptr) return -1;
    const std::string_view text{value};
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}

}  // namespace

ListenFds ListenFds::inherit() {
    ListenFds taken;
    const int count = read_number("LISTEN_FDS");
    const char* names = std::getenv("LISTEN_FDNAMES");
    if (read_number("LISTEN_PID") == getpid() && count > 0 && count <= kMost) {
        std::string_view rest{names == nullptr ? "" : names};
        for (int fd = kFirst; fd < kFirst + count; ++fd) {
            const std::string_view name = rest.substr(0, rest.find(':'));
            rest.remove_prefix(std::min(name.size() + 1, rest.size()));
            if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;  // not open: not ours to close
            taken.named_.push_back({std::string{name}, Descriptor{fd}});
        }
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return taken;
}

Descriptor ListenFds::take(std::string_view name) {
    const auto found = std::find_if(named_.begin(), named_.end(),
                                    [name](const Named& item) { return item.name == name; });
    if (found == named_.end()) return {};
    Descriptor descriptor = std::move(found->descriptor);
    named_.erase(found);
    return descriptor;
}

}  // namespace nacre::daemon
