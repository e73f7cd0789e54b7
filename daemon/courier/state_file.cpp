#include "daemon/courier/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace nacre::courier {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

}  // namespace

Result<StateFolder> StateFolder::open(const std::filesystem::path& path) {
    const bool made = mkdir(path.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return os_error("make state folder", errno);
    daemon::Descriptor fd{::open(path.c_str(), kFolderFlags)};
    if (!fd) return os_error("open state folder", errno);
    if (made) {
        const daemon::Descriptor parent{
            ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!parent || fsync(parent.get()) != 0) return os_error("sync parent of state", errno);
    }
    return StateFolder{std::move(fd)};
}

Result<StateFolder> StateFolder::subfolder(const char* name) const {
    const bool made = mkdirat(fd_.get(), name, 0700) == 0;
    if (!made && errno != EEXIST) return os_error("make folder", errno);
    daemon::Descriptor fd{openat(fd_.get(), name, kFolderFlags)};
    if (!fd) return os_error("open folder", errno);
    if (made) NACRE_TRY(sync());
    return StateFolder{std::move(fd)};
}

Result<std::optional<Bytes>> StateFolder::read(const char* name, std::size_t most) const {
    const daemon::Descriptor file{openat(fd_.get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file) {
        if (errno == ENOENT) return std::optional<Bytes>{};
        return os_error("open state file", errno);
    }
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return os_error("stat state file", errno);
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > most)
        return Error{ErrorCode::resource_exhausted, "state file too large"};
    Bytes bytes(static_cast<std::size_t>(status.st_size));
    NACRE_TRY(daemon::read_exact(file.get(), bytes));
    return std::optional<Bytes>{std::move(bytes)};
}

Result<void> StateFolder::replace(const std::string& name, ByteView bytes) const {
    const std::string beside = name + ".new";
    const daemon::Descriptor file{openat(fd_.get(), beside.c_str(),
                                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                                         0600)};
    if (!file) return os_error("create state file", errno);
    NACRE_TRY(daemon::write_all(file.get(), bytes));
    if (fsync(file.get()) != 0) return os_error("sync state file", errno);
    if (renameat(fd_.get(), beside.c_str(), fd_.get(), name.c_str()) != 0)
        return os_error("rename state file", errno);
    return sync();
}

Result<void> StateFolder::remove(const char* name) const {
    if (unlinkat(fd_.get(), name, 0) != 0) {
        if (errno == ENOENT) return {};
        return os_error("remove state file", errno);
    }
    return sync();
}

Result<void> StateFolder::sync() const {
    if (fsync(fd_.get()) != 0) return os_error("sync folder", errno);
    return {};
}

}  // namespace nacre::courier
