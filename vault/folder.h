// Folder: which files a vault is made of, whether they are all there, and how a new vault appears
// at once or not at all.
//
// Layer:   vault, for vault.cpp.
// Secrets: none.
// Errors:  already_exists, no_vault, vault_damaged, vault_in_use, os_error codes.
// Threads: stateless; changes only under the lock.
// Format:  vault/FORMAT.md, section 5.
#pragma once

#include <cstdint>
#include <filesystem>

#include "api/base/result.h"
#include "vault/file.h"

namespace nacre::vault {

class Folder {
public:
    explicit Folder(std::filesystem::path path) : path_{std::move(path)} {}

    std::filesystem::path header() const { return path_ / "vault.header"; }
    std::filesystem::path database() const { return path_ / "vault.db"; }
    // What a rekey writes; takes the database's place after the header has changed.
    std::filesystem::path rekeyed_database() const { return path_ / "vault.db.new"; }
    // Where a new vault is prepared.
    std::filesystem::path making() const { return path_ / "vault.making"; }
    std::filesystem::path new_header() const { return making() / "vault.header"; }
    std::filesystem::path new_database() const { return making() / "vault.db"; }

    // Ok: header and database are there. no_vault: neither, or a creation that was cut short.
    // vault_damaged: one of them is missing.
    Result<void> check() const;

    // The vault's lock, held as long as the file is open.
    Result<File> lock() const;

    // Makes the folder, durable, if it is missing.
    Result<void> make() const;
    // Removes what an unfinished creation left, and makes making(). already_exists with a vault.
    Result<void> begin_making() const;
    // Removes the new database's log, which must be empty: it would not move with it.
    Result<void> drop_empty_log() const;
    // Moves the new vault into place, header last, each step durable before the next.
    Result<void> publish() const;
    // After publish: the vault stays, or it goes again as far as the disk lets it. What cannot be
    // removed now counts as unfinished.
    void end_making() const;
    void withdraw() const;

    // Of a rekey: what was prepared goes, or takes the database's place. Nothing may be open.
    Result<void> drop_rekeyed() const;
    Result<void> adopt_rekeyed() const;
    // Removes the database's log and index: they belong to what was in it.
    Result<void> drop_log() const;

    // When the vault was made: its lock's file has not been written since.
    std::int64_t made_ms() const;

private:
    // Removes an unfinished vault.
    Result<void> discard() const;
    std::filesystem::path path_;
};

}  // namespace nacre::vault
