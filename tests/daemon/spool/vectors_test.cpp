// A segment written once with version 2 of the format: what later versions must still open.
#include <catch2/catch_test_macros.hpp>
#include <algorithm>
#include <string_view>

#include "daemon/spool/open.h"

namespace nacre::spool {
namespace {

// Epoch 7, segment 3, first sequence 41; the record before has the hash 0x21 times 32.
constexpr std::string_view kPublicKey =
    "04467a9adc9bf82ba101787fe0c55e3e7fa7c8cd9dbf171822a7ccb29fb08b41";

constexpr std::string_view kPrivateKey =
    "4cb9549f9e3312da085d7ec18c5ce39380f96e2203d470b59bb45302a6cc5d6a";

constexpr std::string_view kHeader =
    "4e53504c0200000007000000000000000300000000000000290000000000000021212121212121212121212121"
    "212121212121212121212121212121212121216e5efd1e3de28a7159976955c75cef348f44c0f244b55f0cee29"
    "dff016ed9e6f4af8b97b25666993512bad7eb21a21ca3b8619b0664213001a001dc7d566acfec8c68353c44d5c"
    "b5922022e81e98ff2dc6292d8031284aab954eeba2f1d9f440";

constexpr std::string_view kFirst =
    "1002000029000000000000003aa923189eb611b60bba05e5173a40f60211924a13fa3dfa1659abd84e292f7c55"
    "72c3b5c9ef13f8954088f34aa851e1ccd0a0b29eceae503b4f288b101193f59d532df35add25065d9aaae8d38c"
    "3ef950361d508464404bd9a154c32ebfc4b54e1e0f0943e04fa7d552d8a1e7f76b269233ff5741f6b0af648d98"
    "26b933c122005e9a187a71fe8b38c681dd04ae6793f39c64230e1ff3d18248e87c3bb8b4e39bc138086886ba3d"
    "b43050a183f2e2b3e9452b20f97355d000356aa5921543461ec5d37a021f15ccd05e75f4981ce82474e4a00261"
    "cef5838a59a48677dc4f2ac88af3f1602834a665cd1e2fad600c66a5c9252777a38ebe8de1d1717513fed1a91a"
    "5487c02b9ab0cfa5e9b2772ef5d93f302b58d16cde964dfa37a7a0145ac490e03c90721d6c1b875602251bcd99"
    "b94dcd9de558600d7fc9100de3313f502f17bd10650644d50aa9f93afca45c8d249c32da1009fc60cf4735897a"
    "3523c4a4fc4263d008de9697539c204f6fab2d0d4b324787ee1fecc1ddda09d1ba2af3bfdeb067c6ee2c075177"
    "bc6efa2a59b99875a5e882a6e8803d016c145138da0a92fbc73a0c2155a48a39f2849b01b9b6d1c6fe323931b9"
    "a25b2ebaf08c290d74ee877aa38dcfaf27170520913f95863e58be19a1bf3a9d21fb0dd9b20029725983db3b75"
    "f492c60f67e26da24b6bdaac58aa76fb472968f44f40ff39a27e51ccf7095a72800a27ad12df520ee3a7361b28"
    "e9cbd91570adc70e853c84d934893c8b7104cf43cb9110d24d67854ea0c0a0f6";

constexpr std::string_view kSecond =
    "100200002a00000000000000da35bd19d09ec197a906f26a0551979079d2398995086d3fb9834cd70ef5a67785"
    "668df1a29b5e2a31c22aa2b194215123e1f9e5b17ae754ddb0c3e48ec5170eb7a9fe836cc224b795ab57ccf3eb"
    "1e6340dc090d8c9c7f904deb79e78f653a7f1bd4a815f5da36ad32341fb01e7b626f9425269b15440e75e21c16"
    "8d638eda022a0009b6b39ac31d07b035208b7db19f9fe88e51f329ef8743356c27b325fea6a0d4bde275d6c21b"
    "bcbe9eccd8ba71e48d0866fada278958e405153d344c7da1889d105489ea2c55b158ea1257623bdd80381ba2c3"
    "ca603b6f185685e5e8b33a263a11b1a7ca9d816a4a52f53dfcfac59a9bd3adfa34afdb99ced5a3440bffab8b4f"
    "e735a4b1a41a54be4c61863baa3813c86bfb1fbdaf234842122a9890e4467509bc7eea09ec3ab587cb8e67f394"
    "5f3d6b65a349acdfda813f0632cba1db6521919773c0c6c1a56a386cd46c71934626194539eb5113e912b66539"
    "dded71426509c3e6f4104d821179aad2b2c732a7a8e5d0bfe1ae11d330a1dd2b5d62689476e410eda5d611d4fe"
    "d16da8e6ad11411c877806810ac5e6809ac08526aa184c94c6dd9b6de1dbe7e6c8982e2eb3758f55504e5fc64c"
    "4659afa01a8f47daa98a800af7beeb2f66d67e29d3a87f9a72fcb54768ec57ca505e992afcd86a9784521fcb8f"
    "a68511df14420837949c48a6576087843047aad1a94b8518eb32b13bfcadd093475d5df7634ff92764fefdf231"
    "700dd2755ceea18f67444b28d69a341729d57799c22c21747dcb57e73e5b360d";

Bytes bytes(std::string_view hex) {
    Bytes out;
    REQUIRE(from_hex(hex, out));
    return out;
}

EpochKeys keys() {
    const Bytes secret = bytes(kPrivateKey);
    const Bytes open = bytes(kPublicKey);
    EpochKeys out{7, {}, Secret<32>::from(std::span<const std::uint8_t, 32>{secret}).value()};
    std::copy_n(open.begin(), open.size(), out.public_key.begin());
    return out;
}

TEST_CASE("spool vectors: a version 2 segment opens", "[spool][vectors]") {
    const EpochKeys epoch = keys();
    const auto reader = SegmentReader::begin(bytes(kHeader), epoch);
    REQUIRE(reader.ok());
    CHECK(reader->header().segment == 3);
    Hash before;
    before.fill(0x21);
    CHECK(reader->header().hash_before == before);

    const Bytes on_disk = bytes(kFirst);
    const auto record = parse_record(on_disk, 3);
    REQUIRE(record.ok());
    const auto first = reader->open(record->sequence, record->sealed);
    REQUIRE(first.ok());
    CHECK(first->sequence == 41);
    CHECK(first->hash_before == before);
    CHECK(first->received_ms == 1'700'000'000'001);
    CHECK(first->server_ms == 1'700'000'000'000);
    CHECK(as_text(first->envelope) == "first envelope");

    const Bytes next_on_disk = bytes(kSecond);
    const auto next = parse_record(next_on_disk, 3);
    REQUIRE(next.ok());
    const auto second = reader->open(next->sequence, next->sealed);
    REQUIRE(second.ok());
    CHECK(second->hash_before == first->hash);
    CHECK(second->server_ms == 0);
    CHECK(second->envelope.empty());
}

}  // namespace
}  // namespace nacre::spool
