#include "api/tpm/slot_file.h"

#include <sodium.h>

#include <algorithm>
#include <string_view>

#include "api/tpm/little_endian.h"

namespace nacre::tpm {
namespace {

constexpr std::string_view kMagic{"nacre.tpm\r\n\x1a\n\0\0\0", 16};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kWithPassphrase = 1;
constexpr std::uint32_t kNoSlot = 0xffffffff;
constexpr std::uint32_t kSlots = 16;

constexpr std::size_t kVersionAt = 16;
constexpr std::size_t kFlagsAt = 20;
constexpr std::size_t kRegistersAt = 24;
constexpr std::size_t kSlotAt = 28;
constexpr std::size_t kParentAt = 32;
constexpr std::size_t kCostsAt = 36;
constexpr std::size_t kSaltAt = 48;
constexpr std::size_t kNameAt = 80;
constexpr std::size_t kPublicSizeAt = 114;
constexpr std::size_t kPrivateSizeAt = 116;
constexpr std::size_t kPartsAt = 118;
constexpr std::size_t kChecksumSize = 32;
static_assert(kPartsAt + kMostPublicBytes + kMostPrivateBytes + kChecksumSize == kMostFileBytes);

// Where the owner hierarchy's persistent objects are.
constexpr std::uint32_t kFirstPersistent = 0x81000000;
constexpr std::uint32_t kLastPersistent = 0x817fffff;

using Checksum = std::array<std::uint8_t, kChecksumSize>;

Checksum checksum(ByteView bytes) {
    Checksum sum{};
    crypto_generichash(sum.data(), sum.size(), bytes.data(), bytes.size(), nullptr, 0);
    return sum;
}

Error damaged() { return {ErrorCode::bad_message, "read a TPM slot's file"}; }

std::uint32_t word(ByteView bytes, std::size_t at) { return get(bytes.subspan(at, 4)); }

// Sizes, and the checksum over them. The version is judged in between: of a newer file nothing else
// is known but that the checksum ends it.
Result<void> check_frame(ByteView bytes) {
    if (bytes.size() < kPartsAt + kChecksumSize || bytes.size() > kMostFileBytes ||
        !equal(bytes.first(kMagic.size()), as_bytes(kMagic))) {
        return damaged();
    }
    const ByteView content = bytes.first(bytes.size() - kChecksumSize);
    if (!equal(checksum(content), bytes.last(kChecksumSize))) return damaged();
    if (word(bytes, kVersionAt) > kVersion) {
        return Error{ErrorCode::vault_too_new, "read a TPM slot's file"};
    }
    const std::size_t public_size = get(bytes.subspan(kPublicSizeAt, 2));
    const std::size_t private_size = get(bytes.subspan(kPrivateSizeAt, 2));
    const bool fits = public_size > 0 && public_size <= kMostPublicBytes && private_size > 0 &&
                      private_size <= kMostPrivateBytes &&
                      content.size() == kPartsAt + public_size + private_size;
    if (!fits || word(bytes, kVersionAt) != kVersion) return damaged();
    return {};
}

Result<std::optional<Stretch>> read_stretch(ByteView bytes) {
    const std::uint32_t flags = word(bytes, kFlagsAt);
    const ByteView field = bytes.subspan(kCostsAt, kNameAt - kCostsAt);
    if (flags == 0 && sodium_is_zero(field.data(), field.size()) == 1) {
        return std::optional<Stretch>{};
    }
    if (flags != kWithPassphrase) return damaged();
    Stretch stretch{word(bytes, kCostsAt), word(bytes, kCostsAt + 4), word(bytes, kCostsAt + 8), {}};
    std::copy_n(bytes.begin() + kSaltAt, stretch.salt.size(), stretch.salt.begin());
    return std::optional{stretch};
}

}  // namespace

Bytes serialize(const SlotFile& file) {
    const Stretch stretch = file.stretch.value_or(Stretch{});
    Bytes out = to_bytes(kMagic);
    put(out, kVersion, 4);
    put(out, file.stretch ? kWithPassphrase : 0, 4);
    put(out, file.registers, 4);
    put(out, file.slot.value_or(kNoSlot), 4);
    put(out, file.sealed.parent, 4);
    for (const std::uint32_t cost : {stretch.memory_kib, stretch.passes, stretch.lanes}) {
        put(out, cost, 4);
    }
    put(out, stretch.salt);
    put(out, file.sealed.parent_name);
    put(out, static_cast<std::uint32_t>(file.sealed.public_part.size()), 2);
    put(out, static_cast<std::uint32_t>(file.sealed.private_part.size()), 2);
    put(out, file.sealed.public_part);
    put(out, file.sealed.private_part);
    const Checksum sum = checksum(out);
    put(out, sum);
    return out;
}

Result<SlotFile> parse_slot_file(ByteView bytes) {
    NACRE_TRY(check_frame(bytes));
    SlotFile file;
    file.stretch = NACRE_TRY(read_stretch(bytes));
    file.registers = word(bytes, kRegistersAt);
    if (file.registers == 0 || (file.registers & ~kAllRegisters) != 0) return damaged();
    const std::uint32_t slot = word(bytes, kSlotAt);
    if (slot != kNoSlot) file.slot = slot;
    file.sealed.parent = word(bytes, kParentAt);
    const bool parent_fits =
        file.sealed.parent == 0 ||
        (file.sealed.parent >= kFirstPersistent && file.sealed.parent <= kLastPersistent);
    if (!parent_fits || (slot != kNoSlot && slot >= kSlots)) return damaged();
    std::copy_n(bytes.begin() + kNameAt, file.sealed.parent_name.size(),
                file.sealed.parent_name.begin());
    const std::size_t public_size = get(bytes.subspan(kPublicSizeAt, 2));
    const std::size_t private_size = get(bytes.subspan(kPrivateSizeAt, 2));
    file.sealed.public_part = to_bytes(bytes.subspan(kPartsAt, public_size));
    file.sealed.private_part = to_bytes(bytes.subspan(kPartsAt + public_size, private_size));
    return file;
}

}  // namespace nacre::tpm
