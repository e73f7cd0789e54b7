// File: the few file operations whose order and durability the vault depends on.
//
// Layer:   vault.
// Secrets: none; what is written is ciphertext or public.
// Errors:  os_error codes.
// Threads: stateless.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vault {

// An open descriptor, closed at its end.
class File {
public:
    enum class How : std::uint8_t {
        read,
        overwrite,  // must exist
        make,       // must not exist (already_exists); mode 0600
        keep,       // made when missing, mode 0600
    };
    static Result<File> open(const std::filesystem::path& path, How how);
    File(File&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    File& operator=(File&&) = delete;
    ~File();

    // What is there of `size` bytes at `offset`; less at the end of the file.
    Result<Bytes> read_at(std::uint64_t offset, std::size_t size) const;
    Result<void> write_at(std::uint64_t offset, ByteView bytes) const;
    // After a failure the bytes may or may not be on disk, and asking again does not tell: they
    // have to be written again.
    Result<void> sync() const;
    // Exclusive, until the descriptor closes. vault_in_use.
    Result<void> lock() const;

private:
    explicit File(int fd) : fd_{fd} {}
    int fd_;
};

// Makes what was created, renamed or removed in the folder durable.
Result<void> sync_folder(const std::filesystem::path& folder);

Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Missing is success.
Result<void> remove_file(const std::filesystem::path& path);
// An empty one.
Result<void> remove_folder(const std::filesystem::path& path);

Result<bool> file_exists(const std::filesystem::path& path);

}  // namespace nacre::vault
