#include "vault/kdf.h"

#include <argon2.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"
#include "tests/vault/files.h"
#include "vault/kdf_limits.h"
#include "vault/subkey.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;

TEST_CASE("kdf: parameters outside of the limits are damage", "[vault][kdf]") {
    const KdfLimits& limits = kdf_limits();
    const KdfParameters good{limits.floor_kib, limits.min_passes, 1};
    CHECK(check(good).ok());
    const auto bad = [&](auto change) {
        KdfParameters parameters = good;
        change(parameters);
        return check(parameters);
    };
    const auto damaged = FailsWith(ErrorCode::vault_damaged);
    CHECK_THAT(bad([&](auto& p) { p.memory_kib = limits.floor_kib - 1; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.memory_kib = limits.ceiling_kib + 1; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.memory_kib = 0xffffffff; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.passes = 0; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.passes = limits.max_passes + 1; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.passes = 0xffffffff; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.lanes = 0; }), damaged);
    CHECK_THAT(bad([&](auto& p) { p.lanes = limits.max_lanes + 1; }), damaged);
}

TEST_CASE("kdf: derives what libargon2's own call derives", "[vault][kdf]") {
    const KdfParameters parameters = GENERATE(KdfParameters{8192, 1, 1}, KdfParameters{8192, 2, 4});
    std::array<std::uint8_t, kSaltSize> salt{};
    salt[0] = 7;
    const auto passphrase = tests::passphrase();
    const auto key = *derive_key(passphrase, salt, parameters);
    std::array<std::uint8_t, 32> expected{};
    REQUIRE(argon2id_hash_raw(parameters.passes, parameters.memory_kib, parameters.lanes,
                              passphrase.view().data(), passphrase.view().size(), salt.data(),
                              salt.size(), expected.data(), expected.size()) == ARGON2_OK);
    CHECK(equal(key.view(), expected));
    salt[0] = 8;
    CHECK_FALSE(key.equals(*derive_key(passphrase, salt, parameters)));
    CHECK_FALSE(key.equals(*derive_key(tests::passphrase("other"), salt, parameters)));
}

// kdf.cpp gives the memory back as it is: libargon2 must have wiped it.
bool g_was_wiped = false;

int take(std::uint8_t** memory, std::size_t size) {
    *memory = new std::uint8_t[size];
    return ARGON2_OK;
}

void look_and_free(std::uint8_t* memory, std::size_t size) {
    g_was_wiped = std::all_of(memory, memory + size, [](std::uint8_t byte) { return byte == 0; });
    delete[] memory;
}

TEST_CASE("kdf: libargon2 wipes its memory", "[vault][kdf]") {
    std::array<std::uint8_t, 32> out{};
    std::array<std::uint8_t, 32> input{};
    argon2_context context{};
    context.out = out.data();
    context.outlen = out.size();
    context.pwd = context.salt = input.data();
    context.pwdlen = context.saltlen = input.size();
    context.t_cost = 1;
    context.m_cost = 64;
    context.lanes = context.threads = 1;
    context.version = ARGON2_VERSION_13;
    context.allocate_cbk = take;
    context.free_cbk = look_and_free;
    REQUIRE(argon2id_ctx(&context) == ARGON2_OK);
    CHECK(g_was_wiped);
}

TEST_CASE("kdf: calibration stays within the limits and grows with the target", "[vault][kdf]") {
    const auto least = *calibrate(1);
    CHECK(check(least).ok());
    const auto more = *calibrate(10'000);
    CHECK(check(more).ok());
    CHECK(more.memory_kib >= least.memory_kib);
    CHECK(more.passes * std::uint64_t{more.memory_kib} >
          least.passes * std::uint64_t{least.memory_kib});
}

TEST_CASE("subkey: one a purpose", "[vault][subkey]") {
    const auto vault_key = *Secret<32>::random();
    const auto database = *derive_subkey(vault_key, Purpose::database);
    CHECK(database.equals(*derive_subkey(vault_key, Purpose::database)));
    CHECK_FALSE(database.equals(vault_key));
    for (const auto other : {Purpose::header, Purpose::blobs, Purpose::backups}) {
        CHECK_FALSE(database.equals(*derive_subkey(vault_key, other)));
    }
}

}  // namespace
}  // namespace nacre::vault
