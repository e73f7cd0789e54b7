#include "sandbox/private_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace nacre::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> kHidden{"/run/user", "/run/dbus"};

bool write_file(const char* path, const std::string& text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    return done;
}

bool is_folder(const char* path) {
    struct stat about {};
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

// The same user inside as outside.
bool hide() {
    const auto user = std::to_string(geteuid());
    const auto group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (!write_file("/proc/self/setgroups", "deny") ||
        !write_file("/proc/self/uid_map", user + " " + user + " 1") ||
        !write_file("/proc/self/gid_map", group + " " + group + " 1")) {
        return false;
    }
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    return std::all_of(kHidden.begin(), kHidden.end(), [](const char* folder) {
        constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
        return !is_folder(folder) ||
               mount("nacre", folder, "tmpfs", kFlags, "size=4k,mode=0555") == 0;
    });
}

// Makes the namespaces, says whether it could, and keeps them until the other end is closed.
[[noreturn]] void hold(int socket) {
    const char done = hide() ? 1 : 0;
    char end = 0;
    if (write(socket, &done, 1) == 1) (void)!read(socket, &end, 1);
    _exit(0);
}

int open_namespace(pid_t process, const char* kind) {
    const std::string path = "/proc/" + std::to_string(process) + "/ns/" + kind;
    return open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

// Landlock's refusal to list it is none to connect to what is in it: then only a mount such as ours hides
// what was there.
bool is_hidden(const char* folder) {
    std::error_code failed;
    const fs::directory_iterator found{folder, failed};
    if (!failed) return found == fs::directory_iterator{};
    struct stat about {};
    if (stat(folder, &about) != 0 || access(folder, X_OK) != 0) return true;
    struct statvfs mounted {};
    return statvfs(folder, &mounted) == 0 && (mounted.f_flag & ST_RDONLY) != 0 &&
           mounted.f_blocks * mounted.f_frsize == 4096;
}

bool is_within(const fs::path& path, const char* folder) {
    const auto [end, nothing] = std::mismatch(fs::path{folder}.begin(), fs::path{folder}.end(),
                                              path.begin(), path.end());
    return end == fs::path{folder}.end();
}

}  // namespace

Result<PrivateMounts> PrivateMounts::make(std::span<const fs::path> needed) {
    for (const fs::path& path : needed) {
        for (const char* folder : kHidden) {
            if (is_within(path, folder))
                return Error{ErrorCode::unsupported, "hide /run/user: in use"};
        }
    }
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return os_error("private mounts", errno);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        hold(ends[1]);
    }
    close(ends[1]);
    char done = 0;
    PrivateMounts made{-1, -1};
    if (child > 0 && read(ends[0], &done, 1) == 1 && done == 1) {
        made.user_ = open_namespace(child, "user");
        made.mounts_ = open_namespace(child, "mnt");
    }
    close(ends[0]);
    if (child > 0) waitpid(child, nullptr, 0);
    if (made.user_ < 0 || made.mounts_ < 0) return Error{ErrorCode::unsupported, "private mounts"};
    return made;
}

PrivateMounts::PrivateMounts(PrivateMounts&& other) noexcept
    : user_{std::exchange(other.user_, -1)}, mounts_{std::exchange(other.mounts_, -1)} {}

PrivateMounts::~PrivateMounts() {
    for (const int fd : {user_, mounts_}) {
        if (fd >= 0) close(fd);
    }
}

Result<void> PrivateMounts::enter() const {
    if (setns(user_, CLONE_NEWUSER) != 0 || setns(mounts_, CLONE_NEWNS) != 0)
        return os_error("enter private mounts", errno);
    return {};
}

bool buses_hidden() { return std::all_of(kHidden.begin(), kHidden.end(), is_hidden); }

}  // namespace nacre::sandbox
