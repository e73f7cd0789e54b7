#include "daemon/link/frame.h"

#include <algorithm>
#include <array>

namespace nacre::link {
namespace {

using courier::v1::ChatRequest;
using courier::v1::DownloadRequest;
using courier::v1::ProvisionEvent;

constexpr std::size_t kLengthBytes = 4;

// The closed table: which kind comes from which side, for what, and what may answer it.
struct Rule {
    Frame::BodyCase body;
    Side sender;
    Role role;
    Frame::BodyCase answer = Frame::BODY_NOT_SET;  // of a request; Failed always may
};

constexpr std::array kRules{
    Rule{Frame::kLogin, Side::vault, Role::request, Frame::kDone},
    Rule{Frame::kLogout, Side::vault, Role::request, Frame::kDone},
    Rule{Frame::kConnect, Side::vault, Role::request, Frame::kDone},
    Rule{Frame::kProvision, Side::vault, Role::request, Frame::kProvisionEvent},
    Rule{Frame::kChat, Side::vault, Role::request, Frame::kChatReply},
    Rule{Frame::kDownload, Side::vault, Role::request, Frame::kChunk},
    Rule{Frame::kEpoch, Side::vault, Role::request, Frame::kDone},
    Rule{Frame::kLeaveKeys, Side::vault, Role::request, Frame::kKeysLeft},
    Rule{Frame::kCancel, Side::vault, Role::one_way},
    Rule{Frame::kCommitted, Side::vault, Role::one_way},
    Rule{Frame::kCredit, Side::vault, Role::one_way},
    Rule{Frame::kDone, Side::courier, Role::answer},
    Rule{Frame::kFailed, Side::courier, Role::answer},
    Rule{Frame::kChatReply, Side::courier, Role::answer},
    Rule{Frame::kProvisionEvent, Side::courier, Role::answer},
    Rule{Frame::kChunk, Side::courier, Role::answer},
    Rule{Frame::kKeysLeft, Side::courier, Role::answer},
    Rule{Frame::kSpoolSegment, Side::courier, Role::one_way},
    Rule{Frame::kSpoolRecord, Side::courier, Role::one_way},
    Rule{Frame::kSpoolLost, Side::courier, Role::one_way},
    Rule{Frame::kSpoolStatus, Side::courier, Role::one_way},
    Rule{Frame::kConnectionStatus, Side::courier, Role::one_way},
};

// A oneof within the body that is empty: not sent by this version, so from a stranger.
bool hollow(const Frame& frame) {
    switch (frame.body_case()) {
        case Frame::kChat: return frame.chat().route_case() == ChatRequest::ROUTE_NOT_SET;
        case Frame::kDownload: return frame.download().key_case() == DownloadRequest::KEY_NOT_SET;
        case Frame::kProvisionEvent:
            return frame.provision_event().event_case() == ProvisionEvent::EVENT_NOT_SET;
        default: return false;
    }
}

std::uint32_t read_length(const char* bytes) {
    std::uint32_t length = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) {
        length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    return length;
}

}  // namespace

Result<void> encode(const Frame& frame, std::string& out) {
    const std::size_t size = frame.ByteSizeLong();
    if (size > kMaxFrameBytes) return Error{ErrorCode::resource_exhausted, "encode frame"};
    if (frame.body_case() == Frame::BODY_NOT_SET) return Error{ErrorCode::internal, "encode frame"};
    const std::size_t start = out.size();
    out.resize(start + kLengthBytes + size);
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
        out[start + i] = static_cast<char>(size >> (8 * i) & 0xff);
    }
    auto* body = reinterpret_cast<std::uint8_t*>(out.data() + start + kLengthBytes);
    frame.SerializeWithCachedSizesToArray(body);
    return {};
}

void FrameReader::push(ByteView bytes) {
    // Moved down only when half is used: each byte moves at most once on average.
    if (start_ > buffer_.size() / 2) {
        buffer_.erase(0, start_);
        start_ = 0;
    }
    buffer_.append(as_text(bytes));
}

Result<std::optional<Frame>> FrameReader::next() {
    const std::size_t available = buffer_.size() - start_;
    if (available < kLengthBytes) return std::optional<Frame>{};
    const std::uint32_t length = read_length(buffer_.data() + start_);
    if (length == 0 || length > kMaxFrameBytes)
        return Error{ErrorCode::bad_message, "frame length"};
    if (available - kLengthBytes < length) return std::optional<Frame>{};
    std::optional<Frame> frame{std::in_place};
    if (!frame->ParseFromArray(buffer_.data() + start_ + kLengthBytes, static_cast<int>(length))) {
        return Error{ErrorCode::bad_message, "parse frame"};
    }
    if (frame->body_case() == Frame::BODY_NOT_SET)
        return Error{ErrorCode::bad_message, "frame body"};
    start_ += kLengthBytes + length;
    return frame;
}

Role role(const Frame& frame, Side sender) {
    if (hollow(frame)) return Role::misplaced;
    const bool numbered = frame.request_id() != 0;
    if (frame.body_case() == Frame::kHello) return numbered ? Role::misplaced : Role::hello;
    const auto* rule = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& item) {
        return item.body == frame.body_case() && item.sender == sender;
    });
    if (rule == kRules.end()) return Role::misplaced;
    // A Credit belongs to the spool (0) or to a download.
    if (rule->body == Frame::kCredit) return Role::one_way;
    return numbered == (rule->role != Role::one_way) ? rule->role : Role::misplaced;
}

bool answers(Frame::BodyCase request, Frame::BodyCase answer) {
    const auto* rule = std::find_if(kRules.begin(), kRules.end(),
                                    [&](const Rule& item) { return item.body == request; });
    if (rule == kRules.end() || rule->role != Role::request) return false;
    return answer == Frame::kFailed || answer == rule->answer;
}

bool is_last(const Frame& answer) {
    switch (answer.body_case()) {
        case Frame::kChunk: return answer.chunk().last();
        case Frame::kProvisionEvent:
            return answer.provision_event().event_case() != ProvisionEvent::kAddress;
        default: return true;
    }
}

}  // namespace nacre::link
