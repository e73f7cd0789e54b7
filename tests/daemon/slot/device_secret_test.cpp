// Goal: the secret of a slot needs the TPM, and with a passphrase needs that as well.
#include <catch2/catch_test_macros.hpp>

#include "daemon/slot/device_secret.h"
#include "tests/support/matchers.h"
#include "tests/support/software_tpm.h"

using namespace nacre;
using namespace nacre::slot;
using nacre::tests::FailsWith;
using nacre::tests::SoftwareTpm;

namespace {

const bool kQuiet = setenv("TSS2_LOG", "all+NONE", 1) == 0;

Passphrase typed(std::string_view text) { return *Passphrase::from(as_bytes(text)); }

}  // namespace

TEST_CASE("device secret: comes back from its file", "[slot][tpm]") {
    REQUIRE(kQuiet);
    SoftwareTpm device;
    auto tpm = std::move(*Tpm::connect(device.place()));
    const auto made = *make_slot(tpm, tpm::kDefaultRegisters, nullptr);
    CHECK_FALSE(made.file.stretch.has_value());
    const auto file = *tpm::parse_slot_file(serialize(made.file));
    CHECK(open_slot(tpm, file, nullptr)->equals(made.secret));
    const auto other = *make_slot(tpm, tpm::kDefaultRegisters, nullptr);
    CHECK_FALSE(other.secret.equals(made.secret));
    // It is not what the TPM keeps, but made of it.
    CHECK_FALSE(tpm.unseal(file.sealed, file.registers, nullptr)->equals(made.secret));
    const auto passphrase = typed("uncalled for");
    CHECK_THAT(open_slot(tpm, file, &passphrase), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("device secret: with a passphrase neither alone does", "[slot][tpm]") {
    SoftwareTpm device;
    auto tpm = std::move(*Tpm::connect(device.place()));
    const auto right = typed("seven pearls");
    const auto wrong = typed("six pearls");
    const auto made = *make_slot(tpm, tpm::kDefaultRegisters, &right);
    const auto file = *tpm::parse_slot_file(serialize(made.file));
    REQUIRE(file.stretch.has_value());
    CHECK(open_slot(tpm, file, &right)->equals(made.secret));
    CHECK_THAT(open_slot(tpm, file, nullptr), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(open_slot(tpm, file, &wrong), FailsWith(ErrorCode::wrong_passphrase));
    // The same passphrase somewhere else makes something else.
    CHECK_FALSE(make_slot(tpm, tpm::kDefaultRegisters, &right)->secret.equals(made.secret));
    auto cheaper = file;
    cheaper.stretch->memory_kib = 8;
    CHECK_THAT(open_slot(tpm, cheaper, &right), FailsWith(ErrorCode::bad_message));
}
