// Goal: a TPM gives a slot's secret back where it was sealed, while the registers are as they were,
// and nowhere else; and nobody on the bus reads it. Against a TPM in software.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "daemon/slot/tpm.h"
#include "daemon/slot/tpm_parts.h"
#include "tests/support/matchers.h"
#include "tests/support/software_tpm.h"
#include "tests/support/tap.h"

using namespace nacre;
using namespace nacre::slot;
using nacre::tests::FailsWith;
using nacre::tests::SoftwareTpm;
using nacre::tests::Tap;
using nacre::tests::TempDir;

namespace {

constexpr Registers kSeven = 1U << 7;
constexpr Registers kBoot = 1U << 4 | 1U << 7 | 1U << 11;

const bool kQuiet = setenv("TSS2_LOG", "all+NONE", 1) == 0;

Tpm connect(const SoftwareTpm& device) { return std::move(*Tpm::connect(device.place())); }

}  // namespace

TEST_CASE("tpm: gives back what it sealed, also after a boot", "[slot][tpm]") {
    REQUIRE(kQuiet);
    SoftwareTpm device;
    const auto secret = *Secret<32>::random();
    Sealed sealed;
    {
        auto tpm = connect(device);
        sealed = *tpm.seal(secret, kBoot, nullptr);
        // More often than it has room for: everything is given back.
        for (int i = 0; i < 4; ++i) CHECK(tpm.unseal(sealed, kBoot, nullptr)->equals(secret));
    }
    CHECK(sealed.parent == 0);
    device.restart();
    CHECK(connect(device).unseal(sealed, kBoot, nullptr)->equals(secret));
}

TEST_CASE("tpm: gives nothing when a chosen register has changed", "[slot][tpm]") {
    SoftwareTpm device;
    const auto secret = *Secret<32>::random();
    const Sealed sealed = *connect(device).seal(secret, kSeven, nullptr);
    REQUIRE(device.extend(4));
    CHECK(connect(device).unseal(sealed, kSeven, nullptr)->equals(secret));
    // Asked for other registers than it was sealed to.
    CHECK_THAT(connect(device).unseal(sealed, kBoot, nullptr),
               FailsWith(ErrorCode::environment_changed));
    REQUIRE(device.extend(7));
    CHECK_THAT(connect(device).unseal(sealed, kSeven, nullptr),
               FailsWith(ErrorCode::environment_changed));
    device.restart();
    CHECK(connect(device).unseal(sealed, kSeven, nullptr)->equals(secret));
}

TEST_CASE("tpm: says which registers nothing was measured into", "[slot][tpm]") {
    SoftwareTpm device;
    REQUIRE(device.extend(0));
    REQUIRE(device.extend(11));
    CHECK(*connect(device).blank(kBoot) == (1U << 4 | 1U << 7));
    CHECK(*connect(device).blank(tpm::kAllRegisters) == (tpm::kAllRegisters & ~(1U | 1U << 11)));
}

TEST_CASE("tpm: a TPM without SHA-256 registers seals nothing", "[slot][tpm]") {
    SoftwareTpm device;
    REQUIRE(device.run({"tpm2_pcrallocate", "sha1:all+sha256:none"}));
    device.restart();
    CHECK_THAT(connect(device).blank(kSeven), FailsWith(ErrorCode::unsupported));
}

TEST_CASE("tpm: a wrong value is refused, then all are until the lockout ends", "[slot][tpm]") {
    SoftwareTpm device;
    const auto secret = *Secret<32>::random();
    const auto right = *Secret<32>::random();
    const auto wrong = *Secret<32>::random();
    const Sealed sealed = *connect(device).seal(secret, kSeven, &right);
    const Sealed alone = *connect(device).seal(secret, kSeven, nullptr);
    CHECK(connect(device).unseal(sealed, kSeven, &right)->equals(secret));
    CHECK_THAT(connect(device).unseal(sealed, kSeven, nullptr),
               FailsWith(ErrorCode::environment_changed));
    REQUIRE(device.run({"tpm2_dictionarylockout", "--setup-parameters", "--max-tries=3",
                        "--recovery-time=1000", "--lockout-recovery-time=1000"}));
    for (int i = 0; i < 3; ++i) {
        CHECK_THAT(connect(device).unseal(sealed, kSeven, &wrong),
                   FailsWith(ErrorCode::wrong_passphrase));
    }
    CHECK_THAT(connect(device).unseal(sealed, kSeven, &right), FailsWith(ErrorCode::rate_limited));
    // Others' guesses do not lock out a slot that has no passphrase.
    CHECK(connect(device).unseal(alone, kSeven, nullptr)->equals(secret));
    REQUIRE(device.run({"tpm2_dictionarylockout", "--clear-lockout"}));
    CHECK(connect(device).unseal(sealed, kSeven, &right)->equals(secret));
}

TEST_CASE("tpm: another TPM, and the same one cleared, are told apart", "[slot][tpm]") {
    SoftwareTpm device;
    const SoftwareTpm other;
    const Sealed sealed = *connect(device).seal(*Secret<32>::random(), kSeven, nullptr);
    CHECK_THAT(connect(other).unseal(sealed, kSeven, nullptr), FailsWith(ErrorCode::not_found));
    REQUIRE(device.run({"tpm2_clear"}));
    CHECK_THAT(connect(device).unseal(sealed, kSeven, nullptr), FailsWith(ErrorCode::not_found));
}

TEST_CASE("tpm: damage is damage", "[slot][tpm]") {
    SoftwareTpm device;
    const Sealed sealed = *connect(device).seal(*Secret<32>::random(), kSeven, nullptr);
    Sealed damaged = sealed;
    damaged.private_part[damaged.private_part.size() / 2] ^= 1;
    CHECK_THAT(connect(device).unseal(damaged, kSeven, nullptr), FailsWith(ErrorCode::bad_message));
    damaged = sealed;
    damaged.public_part.back() ^= 1;
    CHECK_THAT(connect(device).unseal(damaged, kSeven, nullptr), FailsWith(ErrorCode::bad_message));
    damaged = sealed;
    damaged.private_part.push_back(0);
    CHECK_THAT(connect(device).unseal(damaged, kSeven, nullptr), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("tpm: where the owner hierarchy has a password, the storage root key serves", "[slot][tpm]") {
    SoftwareTpm device;
    const TempDir folder;
    const std::string context = (folder / "key").string();
    const auto secret = *Secret<32>::random();
    REQUIRE(device.run({"tpm2_changeauth", "-c", "owner", "owned"}));
    CHECK_THAT(connect(device).seal(secret, kSeven, nullptr), FailsWith(ErrorCode::unauthenticated));
    REQUIRE(device.run({"tpm2_createprimary", "-P", "owned", "-G", "ecc", "-c", context}));
    REQUIRE(device.run({"tpm2_evictcontrol", "-P", "owned", "-c", context, "0x81000001"}));
    REQUIRE(device.run({"tpm2_flushcontext", "-t"}));
    const Sealed sealed = *connect(device).seal(secret, kSeven, nullptr);
    CHECK(sealed.parent == 0x81000001);
    CHECK(connect(device).unseal(sealed, kSeven, nullptr)->equals(secret));
    REQUIRE(device.run({"tpm2_evictcontrol", "-P", "owned", "-c", "0x81000001"}));
    CHECK_THAT(connect(device).unseal(sealed, kSeven, nullptr), FailsWith(ErrorCode::not_found));
}

TEST_CASE("tpm: no secret crosses the bus in the clear", "[slot][tpm]") {
    SoftwareTpm device;
    const TempDir folder;
    const std::string bus_path = (folder / "bus").string();
    Tap bus{bus_path, device.place().path};
    // The emulator's second socket, of its settings.
    Tap settings{bus_path + ".ctrl", device.place().path + ".ctrl"};
    const auto secret = *Secret<32>::random();
    const auto auth = *Secret<32>::random();
    Sealed sealed;
    {
        auto tpm = std::move(*Tpm::connect({tpm::Address::Kind::emulator, bus_path}));
        sealed = *tpm.seal(secret, kSeven, &auth);
        REQUIRE(tpm.unseal(sealed, kSeven, &auth)->equals(secret));
    }
    const std::string& heard = bus.heard();
    // What is no secret is there, so it would show one.
    const TPM2B_PUBLIC part = *parse_public(sealed.public_part);
    const std::string policy{as_text({part.publicArea.authPolicy.buffer, 32})};
    REQUIRE(heard.find(policy) != std::string::npos);
    for (const auto* hidden : {&secret, &auth}) {
        for (std::size_t at = 0; at + 8 <= 32; at += 8) {
            CHECK(heard.find(as_text(hidden->view()).substr(at, 8)) == std::string::npos);
        }
    }
}

TEST_CASE("tpm: none, or one that may not be opened", "[slot][tpm]") {
    const TempDir folder;
    for (const auto kind : {tpm::Address::Kind::device, tpm::Address::Kind::emulator}) {
        CHECK_THAT(Tpm::connect({kind, (folder / "none").string()}), FailsWith(ErrorCode::unavailable));
    }
}
