#include "daemon/slot/tpm.h"

#include <sodium.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <string>

#include "daemon/slot/tpm_parts.h"

namespace nacre::slot {
namespace {

constexpr TPM2_HANDLE kStorageRootKey = 0x81000001;  // where the TCG's provisioning guidance has it
constexpr TPMT_SYM_DEF kSessionCipher{TPM2_ALG_AES, {.aes = 128}, {.aes = TPM2_ALG_CFB}};

// The library does not say why a device could not be opened.
Result<void> may_open(const tpm::Address& address) {
    if (address.kind != tpm::Address::Kind::device) return {};
    if (access(address.path.c_str(), R_OK | W_OK) == 0) return {};
    const ErrorCode code =
        errno == EACCES ? ErrorCode::permission_denied : ErrorCode::unavailable;
    return Error{code, "open the TPM", errno};
}

// tpm2-tss's way to the TPM, in memory of the size that it asks for.
class Transport {
public:
    TSS2_RC open(const tpm::Address& address) {
        const bool device = address.kind == tpm::Address::Kind::device;
        const auto init = device ? Tss2_Tcti_Device_Init : Tss2_Tcti_Swtpm_Init;
        const std::string setting = device ? address.path : "path=" + address.path;
        std::size_t size = 0;
        if (const TSS2_RC failed = init(nullptr, &size, nullptr)) return failed;
        memory_ = std::make_unique<std::byte[]>(size);
        const TSS2_RC result = init(get(), &size, setting.c_str());
        opened_ = result == TSS2_RC_SUCCESS;
        return result;
    }
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    ~Transport() {
        if (opened_) Tss2_Tcti_Finalize(get());
    }
    TSS2_TCTI_CONTEXT* get() { return reinterpret_cast<TSS2_TCTI_CONTEXT*>(memory_.get()); }

private:
    std::unique_ptr<std::byte[]> memory_;
    bool opened_ = false;
};

// A SENSITIVE_CREATE or such, wiped at its end.
template <class T>
struct Wiped {
    T value{};
    Wiped() = default;
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { sodium_memzero(&value, sizeof value); }
};

template <class Sized>
void copy_into(Sized& out, ByteView bytes) {
    out.size = static_cast<UINT16>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.buffer);
}

Result<std::array<std::uint8_t, 34>> name_of(ESYS_CONTEXT* esys, ESYS_TR key) {
    TPM2B_NAME* name = nullptr;
    NACRE_TRY(check("name the storage key", Esys_TR_GetName(esys, key, &name)));
    const Owned<TPM2B_NAME> owned{name};
    std::array<std::uint8_t, 34> out{};
    if (name->size != out.size()) return Error{ErrorCode::unsupported, "name the storage key"};
    std::copy_n(name->name, out.size(), out.begin());
    return out;
}

Result<Handle> persistent_key(ESYS_CONTEXT* esys, TPM2_HANDLE handle) {
    ESYS_TR key = ESYS_TR_NONE;
    if (Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key) !=
        TSS2_RC_SUCCESS) {
        return Error{ErrorCode::not_found, "find the TPM's storage root key"};
    }
    Handle owned{esys, key, true};
    TPM2B_PUBLIC* public_part = nullptr;
    NACRE_TRY(check("read the storage root key",
                    Esys_ReadPublic(esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public_part,
                                    nullptr, nullptr)));
    const Owned<TPM2B_PUBLIC> owned_part{public_part};
    if (!is_storage_key(*public_part)) {
        return Error{ErrorCode::unsupported, "use the TPM's storage root key"};
    }
    return owned;
}

Result<Handle> primary_key(ESYS_CONTEXT* esys) {
    const TPM2B_PUBLIC wanted = storage_key_template();
    const TPM2B_SENSITIVE_CREATE nothing{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_registers{};
    ESYS_TR key = ESYS_TR_NONE;
    NACRE_TRY(check("make the TPM's storage key",
                    Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &nothing, &wanted, &no_data, &no_registers, &key,
                                       nullptr, nullptr, nullptr, nullptr)));
    return Handle{esys, key};
}

// Salted to the key: whoever listens on the bus knows neither its HMACs' key nor its parameters'.
Result<Handle> session(ESYS_CONTEXT* esys, ESYS_TR key, TPM2_SE kind) {
    ESYS_TR made = ESYS_TR_NONE;
    NACRE_TRY(check("start a TPM session",
                    Esys_StartAuthSession(esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, nullptr, kind, &kSessionCipher, TPM2_ALG_SHA256,
                                          &made)));
    Handle owned{esys, made};
    constexpr TPMA_SESSION kWanted =
        TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
    if (kind != TPM2_SE_TRIAL) {
        NACRE_TRY(check("encrypt a TPM session", Esys_TRSess_SetAttributes(esys, made, kWanted, 0xff)));
    }
    return owned;
}

// Runs the policy in the session: these registers as they are now and, with a passphrase, its value.
Result<TPM2B_DIGEST> run_policy(ESYS_CONTEXT* esys, ESYS_TR policy, Registers registers, bool auth) {
    const TPML_PCR_SELECTION selection = selection_of(registers);
    const TPM2B_DIGEST as_they_are{};
    NACRE_TRY(check("bind a TPM session to registers",
                    Esys_PolicyPCR(esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &as_they_are,
                                   &selection)));
    if (auth) {
        NACRE_TRY(check("bind a TPM session to a passphrase",
                        Esys_PolicyAuthValue(esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE)));
    }
    TPM2B_DIGEST* digest = nullptr;
    NACRE_TRY(check("read a TPM session's policy",
                    Esys_PolicyGetDigest(esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest)));
    const Owned<TPM2B_DIGEST> owned{digest};
    return *digest;
}

bool same(const TPM2B_DIGEST& a, const TPM2B_DIGEST& b) {
    return equal({a.buffer, a.size}, {b.buffer, b.size});
}

}  // namespace

struct Tpm::Connection {
    Transport transport;
    ESYS_CONTEXT* esys = nullptr;

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { Esys_Finalize(&esys); }

    // The storage key for a new object: nacre's own primary, which needs nothing to be there, or,
    // where the owner has given the hierarchy a password, what stands at the usual place.
    Result<Handle> storage_key(std::uint32_t& parent) {
        parent = 0;
        auto primary = primary_key(esys);
        if (primary.ok() || primary.error().code != ErrorCode::unauthenticated) return primary;
        auto root = persistent_key(esys, kStorageRootKey);
        if (!root.ok() && root.error().code == ErrorCode::not_found) return primary.error();
        parent = kStorageRootKey;
        return root;
    }

    // That of a sealed object.
    Result<Handle> storage_key(const Sealed& sealed) {
        auto key = NACRE_TRY(sealed.parent == 0 ? primary_key(esys)
                                                : persistent_key(esys, sealed.parent));
        // Another one could only be somebody else's: it is also what the session is salted to.
        if (NACRE_TRY(name_of(esys, key.get())) == sealed.parent_name) return key;
        return Error{ErrorCode::not_found, "find the TPM's storage key again"};
    }

    Result<TPM2B_DIGEST> policy_of(Registers registers, bool auth) {
        const Handle trial = NACRE_TRY(session(esys, ESYS_TR_NONE, TPM2_SE_TRIAL));
        return run_policy(esys, trial.get(), registers, auth);
    }

    Result<Handle> load(const Sealed& sealed, const TPM2B_PUBLIC& public_part, const Handle& key) {
        const TPM2B_PRIVATE private_part = NACRE_TRY(parse_private(sealed.private_part));
        const Handle hmac = NACRE_TRY(session(esys, key.get(), TPM2_SE_HMAC));
        ESYS_TR object = ESYS_TR_NONE;
        const auto loaded = check("load a sealed secret",
                                  Esys_Load(esys, key.get(), hmac.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                            &private_part, &public_part, &object));
        if (loaded.ok()) return Handle{esys, object};
        // Whatever the TPM finds wrong with it, the key is the right one and gave it out.
        const bool itself = loaded.error().code == ErrorCode::io_failed;
        return Error{itself ? ErrorCode::bad_message : loaded.error().code, loaded.error().where,
                     loaded.error().os_error};
    }
};

Tpm::Tpm(std::unique_ptr<Connection> connection) : connection_{std::move(connection)} {}
Tpm::Tpm(Tpm&&) noexcept = default;
Tpm::~Tpm() = default;

Result<Tpm> Tpm::connect(const tpm::Address& address) {
    NACRE_TRY(may_open(address));
    auto connection = std::make_unique<Connection>();
    const TSS2_RC opened = connection->transport.open(address);
    if (opened != TSS2_RC_SUCCESS) {
        return Error{ErrorCode::unavailable, "open the TPM", static_cast<int>(opened)};
    }
    NACRE_TRY(check("talk to the TPM",
                    Esys_Initialize(&connection->esys, connection->transport.get(), nullptr)));
    return Tpm{std::move(connection)};
}

Result<Registers> Tpm::blank(Registers registers) {
    Registers left = registers;
    Registers blank = 0;
    while (left != 0) {
        const TPML_PCR_SELECTION wanted = selection_of(left);
        TPML_PCR_SELECTION* read = nullptr;
        TPML_DIGEST* values = nullptr;
        NACRE_TRY(check("read the TPM's registers",
                        Esys_PCR_Read(connection_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &wanted, nullptr, &read, &values)));
        const Owned<TPML_PCR_SELECTION> owned_read{read};
        const Owned<TPML_DIGEST> owned_values{values};
        // At most eight a call; none: the bank is off, and a policy would bind to nothing.
        if (read->count == 0 || values->count == 0) {
            return Error{ErrorCode::unsupported, "read the TPM's SHA-256 registers"};
        }
        for (UINT32 at = 0; at < values->count && left != 0; ++at) {
            const auto number = std::countr_zero(left);
            const TPM2B_DIGEST& value = values->digests[at];
            if (sodium_is_zero(value.buffer, value.size) == 1) blank |= 1U << number;
            left &= left - 1;
        }
    }
    return blank;
}

Result<Sealed> Tpm::seal(const Secret<32>& secret, Registers registers, const Secret<32>* auth) {
    ESYS_CONTEXT* const esys = connection_->esys;
    Sealed sealed;
    const Handle key = NACRE_TRY(connection_->storage_key(sealed.parent));
    sealed.parent_name = NACRE_TRY(name_of(esys, key.get()));
    const auto policy = NACRE_TRY(connection_->policy_of(registers, auth != nullptr));
    const Handle hmac = NACRE_TRY(session(esys, key.get(), TPM2_SE_HMAC));
    Wiped<TPM2B_SENSITIVE_CREATE> content;
    copy_into(content.value.sensitive.data, secret.view());
    if (auth != nullptr) copy_into(content.value.sensitive.userAuth, auth->view());
    const TPM2B_PUBLIC wanted = sealed_template(policy, auth != nullptr);
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_registers{};
    TPM2B_PRIVATE* private_part = nullptr;
    TPM2B_PUBLIC* public_part = nullptr;
    NACRE_TRY(check("seal a secret",
                    Esys_Create(esys, key.get(), hmac.get(), ESYS_TR_NONE, ESYS_TR_NONE, &content.value,
                                &wanted, &no_data, &no_registers, &private_part, &public_part, nullptr,
                                nullptr, nullptr)));
    const Owned<TPM2B_PRIVATE> owned_private{private_part};
    const Owned<TPM2B_PUBLIC> owned_public{public_part};
    sealed.public_part = NACRE_TRY(to_bytes(*public_part));
    sealed.private_part = NACRE_TRY(to_bytes(*private_part));
    return sealed;
}

Result<Secret<32>> Tpm::unseal(const Sealed& sealed, Registers registers, const Secret<32>* auth) {
    ESYS_CONTEXT* const esys = connection_->esys;
    const TPM2B_PUBLIC public_part = NACRE_TRY(parse_public(sealed.public_part));
    const Handle key = NACRE_TRY(connection_->storage_key(sealed));
    const Handle object = NACRE_TRY(connection_->load(sealed, public_part, key));
    const Handle policy = NACRE_TRY(session(esys, key.get(), TPM2_SE_POLICY));
    const auto digest = NACRE_TRY(run_policy(esys, policy.get(), registers, auth != nullptr));
    if (!same(digest, public_part.publicArea.authPolicy)) {
        return Error{ErrorCode::environment_changed, "satisfy a sealed secret's policy"};
    }
    if (auth != nullptr) {
        Wiped<TPM2B_AUTH> value;
        copy_into(value.value, auth->view());
        NACRE_TRY(check("show a passphrase", Esys_TR_SetAuth(esys, object.get(), &value.value)));
    }
    TPM2B_SENSITIVE_DATA* data = nullptr;
    NACRE_TRY(check("unseal a secret",
                    Esys_Unseal(esys, object.get(), policy.get(), ESYS_TR_NONE, ESYS_TR_NONE, &data)));
    const Owned<TPM2B_SENSITIVE_DATA> owned{data};
    if (data->size != 32) return Error{ErrorCode::bad_message, "unseal a secret"};
    auto secret = Secret<32>::from(std::span<const std::uint8_t, 32>{data->buffer, 32});
    sodium_memzero(data->buffer, sizeof data->buffer);
    return secret;
}

}  // namespace nacre::slot
