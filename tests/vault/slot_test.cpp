#include "vault/slot.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/support/matchers.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;

struct Sample {
    Slots slots{};
    VaultId vault{};
    Secret<32> wrapping_key = *Secret<32>::random();
    Secret<32> vault_key = *Secret<32>::random();

    Sample() {
        clear_slots(slots);
        fill_with_random(vault);
    }
    Result<void> wrap_into(std::size_t index) {
        return wrap(slots, index, vault, SlotType::passphrase, wrapping_key, vault_key);
    }
};

TEST_CASE("slot: opens in any place with its key only", "[vault][slot]") {
    Sample sample;
    const auto index = GENERATE(range(std::size_t{0}, kSlotCount));
    CHECK_THAT(unwrap(sample.slots, sample.vault, sample.wrapping_key),
               FailsWith(ErrorCode::wrong_passphrase));
    REQUIRE(sample.wrap_into(index).ok());
    const auto opened = *unwrap(sample.slots, sample.vault, sample.wrapping_key);
    CHECK(opened.index == index);
    CHECK(opened.vault_key.equals(sample.vault_key));
    CHECK_THAT(unwrap(sample.slots, sample.vault, sample.vault_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slot: is bound to its place and its vault", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(3).ok());
    VaultId other = sample.vault;
    other[0] ^= 1;
    CHECK_THAT(unwrap(sample.slots, other, sample.wrapping_key),
               FailsWith(ErrorCode::wrong_passphrase));
    std::swap(sample.slots[3], sample.slots[4]);
    CHECK_THAT(unwrap(sample.slots, sample.vault, sample.wrapping_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slot: any changed byte keeps it shut", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(0).ok());
    const auto byte = GENERATE(range(std::size_t{0}, kSlotSize));
    sample.slots[0][byte] ^= 1;
    CHECK_THAT(unwrap(sample.slots, sample.vault, sample.wrapping_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slot: wrapping twice gives two ciphertexts", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(0).ok());
    const Slot first = sample.slots[0];
    REQUIRE(sample.wrap_into(0).ok());
    CHECK(first != sample.slots[0]);
    CHECK_THAT(sample.wrap_into(kSlotCount), FailsWith(ErrorCode::internal));
}

// A used slot must not stand out: bits of 16 random and 16 used slots, counted by place.
TEST_CASE("slot: a used one looks like an unused one", "[vault][slot]") {
    Sample sample;
    std::array<int, kSlotSize> used{};
    for (int round = 0; round < 64; ++round) {
        REQUIRE(sample.wrap_into(0).ok());
        for (std::size_t at = 0; at < kSlotSize; ++at) used[at] += __builtin_popcount(sample.slots[0][at]);
    }
    // 512 bits a place: 256 expected, standard deviation 11.3; 8 deviations.
    CHECK(std::all_of(used.begin(), used.end(), [](int bits) { return bits > 165 && bits < 347; }));
}

}  // namespace
}  // namespace nacre::vault
