#include "vault/sqlite_runtime.h"

#include <malloc.h>
#include <sodium.h>
#include <sqlcipher/sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace nacre::vault {
namespace {

void* allocate(int size) { return std::malloc(static_cast<std::size_t>(size)); }

int usable_size(void* piece) {
    return piece == nullptr ? 0 : static_cast<int>(malloc_usable_size(piece));
}

void wipe_and_free(void* piece) {
    if (piece == nullptr) return;
    sodium_memzero(piece, malloc_usable_size(piece));
    std::free(piece);
}

// Never std::realloc: it may move the bytes and leave a copy behind.
void* move_to_new_size(void* piece, int size) {
    const auto wanted = static_cast<std::size_t>(size);
    const std::size_t there = malloc_usable_size(piece);
    if (wanted <= there && wanted * 2 >= there) return piece;
    void* const bigger = std::malloc(wanted);
    if (bigger == nullptr) return nullptr;
    std::memcpy(bigger, piece, std::min(wanted, there));
    wipe_and_free(piece);
    return bigger;
}

int round_up(int size) { return (size + 7) & ~7; }

int begin(void*) { return SQLITE_OK; }

void end(void*) {}

bool configure() {
    static const sqlite3_mem_methods kWiping{
        allocate, wipe_and_free, move_to_new_size, usable_size, round_up, begin, end, nullptr};
    if (sodium_init() < 0) return false;
    // Each connection is used by one thread at a time, so none needs a lock of its own.
    if (sqlite3_config(SQLITE_CONFIG_MULTITHREAD) != SQLITE_OK) return false;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &kWiping) != SQLITE_OK) return false;
    // Statistics cost a lock around every allocation.
    if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK) return false;
    return sqlite3_initialize() == SQLITE_OK;
}

}  // namespace

Result<void> start_sqlite() {
    static const bool configured = configure();
    if (!configured) return Error{ErrorCode::internal, "configure SQLite"};
    return {};
}

}  // namespace nacre::vault
