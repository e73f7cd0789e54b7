#include "vault/header.h"

#include <sodium.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <string_view>

#include "vault/file.h"

namespace nacre::vault {
namespace {

using namespace std::string_view_literals;

// vault/FORMAT.md, section 1.
constexpr std::string_view kMagic = "nacre.vault\r\n\x1a\n\0"sv;
constexpr std::size_t kVersionAt = 16;
constexpr std::size_t kGenerationAt = 24;
constexpr std::size_t kVaultIdAt = 32;
constexpr std::size_t kKdfAt = 48;
constexpr std::size_t kSaltAt = 64;
constexpr std::size_t kPublicKeyAt = 96;
constexpr std::size_t kSlotsAt = 128;
constexpr std::size_t kDirectoryAt = 2176;
constexpr std::size_t kMacAt = 4032;
constexpr std::size_t kChecksumAt = 4064;
constexpr std::uint32_t kArgon2id = 1;
static_assert(kMagic.size() == kVersionAt);
static_assert(kChecksumAt + 32 == kHeaderCopySize);
static_assert(kSlotsAt + kSlotCount * kSlotSize == kDirectoryAt);
static_assert(kDirectoryAt + kDirectorySize == kMacAt);

void put32(HeaderPage& page, std::size_t at, std::uint32_t value) {
    for (int byte = 0; byte < 4; ++byte) page[at + byte] = static_cast<std::uint8_t>(value >> (8 * byte));
}

void put64(HeaderPage& page, std::size_t at, std::uint64_t value) {
    put32(page, at, static_cast<std::uint32_t>(value));
    put32(page, at + 4, static_cast<std::uint32_t>(value >> 32));
}

std::uint32_t get32(ByteView page, std::size_t at) {
    std::uint32_t value = 0;
    for (int byte = 3; byte >= 0; --byte) value = value << 8 | page[at + byte];
    return value;
}

std::uint64_t get64(ByteView page, std::size_t at) {
    return get32(page, at) | static_cast<std::uint64_t>(get32(page, at + 4)) << 32;
}

template <std::size_t N>
void put(HeaderPage& page, std::size_t at, const std::array<std::uint8_t, N>& bytes) {
    std::copy(bytes.begin(), bytes.end(), page.begin() + static_cast<std::ptrdiff_t>(at));
}

template <std::size_t N>
void get(ByteView page, std::size_t at, std::array<std::uint8_t, N>& bytes) {
    std::copy_n(page.begin() + static_cast<std::ptrdiff_t>(at), N, bytes.begin());
}

// Everything but MAC and checksum.
HeaderPage lay_out(const Header& header) {
    HeaderPage page{};
    std::copy(kMagic.begin(), kMagic.end(), page.begin());
    put32(page, kVersionAt, header.version);
    put64(page, kGenerationAt, header.generation);
    put(page, kVaultIdAt, header.vault_id);
    put32(page, kKdfAt, kArgon2id);
    put32(page, kKdfAt + 4, header.kdf.memory_kib);
    put32(page, kKdfAt + 8, header.kdf.passes);
    put32(page, kKdfAt + 12, header.kdf.lanes);
    put(page, kSaltAt, header.salt);
    for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
        put(page, kSlotsAt + slot * kSlotSize, header.slots[slot]);
    }
    if (header.version >= 2) {
        put(page, kPublicKeyAt, header.public_key);
        put(page, kDirectoryAt, header.directory);
    }
    return page;
}

using Digest = std::array<std::uint8_t, 32>;

Digest mac_of(const HeaderPage& page, const Secret<32>& key) {
    Digest mac;
    crypto_generichash(mac.data(), mac.size(), page.data(), kMacAt, key.view().data(),
                       key.view().size());
    return mac;
}

Digest checksum_of(ByteView page) {
    Digest checksum;
    crypto_generichash(checksum.data(), checksum.size(), page.data(), kChecksumAt, nullptr, 0);
    return checksum;
}

// Puts random bytes over everything in a copy that could lead to the vault key.
void destroy_copy(HeaderPage& page) {
    const auto header = parse_header(page);
    const auto over = [&page](std::size_t from, std::size_t to) {
        fill_with_random(std::span{page}.subspan(from, to - from));
    };
    if (!header.ok()) return over(kSaltAt, kChecksumAt);
    over(kSaltAt, kPublicKeyAt);
    over(kSlotsAt, kDirectoryAt);
    if (header->version >= 2) over(kPublicKeyAt, kSlotsAt);
    if (header->version >= 2) over(kDirectoryAt, kMacAt);
    over(kMacAt, kChecksumAt);
    set_checksum(page);
}

// Headers that were destroyed by this process, so that a change of slots or an opening that is under
// way does not bring them back. Held while a header is written.
struct Destroyed {
    std::mutex mutex;
    std::set<std::filesystem::path> headers;
};

Destroyed& destroyed() {
    static auto* const the_destroyed = new Destroyed;  // outlives every thread
    return *the_destroyed;
}

Error damaged() { return {ErrorCode::vault_damaged, "read the vault header"}; }

}  // namespace

HeaderPage serialize(const Header& header, const Secret<32>& header_key) {
    HeaderPage page = lay_out(header);
    put(page, kMacAt, mac_of(page, header_key));
    set_checksum(page);
    return page;
}

void set_checksum(HeaderPage& page) { put(page, kChecksumAt, checksum_of(page)); }

Result<Header> parse_header(ByteView page) {
    if (page.size() != kHeaderCopySize) return damaged();
    if (!equal(page.first(kMagic.size()), as_bytes(kMagic))) return damaged();
    if (!equal(page.subspan(kChecksumAt), checksum_of(page))) return damaged();
    const std::uint32_t version = get32(page, kVersionAt);
    if (version > kHeaderVersion) return Error{ErrorCode::vault_too_new, "read the vault header"};
    if (version == 0) return damaged();
    Header header;
    header.version = version;
    header.generation = get64(page, kGenerationAt);
    get(page, kVaultIdAt, header.vault_id);
    header.kdf = {get32(page, kKdfAt + 4), get32(page, kKdfAt + 8), get32(page, kKdfAt + 12)};
    get(page, kSaltAt, header.salt);
    for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
        get(page, kSlotsAt + slot * kSlotSize, header.slots[slot]);
    }
    if (version >= 2) {
        get(page, kPublicKeyAt, header.public_key);
        get(page, kDirectoryAt, header.directory);
    }
    get(page, kMacAt, header.mac);
    // Version, algorithm and all padding at once: whatever was not read must be what we write. This
    // also makes sure that is_authentic sees every byte.
    const HeaderPage again = lay_out(header);
    if (!equal(page.first(kMacAt), ByteView{again}.first(kMacAt))) return damaged();
    return header;
}

bool is_authentic(const Header& header, const Secret<32>& header_key) {
    return equal_in_constant_time(header.mac, mac_of(lay_out(header), header_key));
}

Result<std::vector<HeaderCopy>> read_header(const std::filesystem::path& path) {
    const auto file = File::open(path, File::How::read);
    if (!file.ok() && file.error().code == ErrorCode::not_found) {
        return Error{ErrorCode::no_vault, "open the vault header"};
    }
    if (!file.ok()) return file.error();
    std::vector<HeaderCopy> copies;
    for (const std::size_t position : {0, 1}) {
        const Bytes page =
            NACRE_TRY(file->read_at(position * kHeaderCopySize, kHeaderCopySize));
        const auto header = parse_header(page);
        if (header.ok()) {
            copies.push_back({*header, position});
        } else if (header.error().code == ErrorCode::vault_too_new) {
            return header.error();
        }
    }
    if (copies.empty()) return damaged();
    if (copies.size() == 2) {
        if (copies[0].header == copies[1].header) {
            copies.pop_back();
        } else if (copies[1].header.generation > copies[0].header.generation) {
            std::swap(copies[0], copies[1]);
        }
    }
    return copies;
}

Result<void> create_header(const std::filesystem::path& path, const HeaderPage& page) {
    const File file = NACRE_TRY(File::open(path, File::How::make));
    NACRE_TRY(file.write_at(0, page));
    NACRE_TRY(file.write_at(kHeaderCopySize, page));
    return file.sync();
}

Result<void> write_header(const std::filesystem::path& path, const HeaderPage& page,
                          std::size_t kept) {
    Destroyed& gone = destroyed();
    const std::lock_guard lock{gone.mutex};
    if (gone.headers.contains(path.lexically_normal())) {
        return Error{ErrorCode::canceled, "write a header that was destroyed"};
    }
    const File file = NACRE_TRY(File::open(path, File::How::overwrite));
    const std::size_t spare = 1 - kept;
    NACRE_TRY(file.write_at(spare * kHeaderCopySize, page));
    NACRE_TRY(file.sync());
    NACRE_TRY(file.write_at(kept * kHeaderCopySize, page));
    return file.sync();
}

Result<void> destroy_slots(const std::filesystem::path& folder) {
    const auto path = folder / "vault.header";
    Destroyed& gone = destroyed();
    const std::lock_guard lock{gone.mutex};
    gone.headers.insert(path.lexically_normal());
    const auto file = File::open(path, File::How::overwrite);
    if (!file.ok() && file.error().code == ErrorCode::not_found) {
        return Error{ErrorCode::no_vault, "open the vault header"};
    }
    if (!file.ok()) return file.error();
    Result<void> outcome;
    for (const std::size_t position : {0, 1}) {
        HeaderPage page{};
        // What cannot be read is destroyed all the same, and the other copy whatever happens to this.
        const auto bytes = file->read_at(position * kHeaderCopySize, kHeaderCopySize);
        if (bytes.ok()) std::copy(bytes->begin(), bytes->end(), page.begin());
        destroy_copy(page);
        auto done = file->write_at(position * kHeaderCopySize, page);
        if (done.ok()) done = file->sync();
        if (!done.ok()) outcome = done;
    }
    return outcome;
}

}  // namespace nacre::vault
