// Tpm: what a TPM 2.0 does for a slot: keep 32 bytes, and give them back only where chosen registers
// have the values that they had.
//
// Layer:   daemon/slot. The only files that include tpm2-tss are tpm.cpp and tpm_parts.h.
// Secrets: lends and returns them in the arena; the library has copies in its heap and on the stack
//          while a call runs. On the bus they are encrypted: every session is salted to a key of the
//          TPM's, whose name the slot's file knows.
// Errors:  as listed in api/tpm/wire.h; Error::os_error has the library's or the TPM's own code.
// Threads: one.
#pragma once

#include <memory>

#include "api/base/result.h"
#include "api/tpm/address.h"
#include "api/tpm/slot_file.h"
#include "sandbox/secret.h"

namespace nacre::slot {

using tpm::Registers;
using tpm::Sealed;

class Tpm {
public:
    static Result<Tpm> connect(const tpm::Address& address);
    Tpm(Tpm&&) noexcept;
    Tpm& operator=(Tpm&&) = delete;
    ~Tpm();

    // Those of `registers` that nothing has been measured into. unsupported: the TPM keeps no
    // SHA-256 values of one.
    Result<Registers> blank(Registers registers);

    // With `auth`, it is needed as well, and the TPM counts wrong ones (dictionary attack lockout);
    // without, no failure of others locks this object.
    Result<Sealed> seal(const Secret<32>& secret, Registers registers, const Secret<32>* auth);
    Result<Secret<32>> unseal(const Sealed& sealed, Registers registers, const Secret<32>* auth);

private:
    struct Connection;
    explicit Tpm(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace nacre::slot
