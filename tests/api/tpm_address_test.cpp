// Goal: a TPM is looked for where nacre-slot's sandbox lets it, and nowhere else.
#include "api/tpm/address.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/matchers.h"

using namespace nacre;
using nacre::tests::FailsWith;
using tpm::parse_address;

TEST_CASE("tpm address: a device, or an emulator's socket", "[tpm]") {
    const auto device = *parse_address("device:/dev/tpmrm0");
    CHECK(device.kind == tpm::Address::Kind::device);
    CHECK(device.path == "/dev/tpmrm0");
    const auto emulator = *parse_address("swtpm:path=/run/a:b=c");
    CHECK(emulator.kind == tpm::Address::Kind::emulator);
    CHECK(emulator.path == "/run/a:b=c");
}

TEST_CASE("tpm address: nothing else", "[tpm]") {
    for (const char* text : {"", "device", "device:", "swtpm:", "swtpm:path=", "swtpm:host=localhost,port=2321",
                             "swtpm:path=/a,port=1", "tabrmd:", "cmd:reboot", "pcap:device:/dev/tpm0",
                             "Device:/dev/tpm0", "/dev/tpm0"}) {
        CAPTURE(text);
        CHECK_THAT(parse_address(text), FailsWith(ErrorCode::invalid_argument));
    }
}
