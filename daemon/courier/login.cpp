#include "daemon/courier/login.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/base/credential.h"
#include "daemon/libsignal/service_id.h"
#include "daemon/link/login_credential.h"

namespace nacre::courier {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr off_t kMostBytes = 64 * 1024;
constexpr std::uint32_t kLastDevice = 127;
constexpr std::size_t kMostPassword = 256;

}  // namespace

signal::Login DeviceLogin::for_signal() const {
    signal::Login login;
    login.username = aci + "." + std::to_string(device_id);
    login.password = password;
    return login;
}

std::string DeviceLogin::fingerprint() const {
    std::string text = aci + "." + std::to_string(device_id) + ":" + password;
    std::uint8_t hash[16];
    crypto_generichash(hash, sizeof hash, reinterpret_cast<const std::uint8_t*>(text.data()),
                       text.size(), nullptr, 0);
    sodium_memzero(text.data(), text.size());
    return to_hex(hash);
}

Result<DeviceLogin> login_from(const v1::LoginRequest& request) {
    const auto id = signal::ServiceId::parse(request.aci());
    if (!id.ok() || id->kind != signal::ServiceId::Kind::aci)
        return Error{ErrorCode::invalid_argument, "login: aci"};
    if (request.device_id() == 0 || request.device_id() > kLastDevice)
        return Error{ErrorCode::invalid_argument, "login: device id"};
    if (request.password().empty() || request.password().size() > kMostPassword)
        return Error{ErrorCode::invalid_argument, "login: password"};
    if (!request.has_environment())
        return Error{ErrorCode::invalid_argument, "login: environment"};
    return DeviceLogin{id->to_text(), request.device_id(), request.password(),
                       request.environment()};
}

Result<daemon::Descriptor> seal_login(const DeviceLogin& login) {
    v1::LoginRequest content;
    content.set_aci(login.aci);
    content.set_device_id(login.device_id);
    content.set_password(login.password);
    *content.mutable_environment() = login.environment;
    std::string bytes = content.SerializeAsString();

    daemon::Descriptor file{memfd_create("nacre-login", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!file) return os_error("memfd_create", errno);
    const auto written = daemon::write_all(file.get(), as_bytes(bytes));
    sodium_memzero(bytes.data(), bytes.size());
    NACRE_TRY(Result<void>{written});
    if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return os_error("seal login", errno);
    return file;
}

Result<DeviceLogin> read_login(int fd) {
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals)
        return Error{ErrorCode::bad_message, "kept login is not sealed"};
    struct stat status{};
    if (fstat(fd, &status) != 0) return os_error("stat login", errno);
    if (status.st_size > kMostBytes) return Error{ErrorCode::bad_message, "kept login too large"};
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t count = pread(fd, bytes.data(), bytes.size(), 0);
    if (count != status.st_size) return os_error("read login", count < 0 ? errno : EIO);
    v1::LoginRequest content;
    const bool parsed = content.ParseFromString(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    if (!parsed) return Error{ErrorCode::bad_message, "kept login does not parse"};
    return login_from(content);
}

Result<DeviceLogin> read_login_credential(int fd) {
    std::string bytes(daemon::kMostLoginCredential + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t count =
            pread(fd, bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("read the login credential", errno);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    const auto content = link::parse_login_credential(as_bytes(bytes).first(size));
    sodium_memzero(bytes.data(), bytes.size());
    if (!content.ok()) return content.error();
    return login_from(*content);
}

}  // namespace nacre::courier
