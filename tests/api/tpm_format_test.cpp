// Goal: a TPM slot's file and the messages to nacre-slot are read as they were written, and nothing
// else is taken for one.
#include <catch2/catch_test_macros.hpp>

#include "api/tpm/wire.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::tpm;
using nacre::tests::FailsWith;

namespace {

SlotFile sample() {
    SlotFile file;
    file.registers = 1U << 4 | 1U << 7;
    file.slot = 5;
    file.stretch = Stretch{262144, 3, 2, {}};
    file.stretch->salt.fill(0x5a);
    file.sealed.parent = 0x81000001;
    file.sealed.parent_name.fill(0x0b);
    file.sealed.public_part = Bytes(78, 1);
    file.sealed.private_part = Bytes(222, 2);
    return file;
}

}  // namespace

TEST_CASE("tpm file: is read as it was written", "[tpm]") {
    SlotFile file = sample();
    CHECK(*parse_slot_file(serialize(file)) == file);
    file.stretch.reset();
    file.slot.reset();
    file.sealed.parent = 0;
    CHECK(*parse_slot_file(serialize(file)) == file);
    file.sealed.public_part = Bytes(kMostPublicBytes, 1);
    file.sealed.private_part = Bytes(kMostPrivateBytes, 2);
    CHECK(serialize(file).size() == kMostFileBytes);
    CHECK(*parse_slot_file(serialize(file)) == file);
}

TEST_CASE("tpm file: as FORMAT.md says", "[tpm]") {
    const Bytes bytes = serialize(sample());
    REQUIRE(bytes.size() == 118 + 78 + 222 + 32);
    CHECK(to_hex(ByteView{bytes}.first(52)) ==
          "6e616372652e74706d0d0a1a0a000000"
          "01000000" "01000000" "90000000" "05000000" "01000081"
          "00000400" "03000000" "02000000" "5a5a5a5a");
    CHECK(to_hex(ByteView{bytes}.subspan(112, 7)) == "0b0b" "4e00" "de00" "01");
    CHECK(to_hex(ByteView{bytes}.last(32)) == "4f269d3398173306f329fd310141aa2e7816e9fa34c048c878907daa679a8e3e");
}

TEST_CASE("tpm file: no damage passes", "[tpm]") {
    const Bytes whole = serialize(sample());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes damaged = whole;
        damaged[at] ^= 0x10;
        INFO(at);
        CHECK_THAT(parse_slot_file(damaged), FailsWith(ErrorCode::bad_message));
        CHECK_THAT(parse_slot_file(ByteView{whole}.first(at)), FailsWith(ErrorCode::bad_message));
    }
    Bytes longer = whole;
    longer.push_back(0);
    CHECK_THAT(parse_slot_file(longer), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("tpm file: what nothing writes is refused", "[tpm]") {
    const auto refused = [](auto change) {
        SlotFile file = sample();
        change(file);
        return !parse_slot_file(serialize(file)).ok();
    };
    CHECK(refused([](SlotFile& file) { file.registers = 0; }));
    CHECK(refused([](SlotFile& file) { file.registers = 1U << 16; }));
    CHECK(refused([](SlotFile& file) { file.slot = 16; }));
    CHECK(refused([](SlotFile& file) { file.sealed.parent = 0x40000001; }));
    CHECK(refused([](SlotFile& file) { file.sealed.public_part.clear(); }));
    CHECK(refused([](SlotFile& file) { file.sealed.private_part.clear(); }));
    CHECK(refused([](SlotFile& file) { file.sealed.private_part = Bytes(kMostPrivateBytes + 1, 2); }));
}

TEST_CASE("tpm wire: messages are read as they were written", "[tpm]") {
    const Request seal = *parse_request(serialize(Request{kDefaultRegisters, true, {}}));
    CHECK(seal.seal == kDefaultRegisters);
    CHECK(seal.with_passphrase);
    const Request unseal = *parse_request(serialize(Request{{}, false, Bytes(3, 7)}));
    CHECK_FALSE(unseal.seal.has_value());
    CHECK(unseal.file == Bytes(3, 7));
    const Reply reply = *parse_reply(serialize(Reply{ErrorCode::rate_limited, 0x921, 0x80, Bytes(2, 1)}));
    CHECK(reply.failed == ErrorCode::rate_limited);
    CHECK(reply.tpm_code == 0x921);
    CHECK(reply.blank == 0x80);
    CHECK(reply.file == Bytes(2, 1));
    CHECK_FALSE(parse_reply(serialize(Reply{}))->failed.has_value());
}

TEST_CASE("tpm wire: what is no message is refused", "[tpm]") {
    Bytes request = serialize(Request{kDefaultRegisters, false, {}});
    CHECK_THAT(parse_request(ByteView{request}.first(7)), FailsWith(ErrorCode::bad_message));
    request[6] = 1;  // register 16
    CHECK_THAT(parse_request(request), FailsWith(ErrorCode::bad_message));
    request = serialize(Request{{}, false, Bytes(kMostFileBytes + 64, 7)});
    CHECK_THAT(parse_request(request), FailsWith(ErrorCode::bad_message));
    Bytes reply = serialize(Reply{});
    CHECK_THAT(parse_reply(ByteView{reply}.first(11)), FailsWith(ErrorCode::bad_message));
    reply[1] = 0xfe;
    CHECK_THAT(parse_reply(reply), FailsWith(ErrorCode::bad_message));
}
