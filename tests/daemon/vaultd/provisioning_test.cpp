#include "daemon/vaultd/provisioning.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/daemon/vaultd/seal.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

namespace {

const Bytes kShared(32, 0x42);

Bytes sealed(std::uint8_t version = 1) {
    wire::ProvisionMessage message;
    message.set_provisioning_code("code");
    message.set_number("+15550001");
    return tests::seal_provision_body(version, kShared, message.SerializeAsString());
}

}  // namespace

TEST_CASE("provisioning: a body opens to what was sealed", "[vaultd][provisioning]") {
    const auto message = open_provision_body(sealed(), kShared);
    REQUIRE(message.ok());
    CHECK(message->provisioning_code() == "code");
    CHECK(message->number() == "+15550001");
}

TEST_CASE("provisioning: every flipped bit is refused", "[vaultd][provisioning]") {
    const Bytes body = sealed();
    for (std::size_t i = 0; i < body.size(); ++i) {
        Bytes flipped = body;
        flipped[i] ^= 0x10;
        CAPTURE(i);
        if (i == 0)
            CHECK_THAT(open_provision_body(flipped, kShared), FailsWith(ErrorCode::unsupported));
        else
            CHECK_THAT(open_provision_body(flipped, kShared), FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("provisioning: a body cut anywhere is refused", "[vaultd][provisioning]") {
    const Bytes body = sealed();
    for (std::size_t length = 0; length < body.size(); ++length) {
        CAPTURE(length);
        CHECK_THAT(open_provision_body(ByteView{body}.first(length), kShared),
                   FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("provisioning: another version is unsupported though its MAC is right", "[vaultd][provisioning]") {
    CHECK_THAT(open_provision_body(sealed(2), kShared), FailsWith(ErrorCode::unsupported));
    CHECK_THAT(open_provision_body(sealed(0), kShared), FailsWith(ErrorCode::unsupported));
}

TEST_CASE("provisioning: another shared secret is refused", "[vaultd][provisioning]") {
    CHECK_THAT(open_provision_body(sealed(), Bytes(32, 0x43)), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("provisioning: the envelope needs a serialized public key", "[vaultd][provisioning]") {
    wire::ProvisionEnvelope envelope;
    envelope.set_body("x");
    envelope.set_public_key(std::string(33, '\5'));
    CHECK(parse_provision_envelope(as_bytes(envelope.SerializeAsString())).ok());
    envelope.set_public_key(std::string(32, '\5'));
    CHECK_THAT(parse_provision_envelope(as_bytes(envelope.SerializeAsString())),
               FailsWith(ErrorCode::bad_message));
    CHECK_THAT(parse_provision_envelope(as_bytes("\xff\xff")), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("provisioning: the URI is percent-encoded", "[vaultd][provisioning]") {
    // 0xfb 0xef 0xff gives '+', '/' and no padding; one byte more gives '='.
    const Bytes key{0xfb, 0xef, 0xff, 0x00};
    CHECK(link_uri("a b/c=", key) ==
          "sgnl://linkdevice?uuid=a%20b%2Fc%3D&pub_key=%2B%2B%2F%2FAA%3D%3D&capabilities=");
}
