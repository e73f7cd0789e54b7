#include "vault/folder.h"

#include <sys/stat.h>

#include <cerrno>

namespace nacre::vault {
namespace {

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) {
    path += suffix;
    return path;
}

Result<void> remove_database(const std::filesystem::path& path) {
    // The first statement of a new database still writes a rollback journal.
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
        NACRE_TRY(remove_file(with_suffix(path, suffix)));
    }
    return {};
}

Result<void> make_folder(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    return os_error("make the vault's folder", errno);
}

}  // namespace

Result<void> Folder::check() const {
    const bool has_header = NACRE_TRY(file_exists(header()));
    const bool has_database = NACRE_TRY(file_exists(database()));
    if (has_header && has_database) return {};
    if (has_header) return Error{ErrorCode::vault_damaged, "find the vault's database"};
    // A database beside an unpublished header has never been a vault. Without one, the header of a
    // real vault was lost: a copy of it would open the database again, so nothing may be removed.
    if (has_database && !NACRE_TRY(file_exists(new_header()))) {
        return Error{ErrorCode::vault_damaged, "find the vault's header"};
    }
    return Error{ErrorCode::no_vault, "find the vault"};
}

Result<File> Folder::lock() const {
    File file = NACRE_TRY(File::open(path_ / "vault.lock", File::How::keep));
    NACRE_TRY(file.lock());
    return file;
}

Result<void> Folder::make() const {
    if (NACRE_TRY(file_exists(path_))) return {};
    std::error_code failed;
    std::filesystem::create_directories(path_.parent_path(), failed);
    if (failed) return os_error("make the vault's parent folder", failed.value());
    NACRE_TRY(make_folder(path_));
    return sync_folder(path_.parent_path());
}

Result<void> Folder::begin_making() const {
    const auto present = check();
    if (present.ok()) return Error{ErrorCode::already_exists, "create a vault"};
    if (present.error().code != ErrorCode::no_vault) return present.error();
    NACRE_TRY(discard());
    return make_folder(making());
}

Result<void> Folder::drop_empty_log() const {
    const auto log = with_suffix(new_database(), "-wal");
    std::error_code missing;
    const auto size = std::filesystem::file_size(log, missing);
    if (!missing && size != 0) return Error{ErrorCode::internal, "empty the new database's log"};
    NACRE_TRY(remove_file(log));
    return remove_file(with_suffix(new_database(), "-shm"));
}

Result<void> Folder::publish() const {
    NACRE_TRY(sync_folder(making()));
    NACRE_TRY(sync_folder(path_));
    NACRE_TRY(rename_file(new_database(), database()));
    NACRE_TRY(sync_folder(path_));
    NACRE_TRY(rename_file(new_header(), header()));
    return sync_folder(path_);
}

void Folder::end_making() const {
    // Empty by now. If it stays, nothing takes notice of it.
    [[maybe_unused]] const auto removed = remove_folder(making());
}

void Folder::withdraw() const {
    [[maybe_unused]] const auto back = rename_file(header(), new_header());
    [[maybe_unused]] const auto discarded = discard();
}

Result<void> Folder::drop_rekeyed() const {
    NACRE_TRY(remove_database(rekeyed_database()));
    return sync_folder(path_);
}

Result<void> Folder::adopt_rekeyed() const {
    // Its own log is empty: looking at it has made one.
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
        NACRE_TRY(remove_file(with_suffix(rekeyed_database(), suffix)));
    }
    NACRE_TRY(drop_log());
    NACRE_TRY(rename_file(rekeyed_database(), database()));
    return sync_folder(path_);
}

Result<void> Folder::drop_log() const {
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
        NACRE_TRY(remove_file(with_suffix(database(), suffix)));
    }
    return sync_folder(path_);
}

std::int64_t Folder::made_ms() const {
    struct stat found {};
    if (::lstat((path_ / "vault.lock").c_str(), &found) != 0) return 0;
    return static_cast<std::int64_t>(found.st_mtim.tv_sec) * 1000 +
           found.st_mtim.tv_nsec / 1'000'000;
}

Result<void> Folder::discard() const {
    // The new header goes last: beside it, the database is known to be unfinished.
    if (!NACRE_TRY(file_exists(making()))) return {};
    if (NACRE_TRY(file_exists(new_header()))) {
        NACRE_TRY(remove_database(database()));
        NACRE_TRY(sync_folder(path_));
    }
    NACRE_TRY(remove_database(new_database()));
    NACRE_TRY(remove_file(new_header()));
    NACRE_TRY(remove_folder(making()));
    return sync_folder(path_);
}

}  // namespace nacre::vault
