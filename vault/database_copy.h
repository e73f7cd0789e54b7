// DatabaseCopy: every page of a database into a new file under another key, some at a time, while
// the source goes on being read and, through its own connection, written: what is written meanwhile
// reaches the copy, too.
//
// Layer:   vault, for rekey.cpp.
// Secrets: borrows the new key; SQLCipher keeps it in ordinary memory from then on.
// Errors:  those of database.h; vault_damaged: a page of the source fails its HMAC.
// Threads: the source's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "vault/database.h"

namespace nacre::vault {

class DatabaseCopy {
public:
    struct Progress {
        std::uint64_t done;
        std::uint64_t total;
        bool finished;  // committed and synced
    };

    static Result<DatabaseCopy> begin(Database& source, const std::filesystem::path& path,
                                      const Secret<32>& key);
    DatabaseCopy(DatabaseCopy&&) noexcept;
    ~DatabaseCopy();

    Result<Progress> step(int pages);

private:
    struct State;
    explicit DatabaseCopy(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace nacre::vault
