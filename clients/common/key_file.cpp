#include "clients/common/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "clients/common/closing.h"

namespace nacre::client {
namespace {

constexpr std::string_view kPurpose = "nacre key file v1";
constexpr std::size_t kLeastBytes = 32;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr std::size_t kBuffer = 4096;
constexpr std::size_t kMadeBytes = 64;

}  // namespace

Result<void> write_secret_file(const std::filesystem::path& path, ByteView bytes) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) return Error{ErrorCode::already_exists, "make a secret's file", EEXIST};
    if (fd < 0) return os_error("make a secret's file", errno);
    const Closing closing{fd};
    if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return os_error("write a secret's file", errno);
    }
    if (fsync(fd) != 0) return os_error("sync a secret's file", errno);
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
    const int folder = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return os_error("open a secret's file's folder", errno);
    const Closing closing_folder{folder};
    if (fsync(folder) != 0) return os_error("sync a secret's file's folder", errno);
    return {};
}

Result<Passphrase> read_key_file(const std::filesystem::path& path) {
    if (sodium_init() < 0) std::abort();
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return os_error("open a key file", errno);
    const Closing closing{fd};
    auto buffer = NACRE_TRY(Secret<kBuffer>::zeroed());
    auto hash = NACRE_TRY(Secret<32>::zeroed());
    crypto_generichash_state state;
    crypto_generichash_init(&state, as_bytes(kPurpose).data(), kPurpose.size(), hash.view().size());
    std::size_t total = 0;
    for (;;) {
        const ssize_t got = read(fd, buffer.span().data(), kBuffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error("read a key file", errno);
        if (got == 0) break;
        total += static_cast<std::size_t>(got);
        if (total > kMostBytes) return Error{ErrorCode::invalid_argument, "key file: too large"};
        crypto_generichash_update(&state, buffer.view().data(), static_cast<std::size_t>(got));
    }
    if (total < kLeastBytes) return Error{ErrorCode::invalid_argument, "key file: too short"};
    crypto_generichash_final(&state, hash.span().data(), hash.span().size());
    sodium_memzero(&state, sizeof state);
    return Passphrase::from(hash.view());
}

Result<void> make_key_file(const std::filesystem::path& path) {
    const auto random = NACRE_TRY(Secret<kMadeBytes>::random());
    return write_secret_file(path, random.view());
}

Result<Passphrase> make_credential_file(const std::filesystem::path& path) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto random = NACRE_TRY(Secret<kMadeBytes / 2>::random());
    auto text = NACRE_TRY(Secret<kMadeBytes>::zeroed());
    for (std::size_t at = 0; at < random.view().size(); ++at) {
        text.span()[at * 2] = static_cast<std::uint8_t>(kDigits[random.view()[at] >> 4]);
        text.span()[at * 2 + 1] = static_cast<std::uint8_t>(kDigits[random.view()[at] & 15]);
    }
    NACRE_TRY(write_secret_file(path, text.view()));
    return Passphrase::from(text.view());
}

}  // namespace nacre::client
