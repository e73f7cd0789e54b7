// A segment written once with version 1 of the format: what later versions must still open.
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
    "4e53504c0100000007000000000000000300000000000000290000000000000021212121212121212121212121"
    "21212121212121212121212121212121212121804a7bf6e8e1d1c1992e31500b8007bef97e1aba73dc02e16cb1"
    "a6c95bfa630b0d67560634a607c9afaca1b7ee503037f3f14d7ccf39e799d11746f77a848343e91294280a5c24"
    "5119bfc44c893486f26245d828c06f2082065fb0aab2e1395bd718065256626d15";

constexpr std::string_view kFirst =
    "11020000ebdfadeaf0a1a57e5e023c614281ac62cd387b7ffc982057156a2058e9de2283dbda69139e6a4d6a88"
    "fe5b0a70d0738c21eb17935c3512dfe0e6bda862a96d7ba435967e7ecbe61bb56537a3135a4caea38bc98befa0"
    "b8e6c8095ceecc39ac59c97d76697611c167d6c66da6184bb133e5bb96ec396a322c69966a57fa5a87d4ec3654"
    "3d7e7b5ca9b329b8f046ab8c17301f499a43b60d48db053545b411020578021510f21515ae8b2ed72684c80e10"
    "7af8afe87559db7852348bbaf710e68afa891232b6fe7680f1e8e907438a849489371936424cc9a01820d9fe2a"
    "04452de836227db5ec7d973f675d580b049ab58530e15e31b1f1b8f631da00e122877fcbb78cfbcc4e11a81243"
    "f9db97b97e2036c9c4a25a9876b778af4e822d5796a4d91d724f07ea9950bceded7b8512c1ea2e991913aaacae"
    "a430b6b7d748fce39dfe4c8b913f6dc3b2a0056c9dda491fa4bd06dc5ac4ed3b74d9f33c0357991ad5b3f0407a"
    "e76665a3598e64f9260e132270ea4765ec91add395897be3e953446318087ac698a2d3f5f996d8336e6257eb0e"
    "48bfeca911060a7220607a89ca9986348aa274ded56afda37dd1f657ffe3fdcddf26302e9056546fc1fe243628"
    "83a30ad3b436daa0793cedf80e0e508c43d94129bc871d5089c7f7702f1961ca08bd16d8e09cd20a1534061455"
    "6569c5f5ff81feebc6037d05b5fead7a71011838e980bbf99250208fac4c256ec53bb9be5ee0cc3474f48091bb"
    "a7f091c7d8a3bba2d0cf43c916eeaa40761b644b33a9d8d104";

constexpr std::string_view kSecond =
    "11020000a4964fd870105db00de4233dbcf1c6fc8df539fee63d9c085e863610044882ad9c72d499cafaf4f769"
    "9abdf9b1cb69349d824714f0ad66a58affa998bed9ad75be059dcad7077f106c89c51b199e6eecfbc5668362f9"
    "f6f31b7269b077c7ec672f7d9049c16eaf4d5ed0ad42cd3065dc0801e64c3374f2fcafbf9ca9c8aa35ff6b0b5b"
    "81b97202081db0359b4ef79c6377c9020d7cf390ec2446cfc1603c7fb9e9d93e4db35dfe2d6b8fe0e81113a4aa"
    "f36531279a96f142bb3732e3eea651c57af0367b332a423ce092f38bc36a356552e7c1f86be7b32cef20356a93"
    "a2fa7ffaeb8b1436dd9fb3ecc5c89ab731e1b7dc39175c147d1e4f4876f0457b27423b4d2912b4263b145b5342"
    "2b559f078fff2f461013eb6eeb52abda5648ac06b82964b80f709f5799a66c72f42a9fc576c4518f495c47822a"
    "f9dfcaec996336b703b621b8b0d16c54dfd55f245f5ac88842602794f88199c7d7f8115feb934dc115549a2a0f"
    "91419ee10d3a9fe35d2f4c577b3c3ccf927ae349a666929b7d77840206ba963307b294ba84ed554b4e4bcaa398"
    "78c005b0c726a94d088d4659f0ca9897cf34b53ad860b0a04ff3813d7357dd9a11959c9ae9c106113e215f804b"
    "dd7f0032ee4952af6e7fcd6b06bc02c1a9f0180b4b8d2afedb115af8b148852a1142ff828ae0e9cca7388d5f8b"
    "5292087a1b0ebbd421e14bf62615ad2345a277c5411a8b6aeb0cf7c9f3d03e7fdc29678d8749bc899639622255"
    "10b463290a27978ec1a327cabc9741dcd41d0af1fcf64ae802";

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

TEST_CASE("spool vectors: a version 1 segment opens", "[spool][vectors]") {
    const EpochKeys epoch = keys();
    auto reader = SegmentReader::begin(bytes(kHeader), epoch);
    REQUIRE(reader.ok());
    CHECK(reader->header().segment == 3);

    Hash before;
    before.fill(0x21);
    const Bytes on_disk = bytes(kFirst);
    const auto record = parse_record(on_disk, before, 41);
    REQUIRE(record.ok());
    const auto first = reader->open(record->sealed);
    REQUIRE(first.ok());
    CHECK(first->sequence == 41);
    CHECK(first->hash_before == before);
    CHECK(first->received_ms == 1'700'000'000'001);
    CHECK(first->server_ms == 1'700'000'000'000);
    CHECK(as_text(first->envelope) == "first envelope");

    const Bytes next_on_disk = bytes(kSecond);
    const auto next = parse_record(next_on_disk, first->hash, 42);
    REQUIRE(next.ok());
    const auto second = reader->open(next->sealed);
    REQUIRE(second.ok());
    CHECK(second->server_ms == 0);
    CHECK(second->envelope.empty());
}

}  // namespace
}  // namespace nacre::spool
