#include "daemon/base/supervision.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/base/control.h"

namespace nacre::daemon {
namespace {

// Of `path`, which may be abstract ("@…").
Result<sockaddr_un> notify_address(std::string_view path, socklen_t& length) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof address.sun_path) {
        return Error{ErrorCode::invalid_argument, "NOTIFY_SOCKET"};
    }
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    return address;
}

// Half of WATCHDOG_USEC, if that is meant for this process.
std::optional<std::chrono::milliseconds> watchdog_interval() {
    const auto number = [](const char* variable) {
        const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): in main
        const std::string_view text{value == nullptr ? "" : value};
        std::uint64_t out = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        return error == std::errc{} && end == text.data() + text.size() ? out : 0;
    };
    const std::uint64_t process = number("WATCHDOG_PID");
    if (process != 0 && process != static_cast<std::uint64_t>(getpid())) return std::nullopt;
    const std::chrono::milliseconds half{number("WATCHDOG_USEC") / 2000};
    return half.count() > 0 ? std::optional{half} : std::nullopt;
}

}  // namespace

Result<Supervision> Supervision::inherit(ListenFds& listen_fds) {
    Supervision made;
    made.control_ = listen_fds.take("control");
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (!made.control_ && path != nullptr) {
        made.address_ = NACRE_TRY(notify_address(path, made.address_length_));
        made.notify_ = Descriptor{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        if (!made.notify_) return os_error("notify socket", errno);
    }
    if (made.notify_) made.watchdog_ = watchdog_interval();
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})
        unsetenv(variable);
    return made;
}

Result<void> Supervision::ready() {
    return control_ ? send_control(control_.get(), ControlKind::ready) : notify("READY=1");
}

Result<void> Supervision::keep_login(int memfd) {
    if (control_) return send_control(control_.get(), ControlKind::keep_login, memfd);
    // systemd would keep both otherwise.
    const Result<void> removed = notify("FDSTOREREMOVE=1\nFDNAME=login");
    return removed.ok() ? notify("FDSTORE=1\nFDNAME=login", memfd) : removed;
}

Result<void> Supervision::forget_login() {
    return control_ ? send_control(control_.get(), ControlKind::forget_login)
                    : notify("FDSTOREREMOVE=1\nFDNAME=login");
}

Result<void> Supervision::want_link() {
    return control_ ? send_control(control_.get(), ControlKind::want_link) : Result<void>{};
}

Result<void> Supervision::unlocked() {
    return control_ ? send_control(control_.get(), ControlKind::unlocked) : Result<void>{};
}

Result<void> Supervision::locking() {
    return control_ ? send_control(control_.get(), ControlKind::locking) : notify("STOPPING=1");
}

Result<void> Supervision::status(Literal sentence) {
    return control_ ? Result<void>{} : notify(std::string{"STATUS="} + sentence.c_str());
}

Result<void> Supervision::notify(std::string_view state, int descriptor) {
    if (!notify_) return {};
    iovec data{const_cast<char*>(state.data()), state.size()};
    union {
        cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space{};
    msghdr message{};
    message.msg_name = &address_;
    message.msg_namelen = address_length_;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = space.bytes;
        message.msg_controllen = sizeof space.bytes;
        cmsghdr* item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
    }
    while (sendmsg(notify_.get(), &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) return os_error("notify", errno);
    }
    return {};
}

}  // namespace nacre::daemon
