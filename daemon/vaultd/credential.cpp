#include "daemon/vaultd/credential.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "api/base/bytes.h"
#include "api/base/log.h"
#include "daemon/base/credential.h"
#include "daemon/vaultd/waits.h"

namespace nacre::vaultd {

Result<Passphrase> read_credential() {
    const auto file = NACRE_TRY(daemon::open_credential(daemon::kUnlockCredential));
    return Passphrase::receive(file.get());
}

void StayLocked::set() const {
    const BootId boot = boot_id();
    const daemon::Descriptor file{
        open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file || pwrite(file.get(), boot.data(), boot.size(), 0) != static_cast<ssize_t>(boot.size())) {
        log::write(log::Level::error, "a restart will open the vault again",
                   os_error("write the mark of a lock", errno));
    }
}

void StayLocked::clear() const { unlink(file_.c_str()); }

bool StayLocked::stands() const {
    const daemon::Descriptor file{open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file) return false;
    BootId marked{};
    // A mark that cannot be read counts: what is wrong with it is not worth an open vault.
    if (read(file.get(), marked.data(), marked.size()) != static_cast<ssize_t>(marked.size())) {
        return true;
    }
    return equal(marked, boot_id());
}

}  // namespace nacre::vaultd
