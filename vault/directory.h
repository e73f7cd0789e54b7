// Directory: what the owner is told of the slots, and what writing them anew takes: type, label,
// public key of each used one. It stands in the header, encrypted under a subkey, so that slots and
// list change together, and a thief does not learn how many there are.
//
// Layer:   vault.
// Secrets: borrows the directory's subkey. Labels and public keys are kept from thieves, but are no
//          keys: they stand in ordinary memory.
// Errors:  vault_damaged; resource_exhausted (arena full).
// Threads: values and stateless functions.
// Format:  vault/FORMAT.md, section 3.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/secret.h"
#include "vault/slot.h"

namespace nacre::vault {

inline constexpr std::size_t kDirectorySize = 1856;
inline constexpr std::size_t kMostLabelBytes = 32;

using SealedDirectory = std::array<std::uint8_t, kDirectorySize>;
// A client's token, as the table `client` has it.
using TokenHash = std::array<std::uint8_t, 32>;

struct SlotEntry {
    SlotType type = SlotType::passphrase;
    std::string label;  // UTF-8
    std::int64_t created_ms = 0;
    PublicKey public_key{};
    TokenHash token{};  // of a duress slot: the client that the empty vault shall know
    bool operator==(const SlotEntry&) const = default;
};

struct Directory {
    std::array<std::optional<SlotEntry>, kSlotCount> entries;
    // The database is being made anew, empty: if it does not open, that was cut short.
    bool database_pending = false;

    std::size_t used() const;
    // Slots that lead to the vault.
    std::size_t usable() const;
    std::optional<std::size_t> free_place() const;
    bool operator==(const Directory&) const = default;
};

Result<SealedDirectory> seal_directory(const Directory& directory, const VaultId& vault,
                                       const Secret<32>& key);
Result<Directory> open_directory(const SealedDirectory& sealed, const VaultId& vault,
                                 const Secret<32>& key);

// What stands inside, for open_directory and the fuzzer.
Result<Directory> parse_directory(ByteView plain);

}  // namespace nacre::vault
