#include "daemon/vaultd/cipher.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/vaultd/attachment.h"
#include "daemon/vaultd/device_name.h"
#include "daemon/vaultd/padding.h"
#include "signal/signal.pb.h"
#include "tests/daemon/vaultd/seal.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

namespace {

Bytes hex(std::string_view text) {
    Bytes out;
    REQUIRE(from_hex(text, out));
    return out;
}

}  // namespace

TEST_CASE("cipher: the published vectors come out", "[vaultd][cipher]") {
    SECTION("SHA-256 of FIPS 180") {
        CHECK(to_hex(sha256(as_bytes("abc"))) ==
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    SECTION("HMAC-SHA-256 of RFC 4231, case 2") {
        CHECK(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
    SECTION("HKDF-SHA-256 of RFC 5869, case 3: no salt, no info") {
        std::array<std::uint8_t, 42> out;
        REQUIRE(hkdf_sha256(Bytes(22, 0x0b), "", out).ok());
        CHECK(to_hex(out) ==
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    }
    SECTION("AES-256-CBC of SP 800-38A, first block, padded") {
        const Bytes key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        const Bytes iv = hex("000102030405060708090a0b0c0d0e0f");
        const Bytes plaintext = hex("6bc1bee22e409f96e93d7e117393172a");
        const Bytes ciphertext = tests::encrypt_cbc(key, iv, plaintext);
        CHECK(to_hex(ByteView{ciphertext}.first(16)) == "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
        CHECK(decrypt_cbc(key, iv, ciphertext).value() == plaintext);
        CHECK_THAT(decrypt_cbc(key, iv, ByteView{ciphertext}.first(17)),
                   FailsWith(ErrorCode::bad_message));
        CHECK_THAT(decrypt_cbc(key, iv, ByteView{ciphertext}.first(16)),
                   FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("cipher: counter mode is its own inverse", "[vaultd][cipher]") {
    const Bytes key(32, 1);
    const Bytes text = to_bytes("a device name");
    const Bytes once = apply_ctr(key, text).value();
    CHECK(once != text);
    CHECK(apply_ctr(key, once).value() == text);
}

TEST_CASE("attachment: opens, and refuses a wrong key, digest, MAC or size", "[vaultd][attachment]") {
    const Bytes key(64, 0x21);
    const Bytes plaintext = to_bytes("contacts");
    const Bytes blob = tests::seal_attachment(key, plaintext);
    const Digest digest = sha256(blob);
    CHECK(open_attachment(blob, key, digest, plaintext.size()).value() == plaintext);
    CHECK(open_attachment(blob, key, digest, 3).value() == to_bytes("con"));
    CHECK_THAT(open_attachment(blob, key, digest, 9), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(open_attachment(blob, Bytes(64, 0x22), digest, 8), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(open_attachment(blob, Bytes(63, 0x21), digest, 8), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(open_attachment(blob, key, Digest{}, 8), FailsWith(ErrorCode::bad_message));
    for (std::size_t i = 0; i < blob.size(); ++i) {
        Bytes flipped = blob;
        flipped[i] ^= 1;
        CHECK_THAT(open_attachment(flipped, key, sha256(flipped), 8), FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("padding: multiples of 80 bytes that come off again", "[vaultd][padding]") {
    for (const std::size_t length : {0, 1, 79, 80, 159, 160, 161, 1000}) {
        const Bytes content(length, 0x80);
        const Bytes padded = pad(content);
        CAPTURE(length);
        CHECK(padded.size() % 80 == 0);
        CHECK(equal(unpad(padded).value(), content));
    }
}

TEST_CASE("padding: any amount is taken, a missing mark is not", "[vaultd][padding]") {
    CHECK(unpad(Bytes{0x61, 0x80}).value().size() == 1);
    CHECK(unpad(Bytes{0x61, 0x80, 0, 0, 0}).value().size() == 1);
    CHECK_THAT(unpad(Bytes{0x61, 0x62}), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(unpad(Bytes{0, 0}), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(unpad(Bytes{}), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("device name: who holds the agreement reads it", "[vaultd][device_name]") {
    const Bytes agreement(32, 5);
    const Bytes serialized = seal_device_name("server in the attic", Bytes(33, 5), agreement).value();
    wire::DeviceName name;
    REQUIRE(name.ParseFromArray(serialized.data(), static_cast<int>(serialized.size())));
    const Digest cipher_key =
        hmac_sha256(hmac_sha256(agreement, as_bytes("cipher")), as_bytes(name.synthetic_iv()));
    const Bytes opened = apply_ctr(cipher_key, as_bytes(name.ciphertext())).value();
    CHECK(to_string(opened) == "server in the attic");
    const Digest expected = hmac_sha256(hmac_sha256(agreement, as_bytes("auth")), opened);
    CHECK(name.synthetic_iv() == to_string(ByteView{expected}.first(16)));
}
