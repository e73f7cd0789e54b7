// Goal: after a database is closed, nothing of what it held is left in this process's memory.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"
#include "vault/database.h"

namespace nacre::vault {
namespace {

#ifndef NACRE_SANITIZED  // their allocators keep freed memory, and make far too much to look through

using Marker = std::array<std::uint8_t, 24>;

// The marker stands in this test only with its bits inverted, or it would find itself.
std::size_t occurrences(const std::uint8_t* start, const std::uint8_t* end, const Marker& inverted) {
    std::size_t found = 0;
    for (const auto* at = start; at + inverted.size() <= end; ++at) {
        const auto is_byte = [](std::uint8_t byte, std::uint8_t other) {
            return static_cast<std::uint8_t>(~other) == byte;
        };
        if (is_byte(*at, inverted[0]) && std::equal(at, at + inverted.size(), inverted.begin(), is_byte))
            ++found;
    }
    return found;
}

// In heap, stack and anonymous maps.
std::size_t occurrences_in_memory(const Marker& inverted) {
    std::size_t found = 0;
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) {
        unsigned long start = 0;
        unsigned long end = 0;
        unsigned long inode = 0;
        std::array<char, 5> access{};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %lu", &start, &end, access.data(),
                        &inode) != 4 ||
            access[0] != 'r' || access[1] != 'w' || inode != 0) {
            continue;
        }
        found += occurrences(reinterpret_cast<const std::uint8_t*>(start),
                             reinterpret_cast<const std::uint8_t*>(end), inverted);
    }
    return found;
}

void store(Database& database, const Marker& inverted) {
    Marker marker{};
    std::transform(inverted.begin(), inverted.end(), marker.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
    for (int row = 0; row < 50; ++row) {
        auto insert = *database.prepare("INSERT INTO t (b) VALUES (?)");
        REQUIRE(insert.bind(0, marker).run().ok());
    }
    auto select = *database.prepare("SELECT a, b, hex(b) FROM t ORDER BY b DESC");
    while (select.step().value()) {}
    sodium_memzero(marker.data(), marker.size());
}

TEST_CASE("database: what it held is wiped when it closes", "[vault][database]") {
    const tests::TempDir dir;
    Marker inverted{};
    randombytes_buf(inverted.data(), inverted.size());
    const auto key = *Secret<32>::random();
    {
        auto database = *Database::open(dir / "test.db", key, Database::Mode::create);
        REQUIRE(database.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b)").ok());
        store(database, inverted);
        CHECK(occurrences_in_memory(inverted) > 0);  // the page cache: the search works
    }
    CHECK(occurrences_in_memory(inverted) == 0);
}

TEST_CASE("database: its key is gone when it closes", "[vault][database]") {
    const tests::TempDir dir;
    Marker inverted{};
    const auto key = *Secret<32>::random();
    std::transform(key.view().begin(), key.view().begin() + inverted.size(), inverted.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
    {
        auto database = *Database::open(dir / "test.db", key, Database::Mode::create);
        REQUIRE(database.exec("CREATE TABLE t(a)").ok());
    }
    // The arena's own copy, where that can be seen at all.
    CHECK(occurrences_in_memory(inverted) <= 1);
}

#endif

}  // namespace
}  // namespace nacre::vault
