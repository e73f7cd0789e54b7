#include "clients/common/tpm_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "clients/common/closing.h"

namespace nacre::client {
namespace {

Result<void> sync_folder(const std::filesystem::path& path) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
    const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return os_error("open a TPM slot's folder", errno);
    const Closing closing{fd};
    if (fsync(fd) != 0) return os_error("sync a TPM slot's folder", errno);
    return {};
}

Result<Bytes> read_whole(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return os_error("open a TPM slot's file", errno);
    const Closing closing{fd};
    Bytes bytes(tpm::kMostFileBytes + 1);
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = ::read(fd, bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error("read a TPM slot's file", errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
}

Result<void> write_whole(const std::filesystem::path& path, ByteView bytes) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return os_error("write a TPM slot's file", errno);
    const Closing closing{fd};
    if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return os_error("write a TPM slot's file", errno);
    }
    if (fsync(fd) != 0) return os_error("sync a TPM slot's file", errno);
    return {};
}

}  // namespace

TpmFile::TpmFile(const std::filesystem::path& token_file) : path_{token_file}, new_path_{} {
    path_.replace_extension(".tpm");
    new_path_ = path_;
    new_path_ += ".new";
}

Result<tpm::SlotFile> TpmFile::read() const {
    return tpm::parse_slot_file(NACRE_TRY(read_whole(path_)));
}

Result<void> TpmFile::write_new(ByteView bytes) const {
    NACRE_TRY(write_whole(new_path_, bytes));
    return sync_folder(new_path_);
}

Result<bool> TpmFile::take_new(std::optional<std::uint32_t> slot) const {
    const auto bytes = read_whole(new_path_);
    if (!bytes.ok() && bytes.error().code == ErrorCode::not_found) return false;
    if (!bytes.ok()) return bytes.error();
    auto file = NACRE_TRY(tpm::parse_slot_file(*bytes));
    if (!slot) {
        if (rename(new_path_.c_str(), path_.c_str()) != 0) {
            return os_error("keep a TPM slot's file", errno);
        }
        NACRE_TRY(sync_folder(path_));
        return true;
    }
    // Beside it: a crash leaves either whole.
    file.slot = slot;
    std::filesystem::path numbered = path_;
    numbered += ".numbered";
    NACRE_TRY(write_whole(numbered, serialize(file)));
    if (rename(numbered.c_str(), path_.c_str()) != 0) {
        return os_error("keep a TPM slot's file", errno);
    }
    NACRE_TRY(sync_folder(path_));
    drop_new();
    return true;
}

void TpmFile::drop_new() const { (void)unlink(new_path_.c_str()); }

Result<void> TpmFile::remove() const {
    drop_new();
    if (unlink(path_.c_str()) != 0 && errno != ENOENT) {
        return os_error("remove a TPM slot's file", errno);
    }
    return {};
}

}  // namespace nacre::client
