// Header: <state>/vault.header, what is needed to get from a passphrase to the vault key. Two equal
// copies stand in the one file, so that a write cut in the middle leaves one whole.
//
// Layer:   vault.
// Secrets: none in the clear; slots are ciphertext. Borrows the header subkey to authenticate.
// Errors:  no_vault (no file), vault_damaged, vault_too_new, os_error codes of the file.
// Threads: stateless; one writer at a time, which holds the vault's lock.
// Format:  vault/FORMAT.md, section 1.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"
#include "vault/directory.h"
#include "vault/kdf.h"
#include "vault/slot.h"

namespace nacre::vault {

inline constexpr std::uint32_t kHeaderVersion = 2;
inline constexpr std::size_t kHeaderCopySize = 4096;

struct Header {
    // 1: without public key and directory, and with other slots (slot_v1.h); only read.
    std::uint32_t version = kHeaderVersion;
    VaultId vault_id{};
    std::uint64_t generation = 0;
    KdfParameters kdf;
    std::array<std::uint8_t, kSaltSize> salt{};
    // The public half of the pair that the slots' contents are encrypted for.
    PublicKey public_key{};
    Slots slots{};
    SealedDirectory directory{};
    // BLAKE2b under the header subkey; meaningful in a header that was read.
    std::array<std::uint8_t, 32> mac{};
    bool operator==(const Header&) const = default;
};

using HeaderPage = std::array<std::uint8_t, kHeaderCopySize>;

// One copy, authenticated and with its checksum.
HeaderPage serialize(const Header& header, const Secret<32>& header_key);

// Puts the checksum over what stands in `page`.
void set_checksum(HeaderPage& page);

// Judges hostile bytes: exact size, magic, checksum, version, zero padding. The KDF's parameters
// are judged by check(KdfParameters), the MAC by is_authentic, when there is a key.
Result<Header> parse_header(ByteView page);

// In constant time.
bool is_authentic(const Header& header, const Secret<32>& header_key);

// One of the two copies in the file, and which.
struct HeaderCopy {
    Header header;
    std::size_t position;  // 0 or 1
};

// The readable copies, newest first; the same twice is told once. vault_damaged when none is
// readable, vault_too_new when one is of a newer nacre, no_vault without a file.
Result<std::vector<HeaderCopy>> read_header(const std::filesystem::path& file);

// A new file with two copies, synced; its folder is not. already_exists.
Result<void> create_header(const std::filesystem::path& file, const HeaderPage& page);

// Overwrites both copies, synced one by one, and `kept` as the second: until the other is durable
// the good one is not touched. Stops at the first failure.
Result<void> write_header(const std::filesystem::path& file, const HeaderPage& page,
                          std::size_t kept);

// Overwrites salt, slots and directory of both copies in `folder` with random bytes, durably: after
// that no secret opens this vault any more. For panic; needs no key and takes no lock of the vault,
// so it works beside an open one. This process never writes that header again (write_header:
// canceled), so a change of slots under way does not bring it back; it should end, as it still has
// the key. Does as much as the disk lets it; the last failure if any.
Result<void> destroy_slots(const std::filesystem::path& folder);

}  // namespace nacre::vault
