#include "daemon/supervisor/instance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace nacre::supervisor {
namespace {

namespace fs = std::filesystem;
using daemon::Descriptor;

constexpr int kBacklog = 64;

StartError failed(const char* what, const fs::path& path, int error) {
    return {std::string{"cannot "} + what + " " + path.string() + ": " + std::strerror(error)};
}

// Makes the folder and its missing parents, private from the start (the umask is 077).
std::optional<StartError> make_private_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return failed("make the folder", path, error.value());
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) return failed("look at", path, errno);
    if (!S_ISDIR(about.st_mode)) return failed("use", path, ENOTDIR);
    if (about.st_uid != geteuid()) return StartError{path.string() + " belongs to another user"};
    if ((about.st_mode & 07777) != 0700 && chmod(path.c_str(), 0700) != 0) {
        return failed("make private", path, errno);
    }
    if (access(path.c_str(), W_OK) != 0) return failed("write to", path, errno);
    return std::nullopt;
}

std::variant<Descriptor, StartError> lock_folder(const fs::path& folder) {
    const fs::path path = folder / "nacred.lock";
    Descriptor fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) return failed("open", path, errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno != EWOULDBLOCK) return failed("lock", path, errno);
    return StartError{"another nacred is already running for this instance (it holds " +
                      path.string() + ")"};
}

std::variant<Descriptor, StartError> listen_at(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path.string();
    if (name.size() >= sizeof address.sun_path) {
        return StartError{"the socket's path is too long, at most " +
                          std::to_string(sizeof address.sun_path - 1) + " bytes: " + name};
    }
    name.copy(address.sun_path, name.size());
    Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return failed("make the socket", path, errno);
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("replace", path, errno);
    // Between bind and chmod it has 0700 by the umask; nobody else gets in either way.
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return failed("make the socket", path, errno);
    }
    if (chmod(path.c_str(), 0600) != 0) return failed("make private", path, errno);
    if (listen(fd.get(), kBacklog) != 0) return failed("listen at", path, errno);
    return fd;
}

// Moves what was opened into `into`, or returns the error.
std::optional<StartError> take(std::variant<Descriptor, StartError> opened, Descriptor& into) {
    if (auto* error = std::get_if<StartError>(&opened)) return std::move(*error);
    into = std::get<Descriptor>(std::move(opened));
    return std::nullopt;
}

}  // namespace

std::variant<Instance, StartError> Instance::open(const config::Places& places) {
    umask(077);
    Instance made;
    for (const fs::path& folder :
         {places.state, places.state / "vault", places.state / "courier", places.runtime}) {
        if (auto error = make_private_folder(folder)) return std::move(*error);
    }
    if (auto error = take(lock_folder(places.state), made.state_lock_)) return std::move(*error);
    if (auto error = take(lock_folder(places.runtime), made.runtime_lock_))
        return std::move(*error);
    if (auto error = take(listen_at(places.runtime / "api.sock"), made.api_))
        return std::move(*error);
    if (auto error = take(listen_at(places.runtime / "secret.sock"), made.secret_)) {
        return std::move(*error);
    }
    if (auto error = take(listen_at(places.runtime / "lock.sock"), made.lock_)) {
        return std::move(*error);
    }
    made.state_ = places.state;
    made.runtime_ = places.runtime;
    return made;
}

Instance::~Instance() {
    if (!api_) return;
    unlink((runtime_ / "api.sock").c_str());
    unlink((runtime_ / "secret.sock").c_str());
    unlink((runtime_ / "lock.sock").c_str());
}

}  // namespace nacre::supervisor
