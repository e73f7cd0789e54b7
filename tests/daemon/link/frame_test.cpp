#include "daemon/link/frame.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::link;
using nacre::tests::FailsWith;

namespace {

std::string encoded(const Frame& frame) {
    std::string out;
    REQUIRE(encode(frame, out).ok());
    return out;
}

Frame committed(std::uint64_t sequence) {
    Frame frame;
    frame.mutable_committed()->set_sequence(sequence);
    return frame;
}

Result<std::optional<Frame>> read(std::string_view bytes) {
    FrameReader reader;
    reader.push(as_bytes(bytes));
    return reader.next();
}

// One of each kind, the smallest that is not hollow.
Frame sample(Frame::BodyCase body, std::uint64_t id) {
    Frame frame;
    frame.set_request_id(id);
    switch (body) {
        case Frame::kHello: frame.mutable_hello(); break;
        case Frame::kLogin: frame.mutable_login(); break;
        case Frame::kLogout: frame.mutable_logout(); break;
        case Frame::kConnect: frame.mutable_connect(); break;
        case Frame::kProvision: frame.mutable_provision(); break;
        case Frame::kCancel: frame.mutable_cancel(); break;
        case Frame::kChat: frame.mutable_chat()->mutable_whoami(); break;
        case Frame::kDownload: frame.mutable_download()->set_cdn_id(1); break;
        case Frame::kEpoch: frame.mutable_epoch(); break;
        case Frame::kCommitted: frame.mutable_committed(); break;
        case Frame::kCredit: frame.mutable_credit(); break;
        case Frame::kLeaveKeys: frame.mutable_leave_keys(); break;
        case Frame::kKeysLeft: frame.mutable_keys_left(); break;
        case Frame::kDone: frame.mutable_done(); break;
        case Frame::kFailed: frame.mutable_failed(); break;
        case Frame::kChatReply: frame.mutable_chat_reply(); break;
        case Frame::kProvisionEvent: frame.mutable_provision_event()->set_address("a"); break;
        case Frame::kChunk: frame.mutable_chunk(); break;
        case Frame::kSpoolSegment: frame.mutable_spool_segment(); break;
        case Frame::kSpoolRecord: frame.mutable_spool_record(); break;
        case Frame::kSpoolLost: frame.mutable_spool_lost(); break;
        case Frame::kSpoolStatus: frame.mutable_spool_status(); break;
        case Frame::kConnectionStatus: frame.mutable_connection_status(); break;
        case Frame::BODY_NOT_SET: break;
    }
    return frame;
}

}  // namespace

TEST_CASE("frame: what is encoded is read back, byte by byte and many at once", "[link][frame]") {
    std::string bytes;
    for (std::uint64_t n = 1; n <= 100; ++n) REQUIRE(encode(committed(n), bytes).ok());
    const std::size_t step = GENERATE(1, 3, 7, 1000);
    FrameReader reader;
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.push(as_bytes(std::string_view{bytes}.substr(at, step)));
        for (;;) {
            auto frame = reader.next();
            REQUIRE(frame.ok());
            if (!frame->has_value()) break;
            CHECK((**frame).committed().sequence() == ++seen);
        }
    }
    CHECK(seen == 100);
}

TEST_CASE("frame: the length is four bytes, little endian, without itself", "[link][frame]") {
    const std::string bytes = encoded(committed(5));
    CHECK(to_hex(as_bytes(bytes)) == "050000009201020805");
}

TEST_CASE("frame: malformed bytes fail with bad_message", "[link][frame]") {
    using namespace std::string_literals;
    CHECK_THAT(read("\0\0\0\0"s), FailsWith(ErrorCode::bad_message));      // length 0
    CHECK_THAT(read("\x01\0\x10\0"s), FailsWith(ErrorCode::bad_message));  // 1 MiB + 1
    CHECK_THAT(read("\xff\xff\xff\xff"s), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(read("\x01\0\0\0\xff"s), FailsWith(ErrorCode::bad_message));        // does not parse
    CHECK_THAT(read("\x02\0\0\0\x08\x01"s), FailsWith(ErrorCode::bad_message));    // no body
    CHECK_THAT(read("\x03\0\0\0\xfa\x06\0"s), FailsWith(ErrorCode::bad_message));  // unknown body
    CHECK_THAT(read("\x06\0\0\0\x12\x04\x12\x02\x0a\xff"s), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("frame: an unfinished one waits for more", "[link][frame]") {
    const std::string bytes = encoded(committed(5));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto frame = read(std::string_view{bytes}.substr(0, length));
        REQUIRE(frame.ok());
        CHECK_FALSE(frame->has_value());
    }
}

TEST_CASE("frame: 1 MiB fits and a byte more does not", "[link][frame]") {
    Frame frame;
    std::string* data = frame.mutable_chunk()->mutable_data();
    data->assign(kMaxFrameBytes, 'x');
    const std::size_t excess = frame.ByteSizeLong() - kMaxFrameBytes;
    data->resize(data->size() - excess);
    REQUIRE(frame.ByteSizeLong() == kMaxFrameBytes);
    const auto back = read(encoded(frame));
    REQUIRE(back.ok());
    CHECK(back->has_value());
    data->push_back('x');
    std::string out;
    CHECK_THAT(encode(frame, out), FailsWith(ErrorCode::resource_exhausted));
    CHECK(out.empty());
}

TEST_CASE("frame: each kind may stand in one place only", "[link][frame]") {
    struct Row {
        Frame::BodyCase body;
        Role vault, vault_numbered, courier, courier_numbered;
    };
    constexpr Role no = Role::misplaced;
    const auto row = GENERATE(values<Row>({
        {Frame::BODY_NOT_SET, no, no, no, no},
        {Frame::kHello, Role::hello, no, Role::hello, no},
        {Frame::kLogin, no, Role::request, no, no},
        {Frame::kLogout, no, Role::request, no, no},
        {Frame::kConnect, no, Role::request, no, no},
        {Frame::kProvision, no, Role::request, no, no},
        {Frame::kCancel, Role::one_way, no, no, no},
        {Frame::kChat, no, Role::request, no, no},
        {Frame::kDownload, no, Role::request, no, no},
        {Frame::kEpoch, no, Role::request, no, no},
        {Frame::kLeaveKeys, no, Role::request, no, no},
        {Frame::kKeysLeft, no, no, no, Role::answer},
        {Frame::kCommitted, Role::one_way, no, no, no},
        {Frame::kCredit, Role::one_way, Role::one_way, no, no},
        {Frame::kDone, no, no, no, Role::answer},
        {Frame::kFailed, no, no, no, Role::answer},
        {Frame::kChatReply, no, no, no, Role::answer},
        {Frame::kProvisionEvent, no, no, no, Role::answer},
        {Frame::kChunk, no, no, no, Role::answer},
        {Frame::kSpoolSegment, no, no, Role::one_way, no},
        {Frame::kSpoolRecord, no, no, Role::one_way, no},
        {Frame::kSpoolLost, no, no, Role::one_way, no},
        {Frame::kSpoolStatus, no, no, Role::one_way, no},
        {Frame::kConnectionStatus, no, no, Role::one_way, no},
    }));
    CAPTURE(row.body);
    CHECK(role(sample(row.body, 0), Side::vault) == row.vault);
    CHECK(role(sample(row.body, 9), Side::vault) == row.vault_numbered);
    CHECK(role(sample(row.body, 0), Side::courier) == row.courier);
    CHECK(role(sample(row.body, 9), Side::courier) == row.courier_numbered);
}

TEST_CASE("frame: a request or event without its inner kind is misplaced", "[link][frame]") {
    Frame frame;
    frame.set_request_id(1);
    frame.mutable_chat();
    CHECK(role(frame, Side::vault) == Role::misplaced);
    frame.mutable_download();
    CHECK(role(frame, Side::vault) == Role::misplaced);
    frame.mutable_provision_event();
    CHECK(role(frame, Side::courier) == Role::misplaced);
}

TEST_CASE("frame: an answer fits its request, and Failed fits every one", "[link][frame]") {
    CHECK(answers(Frame::kLogin, Frame::kDone));
    CHECK(answers(Frame::kChat, Frame::kChatReply));
    CHECK(answers(Frame::kDownload, Frame::kChunk));
    CHECK(answers(Frame::kProvision, Frame::kProvisionEvent));
    CHECK(answers(Frame::kEpoch, Frame::kFailed));
    CHECK_FALSE(answers(Frame::kLogin, Frame::kChatReply));
    CHECK_FALSE(answers(Frame::kChat, Frame::kDone));
    CHECK_FALSE(answers(Frame::kCommitted, Frame::kDone));
    CHECK_FALSE(answers(Frame::kCancel, Frame::kFailed));
}

TEST_CASE("frame: a stream ends with its last chunk, envelope or closed", "[link][frame]") {
    Frame frame;
    frame.mutable_chunk()->set_data("x");
    CHECK_FALSE(is_last(frame));
    frame.mutable_chunk()->set_last(true);
    CHECK(is_last(frame));
    frame.mutable_provision_event()->set_address("a");
    CHECK_FALSE(is_last(frame));
    frame.mutable_provision_event()->set_envelope("e");
    CHECK(is_last(frame));
    frame.mutable_provision_event()->mutable_closed();
    CHECK(is_last(frame));
    frame.mutable_failed();
    CHECK(is_last(frame));
}
