#include "clients/common/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace nacre::client {
namespace {

class File {
public:
    explicit File(int fd) : fd_{fd} {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ >= 0) close(fd_);
    }
    int fd() const { return fd_; }

private:
    int fd_;
};

// What a metadata value may hold; the daemon's tokens are narrower.
bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= 256 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<void> write_whole(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("token file", errno);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_new(const std::filesystem::path& path, std::string_view token) {
    const File file{open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.fd() < 0) return os_error("token file", errno);
    if (fchmod(file.fd(), 0600) != 0) return os_error("token file", errno);
    NACRE_TRY(write_whole(file.fd(), std::string{token} + "\n"));
    if (fsync(file.fd()) != 0) return os_error("token file", errno);
    return {};
}

Result<void> make_folder(const std::filesystem::path& folder) {
    if (folder.empty()) return {};
    const mode_t before = umask(077);
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    umask(before);
    if (failed) return os_error("token folder", failed.value());
    return {};
}

}  // namespace

Result<std::string> read_token(const std::filesystem::path& path) {
    const File file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.fd() < 0) return os_error("token file", errno);
    struct stat info{};
    if (fstat(file.fd(), &info) != 0) return os_error("token file", errno);
    if ((info.st_mode & 077) != 0) return Error{ErrorCode::permission_denied, "token file mode"};
    std::array<char, 512> buffer{};
    const ssize_t count = read(file.fd(), buffer.data(), buffer.size());
    if (count < 0) return os_error("token file", errno);
    std::string token{buffer.data(), static_cast<std::size_t>(count)};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (!is_token(token)) return Error{ErrorCode::bad_message, "token file"};
    return token;
}

Result<void> write_token(const std::filesystem::path& path, std::string_view token) {
    if (!is_token(token)) return Error{ErrorCode::invalid_argument, "token"};
    NACRE_TRY(make_folder(path.parent_path()));
    std::filesystem::path fresh = path;
    fresh += ".new";
    NACRE_TRY(write_new(fresh, token));
    if (rename(fresh.c_str(), path.c_str()) != 0) return os_error("token file", errno);
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const File opened{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (opened.fd() < 0 || fsync(opened.fd()) != 0) return os_error("token folder", errno);
    return {};
}

}  // namespace nacre::client
