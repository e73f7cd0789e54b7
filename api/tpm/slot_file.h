// SlotFile: what a TPM slot leaves on the disk: its secret, sealed by the TPM, and what it takes to
// ask for it. Worth nothing without that TPM.
//
// Layer:   api/tpm. The command keeps the file, nacre-slot makes and uses what stands in it.
// Secrets: none in the clear. The file is no authority: whoever changes it gets another secret or
//          none, which opens no slot.
// Errors:  bad_message: damaged; vault_too_new: a newer nacre's.
// Threads: values and stateless functions.
// Format:  vault/FORMAT.md, section 11.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::tpm {

inline constexpr std::size_t kMostPublicBytes = 512;
inline constexpr std::size_t kMostPrivateBytes = 1024;
inline constexpr std::size_t kMostFileBytes = 118 + kMostPublicBytes + kMostPrivateBytes + 32;

// Platform configuration registers of the SHA-256 bank, a bit each. Only those that no program can
// reset: 0 to 15.
using Registers = std::uint32_t;
inline constexpr Registers kAllRegisters = 0xffff;
inline constexpr Registers kDefaultRegisters = 1U << 7;  // who signed what was booted

// Argon2id's costs and salt for the passphrase that goes with the TPM.
struct Stretch {
    std::uint32_t memory_kib = 0;
    std::uint32_t passes = 0;
    std::uint32_t lanes = 0;
    std::array<std::uint8_t, 32> salt{};
    bool operator==(const Stretch&) const = default;
};

// An object as the TPM gave it out, and the key above it.
struct Sealed {
    std::uint32_t parent = 0;  // a persistent handle; 0: the primary key of nacre's template
    std::array<std::uint8_t, 34> parent_name{};  // hash of the key's public part: another TPM has another
    Bytes public_part;
    Bytes private_part;
    bool operator==(const Sealed&) const = default;
};

struct SlotFile {
    Registers registers = 0;
    std::optional<std::uint32_t> slot;  // 0 to 15; none: not known yet
    std::optional<Stretch> stretch;     // a passphrase is needed as well
    Sealed sealed;
    bool operator==(const SlotFile&) const = default;
};

Bytes serialize(const SlotFile& file);
Result<SlotFile> parse_slot_file(ByteView bytes);

}  // namespace nacre::tpm
