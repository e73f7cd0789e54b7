// vault_keys: the keys of a vault, from its header and its passphrase, for those who must know what
// to look for. A program of the tests.
//
//   vault_keys HEADER <passphrase    prints "NAME HEX" a line
#include <cstdio>
#include <string>

#include "sandbox/secret.h"
#include "vault/header.h"
#include "vault/kdf.h"
#include "vault/slot.h"
#include "vault/subkey.h"

namespace nacre::vault {
namespace {

void print(const char* name, const Secret<32>& key) {
    std::printf("%s %s\n", name, to_hex(key.view()).c_str());
}

Result<void> print_keys(const std::filesystem::path& file) {
    const auto passphrase = NACRE_TRY(Passphrase::receive(0));
    const auto copies = NACRE_TRY(read_header(file));
    const Header& header = copies.front().header;
    const auto wrapping_key = NACRE_TRY(derive_key(passphrase, header.salt, header.kdf));
    const auto slot = NACRE_TRY(
        unwrap(header.slots, header.vault_id, header.public_key, wrapping_key));
    print("vault_key", slot.content);
    print("wrapping_key", wrapping_key);
    print("slot_private_key", slot.private_key);
    print("database_key", NACRE_TRY(derive_subkey(slot.content, Purpose::database)));
    print("header_key", NACRE_TRY(derive_subkey(slot.content, Purpose::header)));
    print("blobs_key", NACRE_TRY(derive_subkey(slot.content, Purpose::blobs)));
    print("backups_key", NACRE_TRY(derive_subkey(slot.content, Purpose::backups)));
    print("slots_key", NACRE_TRY(derive_subkey(slot.content, Purpose::slots)));
    return {};
}

}  // namespace
}  // namespace nacre::vault

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const auto printed = nacre::vault::print_keys(argv[1]);
    if (printed.ok()) return 0;
    std::fprintf(stderr, "vault_keys: error %d\n", static_cast<int>(printed.error().code));
    return 1;
}
