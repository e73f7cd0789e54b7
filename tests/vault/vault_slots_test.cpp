// Goal: every slot opens the same vault until it is removed, what is removed or destroyed opens
// nothing any more, and a change of slots never costs the owner the vault.
#include <sodium.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/vault/files.h"
#include "vault/client_store.h"
#include "vault/folder.h"
#include "vault/header.h"
#include "vault/migrations.h"
#include "vault/rekey.h"
#include "vault/unlocking.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::TempDir;
using tests::create_vault;
using tests::open_vault;
using tests::passphrase;

std::size_t add(Vault& vault, std::string_view secret, NewSlot slot = {}) {
    const auto change = *vault.add_slot(slot, passphrase(secret));
    REQUIRE(vault.apply(change).ok());
    return change.number;
}

void rekey(Vault& vault, const std::vector<std::size_t>& removed) {
    const auto rekey = *Rekey::begin(vault, removed);
    while (!rekey->step()->finished) {
    }
    REQUIRE(rekey->commit().ok());
}

// How many of the first values are there, in a vault opened with `secret`.
std::int64_t values(const std::filesystem::path& folder, std::string_view secret) {
    const auto vault = *open_vault(folder, secret);
    CHECK_FALSE(vault->database_rolled_back());
    std::int64_t count = 0;
    while (tests::read_value(vault->writer(), count + 1).ok()) ++count;
    return count;
}

TEST_CASE("slots: several secrets open one vault", "[vault][slots]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 100).ok());
        CHECK(vault->slots().size() == 1);
        CHECK(vault->slots().front().number == vault->opened_slot());
        add(*vault, "second", {SlotType::recovery_key, "paper", 5, {}});
        add(*vault, "third", {SlotType::key_file, "stick", 6, {}});
        CHECK_THAT(vault->add_slot({}, passphrase("second")), FailsWith(ErrorCode::already_exists));
        CHECK_THAT(vault->add_slot({SlotType::passphrase, "paper", 0, {}}, passphrase("fourth")),
                   FailsWith(ErrorCode::already_exists));
        CHECK_THAT(vault->add_slot({SlotType::passphrase, std::string(33, 'x'), 0, {}},
                                   passphrase("fourth")),
                   FailsWith(ErrorCode::invalid_argument));
        CHECK(vault->match(passphrase("second"))->label == "paper");
        CHECK_THAT(vault->match(passphrase("nothing")), FailsWith(ErrorCode::wrong_passphrase));
    }
    CHECK(read_header(dir / "vault.header").value().size() == 1);
    for (const char* const secret : {"correct horse", "second", "third"}) {
        CHECK(values(dir.path(), secret) == 1);
    }
    CHECK_THAT(open_vault(dir.path(), "fourth"), FailsWith(ErrorCode::wrong_passphrase));
    const auto slots = open_vault(dir.path(), "third").value()->slots();
    REQUIRE(slots.size() == 3);
    CHECK(std::any_of(slots.begin(), slots.end(), [](const SlotInfo& slot) {
        return slot.type == SlotType::recovery_key && slot.label == "paper" && slot.created_ms == 5;
    }));
}

TEST_CASE("slots: sixteen, and no more", "[vault][slots]") {
    const TempDir dir;
    const auto vault = *create_vault(dir.path());
    for (std::size_t count = 1; count < kSlotCount; ++count) add(*vault, "s" + std::to_string(count));
    CHECK_THAT(vault->add_slot({}, passphrase("one more")),
               FailsWith(ErrorCode::resource_exhausted));
    const auto slots = vault->slots();
    for (std::size_t number = 0; number < kSlotCount; ++number) CHECK(slots[number].number == number);
}

TEST_CASE("slots: a removed one opens nothing, and the last one stays", "[vault][slots]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        const std::size_t first = vault->opened_slot();
        CHECK_THAT(vault->remove_slot(first), FailsWith(ErrorCode::invalid_argument));
        // One that destroys does not count.
        const std::size_t duress = add(*vault, "duress", {SlotType::duress, "", 0, {}});
        CHECK_THAT(vault->remove_slot(first), FailsWith(ErrorCode::invalid_argument));
        CHECK_THAT(vault->remove_slot(kSlotCount), FailsWith(ErrorCode::not_found));
        REQUIRE(vault->apply(*vault->remove_slot(duress)).ok());
        add(*vault, "second");
        REQUIRE(vault->apply(*vault->remove_slot(first)).ok());
        CHECK_THAT(vault->remove_slot(first), FailsWith(ErrorCode::not_found));
        CHECK(vault->slots().size() == 1);
    }
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::wrong_passphrase));
    CHECK_THAT(open_vault(dir.path(), "duress"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(open_vault(dir.path(), "second").ok());
}

TEST_CASE("slots: rotating changes the secret and nothing else", "[vault][slots]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        const std::size_t number = add(*vault, "old", {SlotType::passphrase, "name", 1, {}});
        CHECK_THAT(vault->rotate_slot(number, passphrase("correct horse"), 2),
                   FailsWith(ErrorCode::already_exists));
        REQUIRE(vault->apply(*vault->rotate_slot(number, passphrase("new"), 2)).ok());
        const auto info = *vault->match(passphrase("new"));
        CHECK(info.number == number);
        CHECK(info.label == "name");
        CHECK(info.created_ms == 2);
    }
    CHECK_THAT(open_vault(dir.path(), "old"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(open_vault(dir.path(), "new").ok());
    CHECK(open_vault(dir.path()).ok());
}

TEST_CASE("slots: a change prepared from an older header is refused", "[vault][slots]") {
    const TempDir dir;
    const auto vault = *create_vault(dir.path());
    const auto stale = *vault->add_slot({}, passphrase("stale"));
    add(*vault, "other");
    CHECK_THAT(vault->apply(stale), FailsWith(ErrorCode::internal));
    CHECK(vault->slots().size() == 2);
}

TEST_CASE("slots: new costs need every secret", "[vault][slots]") {
    const TempDir dir;
    const KdfParameters dearer{16 * 1024, 2, 1};
    const auto secrets = [](std::initializer_list<std::string_view> texts) {
        std::vector<Passphrase> out;
        for (const std::string_view text : texts) out.push_back(passphrase(text));
        return out;
    };
    {
        const auto vault = *create_vault(dir.path());
        add(*vault, "second");
        add(*vault, "duress", {SlotType::duress, "", 0, {}});
        CHECK_THAT(vault->set_costs(dearer, secrets({"correct horse", "duress"})),
                   FailsWith(ErrorCode::invalid_argument));
        CHECK_THAT(vault->set_costs(dearer, secrets({"correct horse", "duress", "wrong"})),
                   FailsWith(ErrorCode::wrong_passphrase));
        CHECK_THAT(vault->set_costs({1, 1, 1}, secrets({})), FailsWith(ErrorCode::vault_damaged));
        REQUIRE(vault->apply(*vault->set_costs(dearer, secrets({"second", "duress", "correct horse"})))
                    .ok());
        CHECK(vault->kdf() == dearer);
    }
    CHECK(open_vault(dir.path()).ok());
    CHECK(open_vault(dir.path(), "second").value()->kdf() == dearer);
    CHECK(open_vault(dir.path(), "duress").value()->slots().size() == 1);
}

// ---- rekey

TEST_CASE("rekey: everything is there under another key, for the remaining slots", "[vault][rekey]") {
    const TempDir dir;
    Bytes old_header;
    {
        const auto vault = *create_vault(dir.path());
        for (std::int64_t value = 1; value <= 40; ++value) {
            REQUIRE(tests::store_value(vault->writer(), value, 300'000).ok());
        }
        add(*vault, "second");
        const std::size_t thief = add(*vault, "thief's", {SlotType::passphrase, "thief", 0, {}});
        add(*vault, "duress", {SlotType::duress, "", 0, {}});
        old_header = tests::read_all(dir / "vault.header");
        const auto rekey = *Rekey::begin(*vault, {thief});
        // Written between two steps.
        const auto progress = *rekey->step();
        CHECK_FALSE(progress.finished);
        REQUIRE(tests::store_value(vault->writer(), 41, 100).ok());
        while (!rekey->step()->finished) {
        }
        REQUIRE(rekey->commit().ok());
        // The old database takes nothing more that would be lost.
        CHECK_THAT(tests::store_value(vault->writer(), 42, 100),
                   FailsWith(ErrorCode::permission_denied));
    }
    CHECK_THAT(open_vault(dir.path(), "thief's"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(values(dir.path(), "correct horse") == 41);
    CHECK_FALSE(std::filesystem::exists(dir / "vault.db.new"));
    CHECK(values(dir.path(), "second") == 41);
    {
        const auto vault = *open_vault(dir.path());
        auto statement = *vault->writer().prepare("PRAGMA integrity_check");
        REQUIRE(*statement.step());
        CHECK(statement.text(0) == "ok");
    }
    // With the old header put back, the removed secret leads to the old key, which opens nothing.
    tests::write_all(dir / "vault.header", old_header);
    CHECK_FALSE(open_vault(dir.path(), "thief's", {.accept_older_header = true}).ok());
}

TEST_CASE("rekey: a change of slots that waited does not undo it", "[vault][rekey]") {
    const TempDir dir;
    Bytes rekeyed_header;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 100).ok());
        const std::size_t thief = add(*vault, "thief's");
        const std::size_t other = add(*vault, "other");
        rekey(*vault, {thief});
        rekeyed_header = tests::read_all(dir / "vault.header");
        CHECK_THAT(vault->apply(*vault->remove_slot(other)), FailsWith(ErrorCode::canceled));
        CHECK_THAT(vault->apply(*vault->add_slot({}, passphrase("fourth"))),
                   FailsWith(ErrorCode::canceled));
    }
    CHECK(tests::read_all(dir / "vault.header") == rekeyed_header);
    CHECK_THAT(open_vault(dir.path(), "thief's"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK_THAT(open_vault(dir.path(), "fourth"), FailsWith(ErrorCode::wrong_passphrase));
    CHECK(values(dir.path(), "other") == 1);
}

// The end of a long value may be zeros: nothing but its HMAC says that the page is damaged. In the
// last page of all, and in the last of a step of 1024, no later page is read that would fail.
TEST_CASE("rekey: a damaged page is not copied as zeros", "[vault][rekey]") {
    constexpr std::uint64_t kPage = 4096;
    const std::uint64_t page = GENERATE(1024U, 1025U, 1500U, 2048U, 0U);  // 0: the last
    const TempDir dir;
    const auto database = dir / "vault.db";
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 9'000'000).ok());
    }
    const std::uint64_t pages = std::filesystem::file_size(database) / kPage;
    REQUIRE(pages > 2048);
    tests::change_byte(database, (page == 0 ? pages : page) * kPage - 1000);
    {
        const auto vault = *open_vault(dir.path());
        const auto rekey = *Rekey::begin(*vault, {});
        auto progress = rekey->step();
        for (int steps = 1; progress.ok() && !progress->finished && steps < 10; ++steps) {
            progress = rekey->step();
        }
        CHECK_THAT(progress, FailsWith(ErrorCode::vault_damaged));
        CHECK_THAT(rekey->step(), FailsWith(ErrorCode::vault_damaged));
        CHECK_THAT(rekey->commit(), FailsWith(ErrorCode::internal));
        // What is whole can still be read, and written.
        auto transaction = *Transaction::begin(vault->writer());
        REQUIRE(ClientStore{vault->writer()}.create("nacre-cli", Scopes::all(), 1).ok());
        CHECK(transaction.commit().ok());
    }
    CHECK_FALSE(std::filesystem::exists(dir / "vault.db.new"));
    CHECK(open_vault(dir.path()).ok());
}

TEST_CASE("rekey: given up, it leaves the vault as it was", "[vault][rekey]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        REQUIRE(tests::store_value(vault->writer(), 1, 9'000'000).ok());
        CHECK_THAT(Rekey::begin(*vault, {vault->opened_slot()}),
                   FailsWith(ErrorCode::invalid_argument));
        CHECK_THAT(Rekey::begin(*vault, {kSlotCount}), FailsWith(ErrorCode::not_found));
        {
            const auto rekey = *Rekey::begin(*vault, {});
            CHECK_FALSE(rekey->step()->finished);
            CHECK_THAT(rekey->commit(), FailsWith(ErrorCode::internal));
        }
        CHECK_FALSE(std::filesystem::exists(dir / "vault.db.new"));
        REQUIRE(tests::store_value(vault->writer(), 2, 100).ok());
    }
    // What a killed process leaves, empty or half.
    tests::write_all(dir / "vault.db.new", Bytes(GENERATE(0U, 4096U, 5000U)));
    CHECK(values(dir.path(), "correct horse") == 2);
    CHECK_FALSE(std::filesystem::exists(dir / "vault.db.new"));
}

TEST_CASE("rekey: the duress slot still destroys", "[vault][rekey]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        add(*vault, "duress", {SlotType::duress, "", 0, {}});
        rekey(*vault, {});
    }
    if (GENERATE(false, true)) CHECK(values(dir.path(), "correct horse") == 0);
    CHECK(values(dir.path(), "duress") == 0);
    CHECK_FALSE(std::filesystem::exists(dir / "vault.db.new"));
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slots: destroyed, they stay so whatever is under way", "[vault][slots]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        const auto change = *vault->add_slot({}, passphrase("second"));
        const auto rekey = *Rekey::begin(*vault, {});
        while (!rekey->step()->finished) {
        }
        REQUIRE(destroy_slots(dir.path()).ok());
        const Bytes destroyed = tests::read_all(dir / "vault.header");
        CHECK_THAT(vault->apply(change), FailsWith(ErrorCode::canceled));
        CHECK_THAT(rekey->commit(), FailsWith(ErrorCode::canceled));
        CHECK(tests::read_all(dir / "vault.header") == destroyed);
    }
    CHECK(Vault::probe(dir.path()).state == Probe::State::present);
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::wrong_passphrase));
    CHECK_THAT(open_vault(dir.path(), "second"), FailsWith(ErrorCode::wrong_passphrase));
}

// ---- duress

TEST_CASE("duress: what opens is empty, and what was is gone", "[vault][duress]") {
    const TempDir dir;
    std::string token;
    {
        const auto vault = *create_vault(dir.path());
        auto transaction = *Transaction::begin(vault->writer());
        token = *ClientStore{vault->writer()}.create("nacre-cli", Scopes::all(), 1);
        REQUIRE(transaction.commit().ok());
        REQUIRE(tests::store_value(vault->writer(), 1, 500'000).ok());
        add(*vault, "second");
        add(*vault, "duress", {SlotType::duress, "", 0, *hash_token(token)});
        CHECK(vault->match(passphrase("duress"))->type == SlotType::duress);
    }
    // Testing it has destroyed nothing.
    CHECK(values(dir.path(), "second") == 1);
    const Bytes old_header = tests::read_all(dir / "vault.header");
    const Bytes old_database = tests::read_all(dir / "vault.db");
    const auto generation = parse_header(ByteView{old_header}.first(4096))->generation;
    {
        const auto vault = *open_vault(dir.path(), "duress");
        CHECK(vault->generation() == generation + 1);
        CHECK_THAT(tests::read_value(vault->writer(), 1), FailsWith(ErrorCode::not_found));
        CHECK(ClientStore{vault->writer()}.verify(token)->name == "nacre-cli");
        REQUIRE(vault->slots().size() == 1);
        CHECK(vault->slots().front().type == SlotType::passphrase);
        CHECK(vault->match(passphrase("duress"))->type == SlotType::passphrase);
        REQUIRE(tests::store_value(vault->writer(), 1, 100).ok());
    }
    const Bytes header = tests::read_all(dir / "vault.header");
    for (const std::size_t copy : {0U, 4096U}) {
        for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
            const auto at = static_cast<std::ptrdiff_t>(copy + 128 + slot * kSlotSize);
            CHECK_FALSE(std::equal(header.begin() + at, header.begin() + at + kSlotSize,
                                   old_header.begin() + at));
        }
    }
    CHECK(std::filesystem::file_size(dir / "vault.db") < old_database.size());
    CHECK_THAT(open_vault(dir.path()), FailsWith(ErrorCode::wrong_passphrase));
    CHECK_THAT(open_vault(dir.path(), "second"), FailsWith(ErrorCode::wrong_passphrase));
    // It goes on as any vault does, and the old database beside it opens no more.
    CHECK(values(dir.path(), "duress") == 1);
    tests::write_all(dir / "vault.db", old_database);
    std::filesystem::remove(dir / "vault.db-wal");
    CHECK_THAT(open_vault(dir.path(), "duress"), FailsWith(ErrorCode::vault_damaged));
}

TEST_CASE("duress: a database damaged in the first session after it is a damaged one", "[vault][duress]") {
    const TempDir dir;
    {
        const auto vault = *create_vault(dir.path());
        add(*vault, "duress", {SlotType::duress, "", 0, {}});
    }
    {
        const auto vault = *open_vault(dir.path(), "duress");
        REQUIRE(tests::store_value(vault->writer(), 1, 100).ok());
    }
    tests::write_all(dir / "vault.db", Bytes(8192, 1));
    std::filesystem::remove(dir / "vault.db-wal");
    CHECK_THAT(open_vault(dir.path(), "duress"), FailsWith(ErrorCode::vault_damaged));
    CHECK(tests::read_all(dir / "vault.db") == Bytes(8192, 1));
}

TEST_CASE("duress: a client's new token takes the place of its old one", "[vault][duress]") {
    const TempDir dir;
    std::string old;
    std::string renewed;
    {
        const auto vault = *create_vault(dir.path());
        auto transaction = *Transaction::begin(vault->writer());
        ClientStore clients{vault->writer()};
        CHECK_FALSE(clients.hash_of("nacre-cli")->has_value());
        old = *clients.create("nacre-cli", Scopes::all(), 1);
        CHECK(*clients.hash_of("nacre-cli") == hash_token(old));
        REQUIRE(clients.remove("nacre-cli").ok());
        renewed = *clients.create("nacre-cli", Scopes::all(), 2);
        REQUIRE(transaction.commit().ok());
        add(*vault, "second");
        add(*vault, "duress", {SlotType::duress, "", 0, *hash_token(old)});
        add(*vault, "other duress", {SlotType::duress, "", 0, *hash_token("nacre_" + std::string(43, 'A'))});
        REQUIRE(tests::store_value(vault->writer(), 1, 100).ok());
        REQUIRE(vault->apply(*Rekey::renew_token(*vault, *hash_token(old), *hash_token(renewed))).ok());
        add(*vault, "third");
    }
    for (const char* const secret : {"correct horse", "second", "third"}) {
        CHECK(values(dir.path(), secret) == 1);
    }
    SECTION("of this client") {
        const auto vault = *open_vault(dir.path(), "duress");
        CHECK(ClientStore{vault->writer()}.verify(renewed).ok());
        CHECK_THAT(ClientStore{vault->writer()}.verify(old), FailsWith(ErrorCode::unauthenticated));
    }
    SECTION("of no other") {
        const auto vault = *open_vault(dir.path(), "other duress");
        CHECK_THAT(ClientStore{vault->writer()}.verify(renewed), FailsWith(ErrorCode::unauthenticated));
        CHECK(ClientStore{vault->writer()}.verify("nacre_" + std::string(43, 'A')).ok());
    }
}

// ---- version 1

Slot slot_of_version_1(const VaultId& id, std::size_t index, const Secret<32>& wrapping_key,
                       const Secret<32>& vault_key) {
    Bytes plain(88);
    plain[0] = 1;
    std::copy(vault_key.view().begin(), vault_key.view().end(), plain.begin() + 8);
    constexpr std::string_view kLabel = "nacre slot v1";
    Bytes bound(32);
    std::copy(kLabel.begin(), kLabel.end(), bound.begin());
    std::copy(id.begin(), id.end(), bound.begin() + kLabel.size());
    bound[kLabel.size() + id.size()] = static_cast<std::uint8_t>(index);
    Slot slot{};
    fill_with_random(slot);
    crypto_aead_xchacha20poly1305_ietf_encrypt(slot.data() + 24, nullptr, plain.data(), plain.size(),
                                               bound.data(), bound.size(), nullptr, slot.data(),
                                               wrapping_key.view().data());
    return slot;
}

void make_vault_of_version_1(const std::filesystem::path& folder) {
    Header header;
    header.version = 1;
    header.generation = 1;
    header.kdf = *tests::cheap().fixed;
    fill_with_random(header.vault_id);
    fill_with_random(header.salt);
    clear_slots(header.slots);
    const auto vault_key = *Secret<32>::random();
    const auto wrapping_key = *derive_key(passphrase(), header.salt, header.kdf);
    header.slots[3] = slot_of_version_1(header.vault_id, 3, wrapping_key, vault_key);
    const auto key = *derive_subkey(vault_key, Purpose::database);
    auto database = *Database::open(folder / "vault.db", key, Database::Mode::create);
    REQUIRE(migrate(database, migrations()).ok());
    REQUIRE(database.exec("INSERT INTO meta VALUES ('generation', x'0100000000000000')").ok());
    REQUIRE(tests::store_value(database, 1, 100).ok());
    REQUIRE(create_header(folder / "vault.header",
                          serialize(header, *derive_subkey(vault_key, Purpose::header)))
                .ok());
}

TEST_CASE("slots: a header of version 1 becomes one of today's", "[vault][slots]") {
    const TempDir dir;
    make_vault_of_version_1(dir.path());
    CHECK(read_header(dir / "vault.header").value().front().header.version == 1);
    CHECK_THAT(open_vault(dir.path(), "wrong"), FailsWith(ErrorCode::wrong_passphrase));
    {
        const auto vault = *open_vault(dir.path());
        REQUIRE(vault->slots().size() == 1);
        CHECK(vault->slots().front().number == 3);
        add(*vault, "second");
    }
    CHECK(read_header(dir / "vault.header").value().front().header.version == 2);
    CHECK(values(dir.path(), "correct horse") == 1);
    CHECK(values(dir.path(), "second") == 1);
}

}  // namespace
}  // namespace nacre::vault
