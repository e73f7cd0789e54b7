#include "daemon/vaultd/credential.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "api/base/bytes.h"
#include "api/base/log.h"
#include "daemon/base/credential.h"

namespace nacre::vaultd {

Result<Passphrase> read_credential() {
    const auto file = NACRE_TRY(daemon::open_credential(daemon::kUnlockCredential));
    return Passphrase::receive(file.get());
}

void StayLocked::set() const { write(boot_id()); }

void StayLocked::prepare() const { write({}); }

void StayLocked::write(const BootId& mark) const {
    const daemon::Descriptor file{
        open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file || pwrite(file.get(), mark.data(), mark.size(), 0) != static_cast<ssize_t>(mark.size())) {
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
