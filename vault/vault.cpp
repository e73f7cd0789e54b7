#include "vault/vault.h"

#include <algorithm>
#include <array>

#include "vault/folder.h"
#include "vault/header.h"
#include "vault/kdf.h"
#include "vault/migrations.h"
#include "vault/reader_pool.h"

namespace nacre::vault {
namespace {

void tell(const Vault::Progress& progress, Literal sentence) {
    if (progress) progress(sentence);
}

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

// ---- the way from passphrase to vault key

struct Unlocked {
    HeaderCopy copy;
    Secret<32> vault_key;
};

Result<Unlocked> unlock_copy(const HeaderCopy& copy, const Passphrase& passphrase) {
    const Header& header = copy.header;
    const auto wrapping_key = NACRE_TRY(derive_key(passphrase, header.salt, header.kdf));
    auto slot = NACRE_TRY(unwrap(header.slots, header.vault_id, wrapping_key));
    const auto header_key = NACRE_TRY(derive_subkey(slot.vault_key, Purpose::header));
    if (!is_authentic(header, header_key)) {
        return Error{ErrorCode::vault_damaged, "authenticate the vault header"};
    }
    return Unlocked{copy, std::move(slot.vault_key)};
}

// The newest copy that opens. The second is tried only where the copies differ: after a write that
// was cut short, or when somebody has changed one.
Result<Unlocked> unlock_any(const std::vector<HeaderCopy>& copies, const Passphrase& passphrase) {
    auto first = unlock_copy(copies.front(), passphrase);
    if (first.ok() || copies.size() == 1) return first;
    auto second = unlock_copy(copies.back(), passphrase);
    if (second.ok()) return second;
    // A copy that opened but is not authentic says more than one that did not open.
    return second.error().code == ErrorCode::vault_damaged ? second.error() : first.error();
}

// ---- creation

struct Made {
    Header header;
    Secret<32> vault_key;
};

Result<Made> make_header(const Passphrase& passphrase, const KdfParameters& kdf) {
    Header header;
    header.generation = 1;
    header.kdf = kdf;
    fill_with_random(header.vault_id);
    fill_with_random(header.salt);
    clear_slots(header.slots);
    auto vault_key = NACRE_TRY(Secret<32>::random());
    const auto wrapping_key = NACRE_TRY(derive_key(passphrase, header.salt, kdf));
    // Any slot, so that the place tells nothing about the order in which slots were filled.
    std::array<std::uint8_t, 1> place{};
    fill_with_random(place);
    NACRE_TRY(wrap(header.slots, place[0] % kSlotCount, header.vault_id, SlotType::passphrase,
                   wrapping_key, vault_key));
    return Made{header, std::move(vault_key)};
}

// All of it in the main file: its log does not move with it.
Result<void> make_database(const std::filesystem::path& path, const Secret<32>& key,
                           std::uint64_t generation) {
    auto database = NACRE_TRY(Database::open(path, key, Database::Mode::create));
    NACRE_TRY(migrate(database, migrations()));
    NACRE_TRY(write_generation(database, generation));
    return database.truncate_log();
}

Result<void> make_files(const Folder& folder, const Made& made) {
    const auto database_key = NACRE_TRY(derive_subkey(made.vault_key, Purpose::database));
    const auto header_key = NACRE_TRY(derive_subkey(made.vault_key, Purpose::header));
    NACRE_TRY(make_database(folder.new_database(), database_key, made.header.generation));
    NACRE_TRY(folder.drop_empty_log());
    return create_header(folder.new_header(), serialize(made.header, header_key));
}

}  // namespace

// ---- Vault

struct Vault::State {
    Folder folder;
    File lock;
    Header header;
    Secret<32> vault_key;
    std::size_t position;  // of the header copy that was opened
    Database database;
    std::optional<ReaderPool> readers;
    bool rolled_back = false;

    // Makes header and database agree on the next generation. Between any two steps the database is
    // at most one behind the header, which open() takes for what it is: a crash.
    Result<void> begin_generation(std::uint64_t in_database) {
        const std::uint64_t base = std::max(header.generation, in_database);
        if (in_database != base) NACRE_TRY(write_generation(database, base));
        NACRE_TRY(write_header_as(base + 1));
        return write_generation(database, base + 1);
    }

    Result<void> write_header_as(std::uint64_t generation) {
        const auto header_key = NACRE_TRY(derive_subkey(vault_key, Purpose::header));
        Header next = header;
        next.generation = generation;
        NACRE_TRY(write_header(folder.header(), serialize(next, header_key), position));
        header = next;
        return {};
    }

    static Result<std::unique_ptr<State>> make(Folder folder, File lock, const HeaderCopy& copy,
                                               Secret<32> vault_key) {
        const auto key = NACRE_TRY(derive_subkey(vault_key, Purpose::database));
        auto reader_key = NACRE_TRY(derive_subkey(vault_key, Purpose::database));
        auto database =
            NACRE_TRY(Database::open(folder.database(), key, Database::Mode::read_write));
        std::unique_ptr<State> state{new State{std::move(folder), std::move(lock), copy.header,
                                               std::move(vault_key), copy.position,
                                               std::move(database), std::nullopt}};
        state->readers.emplace(state->folder.database(), std::move(reader_key));
        return state;
    }

    static Result<std::unique_ptr<State>> make_new(const Folder& folder, File lock, Made made) {
        NACRE_TRY(make_files(folder, made));
        NACRE_TRY(folder.publish());
        return make(folder, std::move(lock), {made.header, 0}, std::move(made.vault_key));
    }

    // Judges the two generations, before anything is changed.
    Result<void> compare_generations(std::uint64_t in_database, bool accept_older_header) {
        if (in_database > header.generation && !accept_older_header) {
            return Error{ErrorCode::vault_rolled_back, "compare the header with the database"};
        }
        rolled_back = in_database + 1 < header.generation;
        return {};
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
    Made made = NACRE_TRY(make_header(passphrase, kdf));
    tell(progress, "Writing the vault");
    auto state = State::make_new(folder, std::move(lock), std::move(made));
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
    auto state = NACRE_TRY(State::make(std::move(folder), std::move(lock), unlocked.copy,
                                       std::move(unlocked.vault_key)));
    NACRE_TRY(check_schema(state->database, migrations()));
    const std::uint64_t in_database = NACRE_TRY(read_generation(state->database));
    NACRE_TRY(state->compare_generations(in_database, options.accept_older_header));
    NACRE_TRY(migrate(state->database, migrations()));
    if (state->rolled_back) {
        // The distance must stay until it has been dealt with; a damaged copy need not.
        NACRE_TRY(state->write_header_as(state->header.generation));
    } else {
        NACRE_TRY(state->begin_generation(in_database));
    }
    return std::unique_ptr<Vault>{new Vault{std::move(state)}};
}

Database& Vault::writer() { return state_->database; }

Result<ReaderLease> Vault::reader() { return state_->readers->lend(); }

Result<Secret<32>> Vault::subkey(Purpose purpose) const {
    return derive_subkey(state_->vault_key, purpose);
}

const KdfParameters& Vault::kdf() const { return state_->header.kdf; }

const VaultId& Vault::id() const { return state_->header.vault_id; }

std::uint64_t Vault::generation() const { return state_->header.generation; }

bool Vault::database_rolled_back() const { return state_->rolled_back; }

Result<void> Vault::settle_rollback() {
    if (!state_->rolled_back) return {};
    NACRE_TRY(write_generation(state_->database, state_->header.generation));
    state_->rolled_back = false;
    return {};
}

}  // namespace nacre::vault
