#include "vault/directory.h"

#include <sodium.h>

#include <algorithm>

namespace nacre::vault {
namespace {

constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kPlainSize = kDirectorySize - kNonceSize - kTagSize;

// An entry.
constexpr std::size_t kEntrySize = 112;
constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kCreatedAt = 8;
constexpr std::size_t kPublicKeyAt = 16;
constexpr std::size_t kTokenAt = 48;
constexpr std::size_t kLabelAt = 80;
static_assert(kLabelAt + kMostLabelBytes == kEntrySize);
constexpr std::size_t kFlagsAt = kSlotCount * kEntrySize;
constexpr std::uint32_t kDatabasePending = 1;
static_assert(kFlagsAt + 24 == kPlainSize);

constexpr std::string_view kLabel = "nacre slots v2";

using Plain = std::array<std::uint8_t, kPlainSize>;

void put(std::span<std::uint8_t> out, std::uint64_t value) {
    for (std::size_t byte = 0; byte < out.size(); ++byte) {
        out[byte] = static_cast<std::uint8_t>(value >> (8 * byte));
    }
}

std::uint64_t get(ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t byte = bytes.size(); byte-- > 0;) value = value << 8 | bytes[byte];
    return value;
}

std::array<std::uint8_t, kLabel.size() + kVaultIdSize> bound_to(const VaultId& vault) {
    std::array<std::uint8_t, kLabel.size() + kVaultIdSize> bytes{};
    std::copy(kLabel.begin(), kLabel.end(), bytes.begin());
    std::copy(vault.begin(), vault.end(), bytes.begin() + kLabel.size());
    return bytes;
}

void write_entry(std::span<std::uint8_t> out, const SlotEntry& entry) {
    put(out.first(4), static_cast<std::uint32_t>(entry.type));
    put(out.subspan(kLengthAt, 4), entry.label.size());
    put(out.subspan(kCreatedAt, 8), static_cast<std::uint64_t>(entry.created_ms));
    std::copy(entry.public_key.begin(), entry.public_key.end(), out.begin() + kPublicKeyAt);
    std::copy(entry.token.begin(), entry.token.end(), out.begin() + kTokenAt);
    std::copy(entry.label.begin(), entry.label.end(), out.begin() + kLabelAt);
}

Result<std::optional<SlotEntry>> read_entry(ByteView bytes) {
    const std::uint64_t type = get(bytes.first(4));
    if (type == 0) return std::optional<SlotEntry>{};
    if (type > kNewestSlotType) return Error{ErrorCode::vault_too_new, "read the slots' directory"};
    const std::uint64_t length = get(bytes.subspan(kLengthAt, 4));
    if (length > kMostLabelBytes) {
        return Error{ErrorCode::vault_damaged, "read the slots' directory"};
    }
    SlotEntry entry;
    entry.type = static_cast<SlotType>(type);
    entry.created_ms = static_cast<std::int64_t>(get(bytes.subspan(kCreatedAt, 8)));
    std::copy_n(bytes.begin() + kPublicKeyAt, entry.public_key.size(), entry.public_key.begin());
    std::copy_n(bytes.begin() + kTokenAt, entry.token.size(), entry.token.begin());
    entry.label = as_text(bytes.subspan(kLabelAt, length));
    return std::optional{std::move(entry)};
}

}  // namespace

std::size_t Directory::used() const {
    return static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e.has_value(); }));
}

std::size_t Directory::usable() const {
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), [](const auto& e) {
        return e && e->type != SlotType::duress;
    }));
}

// Any of the free ones, so that the place tells nothing about the order in which they were filled.
std::optional<std::size_t> Directory::free_place() const {
    std::array<std::uint8_t, 1> random{};
    fill_with_random(random);
    for (std::size_t step = 0; step < kSlotCount; ++step) {
        const std::size_t place = (random[0] + step) % kSlotCount;
        if (!entries[place]) return place;
    }
    return std::nullopt;
}

Result<SealedDirectory> seal_directory(const Directory& directory, const VaultId& vault,
                                       const Secret<32>& key) {
    Plain plain{};
    const std::span<std::uint8_t> out{plain};
    for (std::size_t at = 0; at < kSlotCount; ++at) {
        const auto& entry = directory.entries[at];
        if (!entry) continue;
        if (entry->label.size() > kMostLabelBytes) {
            return Error{ErrorCode::invalid_argument, "label a slot"};
        }
        write_entry(out.subspan(at * kEntrySize, kEntrySize), *entry);
    }
    put(out.subspan(kFlagsAt, 4), directory.database_pending ? kDatabasePending : 0);
    SealedDirectory sealed{};
    fill_with_random(std::span{sealed}.first(kNonceSize));
    const auto bound = bound_to(vault);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonceSize, nullptr, plain.data(),
                                               plain.size(), bound.data(), bound.size(), nullptr,
                                               sealed.data(), key.view().data());
    sodium_memzero(plain.data(), plain.size());
    return sealed;
}

Result<Directory> open_directory(const SealedDirectory& sealed, const VaultId& vault,
                                 const Secret<32>& key) {
    Plain plain{};
    const auto bound = bound_to(vault);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain.data(), nullptr, nullptr, sealed.data() + kNonceSize, sealed.size() - kNonceSize,
            bound.data(), bound.size(), sealed.data(), key.view().data()) != 0) {
        return Error{ErrorCode::vault_damaged, "open the slots' directory"};
    }
    auto directory = parse_directory(plain);
    sodium_memzero(plain.data(), plain.size());
    return directory;
}

Result<Directory> parse_directory(ByteView plain) {
    if (plain.size() != kPlainSize) {
        return Error{ErrorCode::vault_damaged, "read the slots' directory"};
    }
    Directory directory;
    for (std::size_t at = 0; at < kSlotCount; ++at) {
        directory.entries[at] = NACRE_TRY(read_entry(plain.subspan(at * kEntrySize, kEntrySize)));
    }
    const std::uint64_t flags = get(plain.subspan(kFlagsAt, 4));
    const ByteView rest = plain.subspan(kFlagsAt + 4);
    if (flags > kDatabasePending || sodium_is_zero(rest.data(), rest.size()) != 1) {
        return Error{ErrorCode::vault_too_new, "read the slots' directory"};
    }
    directory.database_pending = flags == kDatabasePending;
    return directory;
}

}  // namespace nacre::vault
