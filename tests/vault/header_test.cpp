#include "vault/header.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/support/fixed_entropy.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/files.h"
#include "vault/file.h"
#include "vault/slot_v1.h"
#include "vault/subkey.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::TempDir;

struct Sample {
    Header header;
    Secret<32> key = *Secret<32>::random();

    Sample() {
        header.generation = 0x0102030405060708;
        header.kdf = {8192, 1, 1};
        fill_with_random(header.vault_id);
        fill_with_random(header.salt);
        clear_slots(header.slots);
        fill_with_random(header.public_key);
        fill_with_random(header.directory);
    }
};

TEST_CASE("header: reads back what it wrote", "[vault][header]") {
    const Sample sample;
    const auto parsed = *parse_header(serialize(sample.header, sample.key));
    CHECK(parsed.generation == sample.header.generation);
    CHECK(parsed.kdf == sample.header.kdf);
    CHECK(parsed.vault_id == sample.header.vault_id);
    CHECK(parsed.salt == sample.header.salt);
    CHECK(parsed.slots == sample.header.slots);
    CHECK(parsed.public_key == sample.header.public_key);
    CHECK(parsed.directory == sample.header.directory);
    CHECK(is_authentic(parsed, sample.key));
    CHECK_FALSE(is_authentic(parsed, *Secret<32>::random()));
}

TEST_CASE("header: any changed byte is damage", "[vault][header]") {
    const Sample sample;
    auto page = serialize(sample.header, sample.key);
    for (std::size_t at = 0; at < page.size(); ++at) {
        page[at] ^= 0x10;
        const auto parsed = parse_header(page);
        page[at] ^= 0x10;
        if (parsed.ok() || parsed.error().code != ErrorCode::vault_damaged) FAIL("byte " << at);
    }
    CHECK(parse_header(page).ok());
}

TEST_CASE("header: with a recomputed checksum, every byte is judged or authenticated",
          "[vault][header]") {
    const Sample sample;
    auto page = serialize(sample.header, sample.key);
    for (std::size_t at = 0; at < 4064; ++at) {
        page[at] ^= 0x10;
        set_checksum(page);
        const auto parsed = parse_header(page);
        page[at] ^= 0x10;
        if (parsed.ok() && is_authentic(*parsed, sample.key)) FAIL("byte " << at);
    }
    set_checksum(page);
    CHECK(parse_header(page).ok());
}

TEST_CASE("header: other sizes are damage", "[vault][header]") {
    const Sample sample;
    const auto page = serialize(sample.header, sample.key);
    CHECK_THAT(parse_header({}), FailsWith(ErrorCode::vault_damaged));
    CHECK_THAT(parse_header(ByteView{page}.first(4095)), FailsWith(ErrorCode::vault_damaged));
    CHECK_THAT(parse_header(Bytes(8192)), FailsWith(ErrorCode::vault_damaged));
}

TEST_CASE("header: the newest readable copy comes first", "[vault][header]") {
    const TempDir dir;
    const auto path = dir / "vault.header";
    Sample sample;
    REQUIRE(create_header(path, serialize(sample.header, sample.key)).ok());
    CHECK(read_header(path).value().size() == 1);
    Header newer = sample.header;
    ++newer.generation;
    const std::size_t position = GENERATE(0, 1);
    {
        const auto file = *File::open(path, File::How::overwrite);
        REQUIRE(file.write_at(position * kHeaderCopySize, serialize(newer, sample.key)).ok());
    }
    const auto copies = *read_header(path);
    REQUIRE(copies.size() == 2);
    CHECK(copies[0].header.generation == newer.generation);
    CHECK(copies[0].position == position);
    CHECK(copies[1].header.generation == sample.header.generation);
    CHECK_THAT(read_header(dir / "none"), FailsWith(ErrorCode::no_vault));
    CHECK_THAT(create_header(path, serialize(newer, sample.key)),
               FailsWith(ErrorCode::already_exists));
}

TEST_CASE("header: destroyed slots leave a header that nothing opens", "[vault][header]") {
    const TempDir dir;
    Sample sample;
    REQUIRE(create_header(dir / "vault.header", serialize(sample.header, sample.key)).ok());
    const bool one_is_damaged = GENERATE(false, true);
    if (one_is_damaged) tests::change_byte(dir / "vault.header", 200);
    REQUIRE(destroy_slots(dir.path()).ok());
    const auto copies = *read_header(dir / "vault.header");
    CHECK(copies.size() == (one_is_damaged ? 1 : 2));
    const Bytes whole = tests::read_all(dir / "vault.header");
    for (const HeaderCopy& copy : copies) {
        CHECK(copy.header.vault_id == sample.header.vault_id);
        CHECK(copy.header.generation == sample.header.generation);
        CHECK(copy.header.salt != sample.header.salt);
        CHECK_FALSE(is_authentic(copy.header, sample.key));
    }
    // Not one slot of either copy is where it was, nor what it needs.
    for (const std::size_t at : {0U, 4096U}) {
        for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
            const auto* const begin = whole.data() + at + 128 + slot * kSlotSize;
            CHECK_FALSE(std::equal(begin, begin + kSlotSize, sample.header.slots[slot].begin()));
        }
        CHECK_FALSE(std::equal(whole.data() + at + 96, whole.data() + at + 128,
                               sample.header.public_key.begin()));
        CHECK_FALSE(std::equal(whole.data() + at + 2176, whole.data() + at + 4032,
                               sample.header.directory.begin()));
    }
    CHECK_THAT(destroy_slots(dir / "nowhere"), FailsWith(ErrorCode::no_vault));
}

// ---- FORMAT.md, "Test vectors"

constexpr std::string_view kPassphrase = "correct horse battery staple";

// Of both versions.
constexpr std::string_view kWrappingKey =
    "44022d740bec137b136c4aa8db5ded171743adf4d3424fde204674855d882323";
constexpr std::string_view kVaultKey =
    "15faca800c0442cc48c42e6cdb968b0352d2b0d11325ea2a9057195f5f27e338";
constexpr std::string_view kHeaderKey =
    "d57110b1ec8d244d0eb7e584e76873f080253b63ea5f34d7d557f0867e5fadea";
constexpr std::string_view kDatabaseKey =
    "b6b55d164e383c3dbff7e9e6034dd8c4786251eb822a0fb6a30d364356708af2";

Directory vector_directory(const PublicKey& public_key) {
    Directory directory;
    directory.entries[5] = {SlotType::passphrase, "first", 1'700'000'000'000, public_key, {}};
    return directory;
}

// As written into the documentation: everything random comes from FixedEntropy{1}, in this order.
HeaderPage make_vector() {
    const tests::FixedEntropy entropy{1};
    Header header;
    header.generation = 7;
    header.kdf = {8192, 2, 2};
    fill_with_random(header.vault_id);
    fill_with_random(header.salt);
    clear_slots(header.slots);
    const auto vault_key = *Secret<32>::random();
    const auto wrapping_key = *derive_key(tests::passphrase(kPassphrase), header.salt, header.kdf);
    header.public_key = generate_pair()->public_key;
    const auto pair = *generate_pair();
    const SlotPlace place{header.vault_id, 5};
    Slot& slot = header.slots[5];
    REQUIRE(write_front(slot, place, SlotType::passphrase, wrapping_key, pair.private_key).ok());
    REQUIRE(write_back_as_slot(slot, place, pair, header.public_key, vault_key).ok());
    header.directory = *seal_directory(vector_directory(pair.public_key), header.vault_id,
                                       *derive_subkey(vault_key, Purpose::slots));
    return serialize(header, *derive_subkey(vault_key, Purpose::header));
}

const std::filesystem::path kVector = std::filesystem::path{NACRE_VECTORS} / "header_v2.bin";
const std::filesystem::path kVectorV1 = std::filesystem::path{NACRE_VECTORS} / "header_v1.bin";

Secret<32> wrapping_key_of(const Header& header) {
    return *derive_key(tests::passphrase(kPassphrase), header.salt, header.kdf);
}

TEST_CASE("header vectors: the committed header opens", "[vault][header][vectors]") {
    const auto header = *parse_header(tests::read_all(kVector));
    CHECK(header.generation == 7);
    CHECK(header.kdf == KdfParameters{8192, 2, 2});
    const auto wrapping_key = wrapping_key_of(header);
    CHECK(to_hex(wrapping_key.view()) == kWrappingKey);
    const auto slot = *unwrap(header.slots, header.vault_id, header.public_key, wrapping_key);
    CHECK(slot.index == 5);
    CHECK(to_hex(slot.content.view()) == kVaultKey);
    const auto header_key = *derive_subkey(slot.content, Purpose::header);
    CHECK(is_authentic(header, header_key));
    CHECK(to_hex(header_key.view()) == kHeaderKey);
    CHECK(to_hex(derive_subkey(slot.content, Purpose::database)->view()) == kDatabaseKey);
    const auto directory = *open_directory(header.directory, header.vault_id,
                                           *derive_subkey(slot.content, Purpose::slots));
    CHECK(directory == vector_directory(directory.entries[5]->public_key));
    CHECK_THAT(unwrap(header.slots, header.vault_id, header.public_key, header_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("header vectors: version 1 can still be read", "[vault][header][vectors]") {
    const auto header = *parse_header(tests::read_all(kVectorV1));
    CHECK(header.version == 1);
    const auto wrapping_key = wrapping_key_of(header);
    CHECK(to_hex(wrapping_key.view()) == kWrappingKey);
    const auto slot = *v1::unwrap(header.slots, header.vault_id, wrapping_key);
    CHECK(slot.index == 5);
    CHECK(to_hex(slot.vault_key.view()) == kVaultKey);
    const auto header_key = *derive_subkey(slot.vault_key, Purpose::header);
    CHECK(is_authentic(header, header_key));
    CHECK_THAT(v1::unwrap(header.slots, header.vault_id, header_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("header vectors: writing is the same to the byte", "[vault][header][vectors]") {
    CHECK(to_bytes(ByteView{make_vector()}) == tests::read_all(kVector));
}

TEST_CASE("header vectors: write them anew", "[.][write-vectors]") {
    const auto page = make_vector();
    tests::write_all(kVector, page);
    const auto header = *parse_header(page);
    const auto wrapping_key = wrapping_key_of(header);
    const auto slot = *unwrap(header.slots, header.vault_id, header.public_key, wrapping_key);
    WARN("wrapping key " << to_hex(wrapping_key.view()));
    WARN("slot private key " << to_hex(slot.private_key.view()));
    WARN("vault key " << to_hex(slot.content.view()));
    for (const auto purpose : {Purpose::database, Purpose::header, Purpose::blobs, Purpose::backups,
                               Purpose::slots}) {
        WARN("subkey " << int(purpose) << " " << to_hex(derive_subkey(slot.content, purpose)->view()));
    }
    WARN("vault id " << to_hex(header.vault_id) << "\nsalt " << to_hex(header.salt) << "\nmac "
                     << to_hex(header.mac) << "\nchecksum " << to_hex(ByteView{page}.subspan(4064))
                     << "\npublic key " << to_hex(header.public_key));
}

}  // namespace
}  // namespace nacre::vault
