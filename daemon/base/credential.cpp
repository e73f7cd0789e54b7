#include "daemon/base/credential.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace nacre::daemon {

Result<Descriptor> open_credential(const char* name) {
    const char* const folder = std::getenv(kCredentialsVariable);  // NOLINT(concurrency-mt-unsafe)
    if (folder == nullptr || *folder == '\0') return Error{ErrorCode::not_found, "credential"};
    const auto path = std::filesystem::path{folder} / name;
    Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return os_error("open the credential", errno);
    return file;
}

Result<Descriptor> seal_copy(int file, std::size_t most) {
    Descriptor copy{memfd_create("nacre-credential", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!copy) return os_error("memfd_create", errno);
    while (most > 0) {
        const ssize_t count = sendfile(copy.get(), file, nullptr, most);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("copy the credential", errno);
        if (count == 0) break;
        most -= static_cast<std::size_t>(count);
    }
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) return os_error("seal the credential", errno);
    return copy;
}

}  // namespace nacre::daemon
