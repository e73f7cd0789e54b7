#include "daemon/slot/tpm_parts.h"

#include <tss2/tss2_mu.h>

#include <array>

namespace nacre::slot {
namespace {

constexpr TSS2_RC kCodeMask = 0xffff;
constexpr TSS2_RC kFormatOneMask = 0xbf;  // without the number of parameter, handle or session
constexpr TSS2_RC kFormatZeroMask = 0xfff;

ErrorCode meaning_of_format_one(TSS2_RC code) {
    switch (code & kFormatOneMask) {
        case TPM2_RC_AUTH_FAIL: return ErrorCode::wrong_passphrase;
        case TPM2_RC_BAD_AUTH: return ErrorCode::unauthenticated;
        case TPM2_RC_POLICY_FAIL: return ErrorCode::environment_changed;
        case TPM2_RC_INTEGRITY:
        case TPM2_RC_BINDING: return ErrorCode::bad_message;
        case TPM2_RC_CURVE:
        case TPM2_RC_HASH:
        case TPM2_RC_SYMMETRIC:
        case TPM2_RC_ASYMMETRIC: return ErrorCode::unsupported;
        default: return ErrorCode::io_failed;
    }
}

ErrorCode meaning(TSS2_RC code) {
    const TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
    if (layer == TSS2_TCTI_RC_LAYER) return ErrorCode::unavailable;
    if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER) return ErrorCode::io_failed;
    if ((code & TPM2_RC_FMT1) != 0) return meaning_of_format_one(code & kCodeMask);
    switch (code & kFormatZeroMask) {
        case TPM2_RC_LOCKOUT: return ErrorCode::rate_limited;
        case TPM2_RC_PCR_CHANGED: return ErrorCode::environment_changed;
        case TPM2_RC_OBJECT_MEMORY:
        case TPM2_RC_SESSION_MEMORY:
        case TPM2_RC_MEMORY: return ErrorCode::resource_exhausted;
        default: return ErrorCode::io_failed;
    }
}

template <class T, class Marshal>
Result<Bytes> marshalled(const T& part, Marshal marshal) {
    std::array<std::uint8_t, sizeof(T)> buffer{};
    std::size_t size = 0;
    NACRE_TRY(check("write out a TPM's structure", marshal(&part, buffer.data(), buffer.size(), &size)));
    return Bytes{buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

template <class T, class Unmarshal>
Result<T> unmarshalled(ByteView bytes, Unmarshal unmarshal) {
    T part{};
    std::size_t read = 0;
    if (unmarshal(bytes.data(), bytes.size(), &read, &part) != TSS2_RC_SUCCESS || read != bytes.size()) {
        return Error{ErrorCode::bad_message, "read a TPM's structure"};
    }
    return part;
}

}  // namespace

Result<void> check(Literal what, TSS2_RC code) {
    if (code == TSS2_RC_SUCCESS) return {};
    return Error{meaning(code), what, static_cast<int>(code)};
}

TPM2B_PUBLIC storage_key_template() {
    TPM2B_PUBLIC key{};
    key.publicArea.type = TPM2_ALG_ECC;
    key.publicArea.nameAlg = TPM2_ALG_SHA256;
    key.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                      TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                      TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    TPMS_ECC_PARMS& curve = key.publicArea.parameters.eccDetail;
    curve.symmetric.algorithm = TPM2_ALG_AES;
    curve.symmetric.keyBits.aes = 128;
    curve.symmetric.mode.aes = TPM2_ALG_CFB;
    curve.scheme.scheme = TPM2_ALG_NULL;
    curve.curveID = TPM2_ECC_NIST_P256;
    curve.kdf.scheme = TPM2_ALG_NULL;
    return key;
}

// Neither USERWITHAUTH nor ADMINWITHPOLICY: nothing but the policy opens it.
TPM2B_PUBLIC sealed_template(const TPM2B_DIGEST& policy, bool counts) {
    TPM2B_PUBLIC object{};
    object.publicArea.type = TPM2_ALG_KEYEDHASH;
    object.publicArea.nameAlg = TPM2_ALG_SHA256;
    object.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT;
    if (!counts) object.publicArea.objectAttributes |= TPMA_OBJECT_NODA;
    object.publicArea.authPolicy = policy;
    object.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    return object;
}

TPML_PCR_SELECTION selection_of(tpm::Registers registers) {
    TPML_PCR_SELECTION selection{};
    selection.count = 1;
    TPMS_PCR_SELECTION& bank = selection.pcrSelections[0];
    bank.hash = TPM2_ALG_SHA256;
    bank.sizeofSelect = 3;
    for (int byte = 0; byte < 3; ++byte) {
        bank.pcrSelect[byte] = static_cast<BYTE>(registers >> (8 * byte));
    }
    return selection;
}

bool is_storage_key(const TPM2B_PUBLIC& key) {
    constexpr TPMA_OBJECT kNeeded =
        TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    return (key.publicArea.objectAttributes & kNeeded) == kNeeded &&
           (key.publicArea.type == TPM2_ALG_ECC || key.publicArea.type == TPM2_ALG_RSA) &&
           key.publicArea.nameAlg == TPM2_ALG_SHA256;
}

Result<Bytes> to_bytes(const TPM2B_PUBLIC& part) {
    return marshalled(part, Tss2_MU_TPM2B_PUBLIC_Marshal);
}

Result<Bytes> to_bytes(const TPM2B_PRIVATE& part) {
    return marshalled(part, Tss2_MU_TPM2B_PRIVATE_Marshal);
}

Result<TPM2B_PUBLIC> parse_public(ByteView bytes) {
    const auto part = NACRE_TRY(unmarshalled<TPM2B_PUBLIC>(bytes, Tss2_MU_TPM2B_PUBLIC_Unmarshal));
    if (part.publicArea.type == TPM2_ALG_KEYEDHASH && part.publicArea.nameAlg == TPM2_ALG_SHA256 &&
        part.publicArea.authPolicy.size == TPM2_SHA256_DIGEST_SIZE) {
        return part;
    }
    return Error{ErrorCode::bad_message, "read a sealed object"};
}

Result<TPM2B_PRIVATE> parse_private(ByteView bytes) {
    return unmarshalled<TPM2B_PRIVATE>(bytes, Tss2_MU_TPM2B_PRIVATE_Unmarshal);
}

}  // namespace nacre::slot
