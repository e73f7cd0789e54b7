// What a Vault is made of; for the files that Vault's functions are in.
//
// Layer:   vault, for vault.cpp, vault_slots.cpp, rekey.cpp.
// Secrets: the vault key, in the arena.
// Threads: header and directory under `mutex`; everything else as vault.h says.
#pragma once

#include <mutex>

#include "vault/folder.h"
#include "vault/header.h"
#include "vault/reader_pool.h"
#include "vault/vault.h"

namespace nacre::vault {

struct Vault::State {
    Folder folder;
    File lock;
    Header header;
    Directory directory;
    Secret<32> vault_key;
    std::size_t position;  // of the header copy that was opened
    std::size_t slot;      // that it was opened with
    Database database;
    std::optional<ReaderPool> readers;
    bool rolled_back = false;
    bool retired = false;  // a header under another key may stand already; none of ours may follow
    mutable std::mutex mutex{};

    // Writes `next` with the next generation, and that into the database. Between any two steps the
    // database is at most one behind the header, which open() takes for what it is: a crash.
    Result<void> write_next(Header next, Directory next_directory);
    // Both copies, with `generation`.
    Result<void> write_as(Header next, std::uint64_t generation);

    Header current_header() const {
        const std::lock_guard guard{mutex};
        return header;
    }
    Directory current_directory() const {
        const std::lock_guard guard{mutex};
        return directory;
    }
};

Result<std::uint64_t> read_generation(Database& database);
Result<void> write_generation(Database& database, std::uint64_t generation);

}  // namespace nacre::vault
