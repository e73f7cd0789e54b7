#include "vault/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace nacre::vault {
namespace {

int flags_of(File::How how) {
    switch (how) {
        case File::How::read: return O_RDONLY | O_CLOEXEC;
        case File::How::overwrite: return O_RDWR | O_CLOEXEC;
        case File::How::make: return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
        case File::How::keep: return O_RDWR | O_CREAT | O_CLOEXEC;
    }
    return -1;
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path, How how) {
    const int fd = ::open(path.c_str(), flags_of(how), 0600);
    if (fd >= 0) return File{fd};
    if (errno == EEXIST) return Error{ErrorCode::already_exists, "make a vault file", errno};
    return os_error("open a vault file", errno);
}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

Result<Bytes> File::read_at(std::uint64_t offset, std::size_t size) const {
    Bytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got =
            pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error("read a vault file", errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

Result<void> File::write_at(std::uint64_t offset, ByteView bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t put = pwrite(fd_, bytes.data() + done, bytes.size() - done,
                                   static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return os_error("write a vault file", errno);
        done += static_cast<std::size_t>(put);
    }
    return {};
}

Result<void> File::sync() const {
    if (fdatasync(fd_) != 0) return os_error("sync a vault file", errno);
    return {};
}

Result<void> File::lock() const {
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return Error{ErrorCode::vault_in_use, "lock the vault"};
    return os_error("lock the vault", errno);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return os_error("open the vault's folder", errno);
    const int result = fsync(fd);
    const int reason = errno;
    ::close(fd);
    if (result != 0) return os_error("sync the vault's folder", reason);
    return {};
}

Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return os_error("rename a vault file", errno);
    return {};
}

Result<void> remove_file(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return os_error("remove a vault file", errno);
}

Result<void> remove_folder(const std::filesystem::path& path) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    return os_error("remove a vault folder", errno);
}

Result<bool> file_exists(const std::filesystem::path& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return os_error("look for a vault file", errno);
}

}  // namespace nacre::vault
