// Credential: opening the vault at start, on a machine that nobody attends: systemd hands over the
// secret of a slot as a file in $CREDENTIALS_DIRECTORY. And the mark that keeps it shut after it was
// locked on purpose, until somebody opens it or the machine starts anew.
//
// Layer:   daemon/vaultd.
// Secrets: the credential, straight into the arena.
// Errors:  not_found: none was handed over; invalid_argument: empty, or more than 1024 bytes; as
//          os_error says.
// Threads: pure; the mark's functions from any.
#pragma once

#include <filesystem>

#include "api/base/result.h"
#include "daemon/vaultd/waits.h"
#include "sandbox/secret.h"

namespace nacre::vaultd {

// Reads the environment: before threads.
Result<Passphrase> read_credential();

// 16 bytes in a file, the kernel's boot id, or zeros. It need survive this process, not the machine, so
// it is not synced.
class StayLocked {
public:
    explicit StayLocked(std::filesystem::path file) : file_{std::move(file)} {}
    // The file is there already if prepare() was called: a full disk takes it all the same.
    void set() const;
    // Makes room for set(); does not stand.
    void prepare() const;
    void clear() const;
    bool stands() const;

private:
    void write(const BootId& mark) const;

    const std::filesystem::path file_;
};

}  // namespace nacre::vaultd
