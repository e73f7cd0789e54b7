#include "daemon/libsignal/keys.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/daemon/libsignal/support.h"
#include "tests/support/matchers.h"

namespace nacre::signal {
namespace {

using tests::FailsWith;

struct OpenHost {
    std::unique_ptr<Host> host_ = Host::open(default_addon_path()).value();
    Host& host = *host_;
};

Bytes hex(std::string_view text) {
    Bytes bytes;
    if (!from_hex(text, bytes)) std::abort();
    return bytes;
}

TEST_CASE_METHOD(OpenHost, "keys: two sides agree on the same secret", "[libsignal][keys]") {
    const auto a = generate_key_pair(host).value();
    const auto b = generate_key_pair(host).value();
    CHECK(a.public_key.size() == 33);
    CHECK(a.public_key[0] == 5);
    CHECK(public_key(host, a.private_key).value() == a.public_key);
    CHECK(agree(host, a.private_key, b.public_key)
              .value()
              .equals(agree(host, b.private_key, a.public_key).value()));
    CHECK_THAT(agree(host, a.private_key, to_bytes("no key")), FailsWith(ErrorCode::bad_message));
}

TEST_CASE_METHOD(OpenHost, "keys: a signature verifies for its message alone",
                 "[libsignal][keys]") {
    const auto pair = generate_key_pair(host).value();
    auto signature = sign(host, pair.private_key, to_bytes("message")).value();
    CHECK(signature.size() == 64);
    CHECK(verify(host, pair.public_key, to_bytes("message"), signature).value());
    CHECK_FALSE(verify(host, pair.public_key, to_bytes("massage"), signature).value());
    CHECK_FALSE(verify(host, pair.public_key, to_bytes("message"), Bytes(63)).value());
    CHECK_THAT(verify(host, Bytes(33, 9), to_bytes("message"), signature),
               FailsWith(ErrorCode::bad_message));
}

TEST_CASE_METHOD(OpenHost, "keys: pre-keys are signed by the identity", "[libsignal][keys]") {
    const auto identity = generate_key_pair(host).value();
    const auto plain = make_pre_key(host, 7).value();
    CHECK(plain.id == 7);
    CHECK(plain.signature.empty());
    const auto ec = make_signed_pre_key(host, 8, identity.private_key, tests::kNow).value();
    const auto kyber = make_kyber_pre_key(host, 9, identity.private_key, tests::kNow).value();
    CHECK(kyber.public_key.size() == 1569);
    for (const PreKey& key : {ec, kyber}) {
        CHECK(verify(host, identity.public_key, key.public_key, key.signature).value());
        CHECK(key.record.size() > key.public_key.size());
    }
}

TEST_CASE_METHOD(OpenHost, "keys: HKDF gives RFC 5869's vector", "[libsignal][keys]") {
    const auto okm = hkdf_sha256(host, Bytes(22, 0x0b), hex("000102030405060708090a0b0c"),
                                 hex("f0f1f2f3f4f5f6f7f8f9"), 42)
                         .value();
    CHECK(to_hex(okm) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    // Its third: neither salt nor info.
    CHECK(to_hex(hkdf_sha256(host, Bytes(22, 0x0b), {}, {}, 42).value()) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    CHECK_THAT(hkdf_sha256(host, Bytes(22), {}, {}, 255 * 32 + 1),
               FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(hkdf_sha256(host, Bytes(22), {}, {}, 0), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE_METHOD(OpenHost, "keys: an access key is AES-256-GCM of zeros under the profile key",
                 "[libsignal][keys]") {
    // The first block of the key stream of an all-zero key and nonce, as in GCM's test case 14.
    CHECK(to_hex(derive_access_key(host, Bytes(32)).value()) == "cea7403d4d606b6e074ec5d3baf39d18");
    CHECK_THAT(derive_access_key(host, Bytes(31)), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE_METHOD(OpenHost, "keys: a master key comes from a valid entropy pool",
                 "[libsignal][keys]") {
    const std::string pool(64, '5');
    const auto key = derive_master_key(host, pool).value();
    const auto same = hkdf_sha256(host, to_bytes(pool), {},
                                  to_bytes("20240801_SIGNAL_SVR_MASTER_KEY"), 32)
                          .value();
    CHECK(equal(key.view(), same));
    CHECK_THAT(derive_master_key(host, "too short"), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE_METHOD(OpenHost, "keys: both sides read the same safety number", "[libsignal][keys]") {
    const auto a = generate_key_pair(host).value();
    const auto b = generate_key_pair(host).value();
    const auto alice = tests::address(1).service;
    const auto bob = tests::address(2).service;
    const auto number = safety_number(host, alice, a.public_key, bob, b.public_key).value();
    CHECK(number.size() == 60);
    CHECK(number == safety_number(host, bob, b.public_key, alice, a.public_key).value());
    CHECK(number != safety_number(host, alice, a.public_key, bob, a.public_key).value());
}

TEST_CASE("keys: registration ids have 14 bits and are not zero", "[libsignal][keys]") {
    for (int i = 0; i < 1000; ++i) {
        const auto id = generate_registration_id().value();
        CHECK((id >= 1 && id <= 0x3FFF));
    }
}

}  // namespace
}  // namespace nacre::signal
