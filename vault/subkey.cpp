#include "vault/subkey.h"

#include <sodium.h>

namespace nacre::vault {
namespace {

static_assert(crypto_kdf_KEYBYTES == 32);
static_assert(crypto_kdf_CONTEXTBYTES == 8);

const char* context_of(Purpose purpose) {
    switch (purpose) {
        case Purpose::database: return "nacre-db";
        case Purpose::header: return "nacrehdr";
        case Purpose::blobs: return "nacreblb";
        case Purpose::backups: return "nacrebak";
        case Purpose::slots: return "nacreslt";
    }
    std::abort();
}

}  // namespace

Result<Secret<32>> derive_subkey(const Secret<32>& vault_key, Purpose purpose) {
    auto subkey = NACRE_TRY(Secret<32>::zeroed());
    if (crypto_kdf_derive_from_key(subkey.span().data(), subkey.span().size(), 1,
                                   context_of(purpose), vault_key.view().data()) != 0) {
        return Error{ErrorCode::internal, "derive a subkey"};
    }
    return subkey;
}

}  // namespace nacre::vault
