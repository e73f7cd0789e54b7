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
    KeyPair header_pair = *generate_pair();
    KeyPair pair = *generate_pair();
    Secret<32> wrapping_key = *Secret<32>::random();
    Secret<32> vault_key = *Secret<32>::random();

    Sample() {
        clear_slots(slots);
        fill_with_random(vault);
    }
    Result<void> wrap_into(std::size_t index, SlotType type = SlotType::passphrase) {
        pair = NACRE_TRY(generate_pair());
        Slot unused{};
        Slot& slot = index < kSlotCount ? slots[index] : unused;
        NACRE_TRY(write_front(slot, {vault, index}, type, wrapping_key, pair.private_key));
        return write_back_as_slot(slot, {vault, index}, pair, header_pair.public_key, vault_key);
    }
    Result<Unwrapped> open() const { return open_with(wrapping_key); }
    Result<Unwrapped> open_with(const Secret<32>& key) const {
        return unwrap(slots, vault, header_pair.public_key, key);
    }
};

TEST_CASE("slot: opens in any place with its key only", "[vault][slot]") {
    Sample sample;
    const auto index = GENERATE(range(std::size_t{0}, kSlotCount));
    CHECK_THAT(sample.open(),
               FailsWith(ErrorCode::wrong_passphrase));
    REQUIRE(sample.wrap_into(index).ok());
    const auto opened = *sample.open();
    CHECK(opened.index == index);
    CHECK(opened.content.equals(sample.vault_key));
    CHECK_THAT(sample.open_with(sample.vault_key),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slot: is bound to its place and its vault", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(3).ok());
    VaultId other = sample.vault;
    other[0] ^= 1;
    std::swap(sample.vault, other);
    CHECK_THAT(sample.open(), FailsWith(ErrorCode::wrong_passphrase));
    std::swap(sample.vault, other);
    std::swap(sample.slots[3], sample.slots[4]);
    CHECK_THAT(sample.open(),
               FailsWith(ErrorCode::wrong_passphrase));
}

TEST_CASE("slot: any changed byte keeps it shut", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(0).ok());
    const auto byte = GENERATE(range(std::size_t{0}, kSlotSize));
    sample.slots[0][byte] ^= 1;
    // The front tells whether the secret fits; behind it there is only damage.
    const auto expected = byte < 80 ? ErrorCode::wrong_passphrase : ErrorCode::vault_damaged;
    CHECK_THAT(sample.open(), FailsWith(expected));
}

TEST_CASE("slot: wrapping twice gives two ciphertexts", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(0).ok());
    const Slot first = sample.slots[0];
    REQUIRE(sample.wrap_into(0).ok());
    CHECK(first != sample.slots[0]);
    CHECK_THAT(sample.wrap_into(kSlotCount), FailsWith(ErrorCode::internal));
}

TEST_CASE("slot: its content is written anew without its secret", "[vault][slot]") {
    Sample sample;
    REQUIRE(sample.wrap_into(9).ok());
    const Slot before = sample.slots[9];
    const auto next = *generate_pair();
    const auto next_key = *Secret<32>::random();
    REQUIRE(write_back_as_header(sample.slots[9], {sample.vault, 9}, sample.pair.public_key, next,
                                 next_key)
                .ok());
    CHECK(std::equal(before.begin(), before.begin() + 80, sample.slots[9].begin()));
    // With the header's old public half it is damage, not the old key.
    CHECK_THAT(sample.open(), FailsWith(ErrorCode::vault_damaged));
    sample.header_pair.public_key = next.public_key;
    CHECK(sample.open()->content.equals(next_key));
}

TEST_CASE("slot: says what kind it is, and a kind from the future is told", "[vault][slot]") {
    Sample sample;
    for (std::uint32_t type = 1; type <= kNewestSlotType; ++type) {
        REQUIRE(sample.wrap_into(2, static_cast<SlotType>(type)).ok());
        CHECK(static_cast<std::uint32_t>(sample.open()->type) == type);
    }
    REQUIRE(sample.wrap_into(2, static_cast<SlotType>(kNewestSlotType + 1)).ok());
    CHECK_THAT(sample.open(), FailsWith(ErrorCode::vault_too_new));
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
