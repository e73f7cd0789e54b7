#include "daemon/courier/link_connector.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/base/log.h"

namespace nacre::courier {
namespace {

constexpr int kRetryMs = 1000;

// Who owns the folder decides who can put a socket there: that is all a connector can check.
Result<void> check_folder(const std::filesystem::path& folder) {
    struct stat status{};
    if (stat(folder.c_str(), &status) != 0) return os_error("folder of the link socket", errno);
    if ((status.st_mode & S_IWOTH) != 0)
        return Error{ErrorCode::permission_denied, "anybody may write where the link socket is"};
    return {};
}

Result<daemon::Descriptor> connect_to(const std::filesystem::path& path) {
    NACRE_TRY(check_folder(path.parent_path()));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path)
        return Error{ErrorCode::invalid_argument, "link socket path"};
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    daemon::Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket) return os_error("link socket", errno);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return os_error("connect link", errno);
    return socket;
}

Error stopping() { return {ErrorCode::canceled, "connect link: stopping"}; }

}  // namespace

Result<std::unique_ptr<LinkConnector>> LinkConnector::open(const std::filesystem::path& socket) {
    daemon::Descriptor lost{eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!lost) return os_error("eventfd", errno);
    return std::unique_ptr<LinkConnector>{new LinkConnector{socket, std::move(lost)}};
}

Result<daemon::Descriptor> LinkConnector::next(int stop_fd) {
    pollfd waits[] = {{stop_fd, POLLIN, 0}, {lost_.get(), POLLIN, 0}};
    while (poll(waits, 2, -1) < 0)
        if (errno != EINTR) return os_error("wait for a link", errno);
    if (waits[0].revents != 0) return stopping();
    eventfd_t count = 0;
    eventfd_read(lost_.get(), &count);
    for (bool told = false;; told = true) {
        auto link = connect_to(path_);
        if (link.ok()) return link;
        if (!told) log::write(log::Level::notice, "the vault is not there yet", link.error());
        if (poll(waits, 1, kRetryMs) > 0) return stopping();
    }
}

void LinkConnector::lost() { eventfd_write(lost_.get(), 1); }

}  // namespace nacre::courier
