// Frame: one message of the link, its bytes, and where each kind may stand.
//
// Layer:   daemon/link.
// Secrets: ciphertext and the device password (in LoginRequest) pass through.
// Errors:  bad_message for everything that closes the link; resource_exhausted for a frame too
//          large to send.
// Threads: functions are pure; a FrameReader belongs to one thread.
// Format:  api/proto/nacre/courier/v1/link.proto: 4 bytes length, little endian, then the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::link {

using Frame = courier::v1::Frame;

inline constexpr std::size_t kMaxFrameBytes = std::size_t{1} << 20;  // without the length
inline constexpr std::uint32_t kLinkVersion = 1;

enum class Side : std::uint8_t { vault, courier };

constexpr Side other(Side side) { return side == Side::vault ? Side::courier : Side::vault; }

// Appends length and message to `out`.
Result<void> encode(const Frame& frame, std::string& out);

// Takes bytes as they come, gives whole frames. After an error the reader is of no more use.
class FrameReader {
public:
    void push(ByteView bytes);
    // Nothing: more bytes are needed. bad_message: length zero or too large, does not parse, no
    // body, or a body that this version does not know.
    Result<std::optional<Frame>> next();

private:
    std::string buffer_;
    std::size_t start_ = 0;
};

// What a frame is for, by its kind, sender and request_id.
enum class Role : std::uint8_t {
    misplaced,  // closes the link
    hello,
    request,  // vault to courier, opens request_id, is answered
    answer,   // courier to vault, belongs to request_id
    one_way,  // unasked, or within a stream (Credit); no answer
};

Role role(const Frame& frame, Side sender);

// Whether `answer` is of a kind that may answer a request of kind `request`.
bool answers(Frame::BodyCase request, Frame::BodyCase answer);

// Whether no further frame may follow with this request_id. Done, Failed, ChatReply, the last
// Chunk, and a ProvisionEvent with envelope or closed are the last ones.
bool is_last(const Frame& answer);

}  // namespace nacre::link
