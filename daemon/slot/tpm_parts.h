// What tpm.cpp puts tpm2-tss's calls together from: templates, handles that flush themselves, bytes
// to structures and back, and what a code means.
//
// Layer:   daemon/slot.
// Errors:  see tpm.h.
// Threads: one.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <utility>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "api/tpm/slot_file.h"

namespace nacre::slot {

// No error if `code` is success.
Result<void> check(Literal what, TSS2_RC code);

// What the library allocates.
struct EsysFree {
    void operator()(void* memory) const { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFree>;

// A key, an object or a session, given back to the TPM at the end: without a resource manager it has
// room for three.
class Handle {
public:
    Handle(ESYS_CONTEXT* esys, ESYS_TR handle, bool persistent = false)
        : esys_{esys}, handle_{handle}, persistent_{persistent} {}
    Handle(Handle&& other) noexcept
        : esys_{std::exchange(other.esys_, nullptr)},
          handle_{other.handle_},
          persistent_{other.persistent_} {}
    Handle& operator=(Handle&&) = delete;
    ~Handle() {
        if (esys_ == nullptr) return;
        if (persistent_) {
            (void)Esys_TR_Close(esys_, &handle_);
        } else {
            (void)Esys_FlushContext(esys_, handle_);
        }
    }
    ESYS_TR get() const { return handle_; }

private:
    ESYS_CONTEXT* esys_;
    ESYS_TR handle_;
    bool persistent_;
};

// The storage key: ECC P-256 with AES-128, the same at each call until the TPM is cleared.
TPM2B_PUBLIC storage_key_template();
// The object that holds the secret. `counts` failures: it takes part in the lockout.
TPM2B_PUBLIC sealed_template(const TPM2B_DIGEST& policy, bool counts);
// Of the SHA-256 bank.
TPML_PCR_SELECTION selection_of(tpm::Registers registers);
// Restricted, for decryption, never outside of its TPM: a session may be salted to it.
bool is_storage_key(const TPM2B_PUBLIC& key);

Result<Bytes> to_bytes(const TPM2B_PUBLIC& part);
Result<Bytes> to_bytes(const TPM2B_PRIVATE& part);
// bad_message: something else, or something behind it.
Result<TPM2B_PUBLIC> parse_public(ByteView bytes);
Result<TPM2B_PRIVATE> parse_private(ByteView bytes);

}  // namespace nacre::slot
