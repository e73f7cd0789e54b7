#include "vault/vault.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "vault/client_store.h"
#include "vault/kdf_limits.h"
#include "vault/migrations.h"
#include "vault/unlocking.h"
#include "vault/vault_state.h"

namespace nacre::vault {

// ---- the generation in the database

Result<std::uint64_t> read_generation(Database& database) {
    auto statement =
        NACRE_TRY(database.prepare("SELECT value FROM meta WHERE key = 'generation'"));
    if (!NACRE_TRY(statement.step()) || statement.blob(0).size() != 8) {
        return Error{ErrorCode::vault_damaged, "read the database's generation"};
    }
    std::uint64_t generation = 0;
    for (int byte = 7; byte >= 0; --byte) generation = generation << 8 | statement.blob(0)[byte];
    return generation;
}

Result<void> write_generation(Database& database, std::uint64_t generation) {
    std::array<std::uint8_t, 8> bytes{};
    for (int byte = 0; byte < 8; ++byte) {
        bytes[byte] = static_cast<std::uint8_t>(generation >> (8 * byte));
    }
    auto statement = NACRE_TRY(database.prepare(
        "INSERT INTO meta (key, value) VALUES ('generation', ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return statement.bind(0, bytes).run();
}

namespace {

void tell(const Vault::Progress& progress, Literal sentence) {
    if (progress) progress(sentence);
}

// ---- creation

struct Made {
    Fresh fresh;
    std::size_t slot;
    Secret<32> vault_key;
};

Result<Made> make_header(const Passphrase& passphrase, const KdfParameters& kdf,
                         std::int64_t now_ms) {
    Header header;
    header.generation = 1;
    header.kdf = kdf;
    fill_with_random(header.vault_id);
    fill_with_random(header.salt);
    auto vault_key = NACRE_TRY(Secret<32>::random());
    const auto wrapping_key = NACRE_TRY(derive_key(passphrase, header.salt, kdf));
    const std::size_t slot = *Directory{}.free_place();
    auto fresh = NACRE_TRY(fresh_header(header, slot, {SlotType::passphrase, {}, now_ms, {}, {}},
                                        wrapping_key, vault_key, false));
    return Made{std::move(fresh), slot, std::move(vault_key)};
}

// The table's name for the command line's token.
constexpr std::string_view kCommandLine = "nacre-cli";

// A client that a new database shall know; zeros: none.
struct KnownClient {
    TokenHash token{};
    std::int64_t since_ms = 0;
};

Result<void> fill_database(Database& database, std::uint64_t generation, const KnownClient& client) {
    NACRE_TRY(migrate(database, migrations()));
    auto transaction = NACRE_TRY(Transaction::begin(database));
    NACRE_TRY(write_generation(database, generation));
    if (client.token != TokenHash{}) {
        NACRE_TRY(ClientStore{database}.adopt(kCommandLine, client.token, Scopes::all(),
                                              client.since_ms));
    }
    return transaction.commit();
}

// All of it in the main file: its log does not move with it.
Result<void> make_database(const std::filesystem::path& path, const Secret<32>& key,
                           std::uint64_t generation) {
    auto database = NACRE_TRY(Database::open(path, key, Database::Mode::create));
    NACRE_TRY(fill_database(database, generation, {}));
    return database.truncate_log();
}

Result<void> make_files(const Folder& folder, const Made& made) {
    const auto database_key = NACRE_TRY(derive_subkey(made.vault_key, Purpose::database));
    const auto header_key = NACRE_TRY(derive_subkey(made.vault_key, Purpose::header));
    const Header& header = made.fresh.header;
    NACRE_TRY(make_database(folder.new_database(), database_key, header.generation));
    NACRE_TRY(folder.drop_empty_log());
    return create_header(folder.new_header(), serialize(header, header_key));
}

// ---- duress

// In the place of the old one: the same file, made anew under a key that never opened anything.
Result<void> empty_database(const Folder& folder, const Secret<32>& vault_key,
                            std::uint64_t generation, const TokenHash& token) {
    const auto key = NACRE_TRY(derive_subkey(vault_key, Purpose::database));
    NACRE_TRY(folder.drop_log());
    auto database =
        NACRE_TRY(Database::open(folder.database(), key, Database::Mode::recreate));
    return fill_database(database, generation, {token, folder.made_ms()});
}

// The slots first: from the second sync of the header on, no secret leads to the old key.
Result<Unlocked> begin_anew(const Folder& folder, Unlocked duress) {
    Header old = duress.copy.header;
    ++old.generation;
    auto vault_key = NACRE_TRY(Secret<32>::random());
    const auto fresh = NACRE_TRY(
        fresh_header(old, duress.slot, {SlotType::passphrase, {}, folder.made_ms(), {}, {}},
                     duress.wrapping_key, vault_key, true));
    const auto header_key = NACRE_TRY(derive_subkey(vault_key, Purpose::header));
    NACRE_TRY(write_header(folder.header(), serialize(fresh.header, header_key),
                           duress.copy.position));
    if (NACRE_TRY(file_exists(folder.rekeyed_database()))) NACRE_TRY(folder.drop_rekeyed());
    TokenHash token{};
    std::copy(duress.content.view().begin(), duress.content.view().end(), token.begin());
    NACRE_TRY(empty_database(folder, vault_key, old.generation, token));
    return Unlocked{{fresh.header, duress.copy.position}, duress.slot,
                    SlotType::passphrase,                 std::move(duress.wrapping_key),
                    std::move(vault_key),                 fresh.directory};
}

// ---- what was cut short

Result<bool> database_opens(const std::filesystem::path& path, const Secret<32>& key) {
    auto database = Database::open(path, key, Database::Mode::read_write);
    // An empty file opens with every key.
    const auto generation = database.ok() ? read_generation(*database)
                                          : Result<std::uint64_t>{database.error()};
    if (generation.ok()) return true;
    const ErrorCode code = generation.error().code;
    // internal: there is no such table.
    if (code == ErrorCode::vault_damaged || code == ErrorCode::internal) return false;
    return generation.error();
}

// A rekey that did not get to its end, before its header or after; a duress that did not.
Result<void> settle(const Folder& folder, const Unlocked& unlocked) {
    const bool rekeyed = NACRE_TRY(file_exists(folder.rekeyed_database()));
    if (!rekeyed && !unlocked.directory.database_pending) return {};
    const auto key = NACRE_TRY(derive_subkey(unlocked.content, Purpose::database));
    if (NACRE_TRY(database_opens(folder.database(), key))) {
        return rekeyed ? folder.drop_rekeyed() : Result<void>{};
    }
    if (rekeyed && NACRE_TRY(database_opens(folder.rekeyed_database(), key))) {
        return folder.adopt_rekeyed();
    }
    if (!unlocked.directory.database_pending) return {};  // damage; opening it says so
    return empty_database(folder, unlocked.content, unlocked.copy.header.generation, {});
}

}  // namespace

// ---- Vault

Result<void> Vault::State::write_next(Header next, Directory next_directory) {
    if (retired) return Error{ErrorCode::canceled, "write the header after a rekey"};
    const std::uint64_t in_database = NACRE_TRY(read_generation(database));
    // After a rollback the distance must stay until it has been dealt with.
    const std::uint64_t base =
        rolled_back ? header.generation : std::max(header.generation, in_database);
    if (!rolled_back && in_database != base) NACRE_TRY(write_generation(database, base));
    NACRE_TRY(write_as(std::move(next), base + 1));
    {
        const std::lock_guard guard{mutex};
        directory = std::move(next_directory);
    }
    return rolled_back ? Result<void>{} : write_generation(database, base + 1);
}

Result<void> Vault::State::write_as(Header next, std::uint64_t generation) {
    const auto header_key = NACRE_TRY(derive_subkey(vault_key, Purpose::header));
    next.generation = generation;
    NACRE_TRY(write_header(folder.header(), serialize(next, header_key), position));
    const std::lock_guard guard{mutex};
    header = next;
    return {};
}

struct VaultMaker {
    static Result<std::unique_ptr<Vault::State>> make(Folder folder, File lock, Unlocked unlocked) {
        const auto key = NACRE_TRY(derive_subkey(unlocked.content, Purpose::database));
        auto reader_key = NACRE_TRY(derive_subkey(unlocked.content, Purpose::database));
        auto database =
            NACRE_TRY(Database::open(folder.database(), key, Database::Mode::read_write));
        std::unique_ptr<Vault::State> state{new Vault::State{
            std::move(folder), std::move(lock), unlocked.copy.header, std::move(unlocked.directory),
            std::move(unlocked.content), unlocked.copy.position, unlocked.slot, std::move(database),
            std::nullopt}};
        state->readers.emplace(state->folder.database(), std::move(reader_key));
        return state;
    }

    static Result<std::unique_ptr<Vault::State>> make_new(const Folder& folder, File lock,
                                                          Made made) {
        NACRE_TRY(make_files(folder, made));
        NACRE_TRY(folder.publish());
        auto wrapping_key = NACRE_TRY(Secret<32>::zeroed());  // not needed any more
        Unlocked unlocked{{made.fresh.header, 0},       made.slot,
                          SlotType::passphrase,         std::move(wrapping_key),
                          std::move(made.vault_key),    std::move(made.fresh.directory)};
        return make(folder, std::move(lock), std::move(unlocked));
    }

    // Judges the two generations, before anything is changed.
    static Result<void> compare_generations(Vault::State& state, std::uint64_t in_database,
                                            bool accept_older_header) {
        if (in_database > state.header.generation && !accept_older_header) {
            return Error{ErrorCode::vault_rolled_back, "compare the header with the database"};
        }
        state.rolled_back = in_database + 1 < state.header.generation;
        return {};
    }

    // Header and database agree on the next generation.
    static Result<void> begin_generation(Vault::State& state) {
        Header next = state.header;
        Directory directory = state.directory;
        NACRE_TRY(clear_pending(next, directory, state.vault_key));
        // The distance must stay until it has been dealt with; a damaged copy need not.
        if (state.rolled_back) return state.write_as(next, next.generation);
        return state.write_next(next, std::move(directory));
    }

    // The new database stands: from now on one that does not open is damaged, as any is.
    static Result<void> end_duress(Vault::State& state) {
        Header next = state.header;
        NACRE_TRY(clear_pending(next, state.directory, state.vault_key));
        return state.write_as(next, next.generation);
    }

private:
    static Result<void> clear_pending(Header& header, Directory& directory,
                                      const Secret<32>& vault_key) {
        if (!std::exchange(directory.database_pending, false)) return {};
        return set_directory(header, directory, vault_key);
    }
};

Vault::Vault(std::unique_ptr<State> state) : state_{std::move(state)} {}

Vault::~Vault() {
    state_->readers.reset();
    // If it fails, the log simply stays, and is read at the next open.
    [[maybe_unused]] const auto truncated = state_->database.truncate_log();
}

Probe Vault::probe(const std::filesystem::path& path) {
    const Folder folder{path};
    const auto there = folder.check();
    if (!there.ok() && there.error().code == ErrorCode::no_vault) return {Probe::State::none};
    if (!there.ok()) return {Probe::State::unusable, there.error().code};
    const auto copies = read_header(folder.header());
    if (!copies.ok()) return {Probe::State::unusable, copies.error().code};
    return {Probe::State::present};
}

Result<std::unique_ptr<Vault>> Vault::create(const std::filesystem::path& path,
                                             const Passphrase& passphrase, const KdfTarget& target,
                                             const Progress& progress) {
    Folder folder{path};
    NACRE_TRY(folder.make());
    File lock = NACRE_TRY(folder.lock());
    NACRE_TRY(folder.begin_making());
    if (!target.fixed) tell(progress, "Measuring what this machine can do");
    const KdfParameters kdf = target.fixed ? *target.fixed : NACRE_TRY(calibrate(target.milliseconds));
    tell(progress, "Deriving the key from the passphrase");
    Made made = NACRE_TRY(make_header(passphrase, kdf, folder.made_ms()));
    tell(progress, "Writing the vault");
    auto state = VaultMaker::make_new(folder, std::move(lock), std::move(made));
    if (!state.ok()) {
        folder.withdraw();
        return state.error();
    }
    folder.end_making();
    return std::unique_ptr<Vault>{new Vault{std::move(*state)}};
}

Result<std::unique_ptr<Vault>> Vault::open(const std::filesystem::path& path,
                                           const Passphrase& passphrase, const OpenOptions& options,
                                           const Progress& progress) {
    Folder folder{path};
    NACRE_TRY(folder.check());
    File lock = NACRE_TRY(folder.lock());
    const auto copies = NACRE_TRY(read_header(folder.header()));
    tell(progress, "Deriving the key from the passphrase");
    Unlocked unlocked = NACRE_TRY(unlock_any(copies, passphrase));
    tell(progress, "Opening the database");
    const auto answer = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds{kdf_limits().least_opening_ms};
    const bool duress = unlocked.type == SlotType::duress;
    if (duress) {
        unlocked = NACRE_TRY(begin_anew(folder, std::move(unlocked)));
    } else {
        NACRE_TRY(settle(folder, unlocked));
    }
    auto state =
        NACRE_TRY(VaultMaker::make(std::move(folder), std::move(lock), std::move(unlocked)));
    if (duress) {
        NACRE_TRY(VaultMaker::end_duress(*state));
        std::this_thread::sleep_until(answer);
        return std::unique_ptr<Vault>{new Vault{std::move(state)}};
    }
    NACRE_TRY(check_schema(state->database, migrations()));
    const std::uint64_t in_database = NACRE_TRY(read_generation(state->database));
    NACRE_TRY(
        VaultMaker::compare_generations(*state, in_database, options.accept_older_header));
    NACRE_TRY(migrate(state->database, migrations()));
    NACRE_TRY(VaultMaker::begin_generation(*state));
    std::this_thread::sleep_until(answer);
    return std::unique_ptr<Vault>{new Vault{std::move(state)}};
}

Database& Vault::writer() { return state_->database; }

Result<ReaderLease> Vault::reader() { return state_->readers->lend(); }

Result<void> Vault::cap_cache(std::size_t mib) {
    const std::size_t kib = mib * 1024 / 2;
    state_->readers->cap_cache(kib / ReaderPool::kReaders);
    return state_->database.cap_cache(kib);
}

Result<Secret<32>> Vault::subkey(Purpose purpose) const {
    return derive_subkey(state_->vault_key, purpose);
}

KdfParameters Vault::kdf() const { return state_->current_header().kdf; }

const VaultId& Vault::id() const { return state_->header.vault_id; }

std::uint64_t Vault::generation() const { return state_->current_header().generation; }

bool Vault::database_rolled_back() const { return state_->rolled_back; }

Result<void> Vault::settle_rollback() {
    if (!state_->rolled_back) return {};
    NACRE_TRY(write_generation(state_->database, state_->header.generation));
    state_->rolled_back = false;
    return {};
}

}  // namespace nacre::vault
