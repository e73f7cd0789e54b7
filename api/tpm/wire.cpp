#include "api/tpm/wire.h"

#include "api/tpm/little_endian.h"

namespace nacre::tpm {
namespace {

constexpr std::uint8_t kVersion = 1;  // both ends come from one build; a mix of two is noticed
constexpr std::size_t kRequestHead = 8;
constexpr std::size_t kReplyHead = 12;
constexpr std::uint8_t kSeal = 1;
constexpr std::uint8_t kUnseal = 2;
constexpr std::uint8_t kDone = 0xff;

Error malformed() { return {ErrorCode::bad_message, "read a message of nacre-slot's"}; }

}  // namespace

// version, operation, passphrase follows, 0, registers (4), file.
Bytes serialize(const Request& request) {
    Bytes out{kVersion, request.seal ? kSeal : kUnseal,
              static_cast<std::uint8_t>(request.with_passphrase), 0};
    put(out, request.seal.value_or(0), 4);
    put(out, request.file);
    return out;
}

Result<Request> parse_request(ByteView bytes) {
    if (bytes.size() < kRequestHead || bytes.size() > kMostMessageBytes || bytes[0] != kVersion ||
        bytes[2] > 1 || bytes[3] != 0) {
        return malformed();
    }
    Request request;
    request.with_passphrase = bytes[2] == 1;
    request.file = to_bytes(bytes.subspan(kRequestHead));
    const Registers registers = get(bytes.subspan(4, 4));
    if (bytes[1] == kUnseal) return registers == 0 ? Result<Request>{request} : malformed();
    if (bytes[1] != kSeal || registers == 0 || (registers & ~kAllRegisters) != 0 ||
        !request.file.empty()) {
        return malformed();
    }
    request.seal = registers;
    return request;
}

// version, error or FF, 0, 0, TPM's code (4), blank registers (4), file.
Bytes serialize(const Reply& reply) {
    Bytes out{kVersion, reply.failed ? static_cast<std::uint8_t>(*reply.failed) : kDone, 0, 0};
    put(out, reply.tpm_code, 4);
    put(out, reply.blank, 4);
    put(out, reply.file);
    return out;
}

Result<Reply> parse_reply(ByteView bytes) {
    if (bytes.size() < kReplyHead || bytes.size() > kMostMessageBytes || bytes[0] != kVersion ||
        bytes[2] != 0 || bytes[3] != 0 || (bytes[1] >= kErrorCodeCount && bytes[1] != kDone)) {
        return malformed();
    }
    Reply reply;
    if (bytes[1] != kDone) reply.failed = static_cast<ErrorCode>(bytes[1]);
    reply.tpm_code = get(bytes.subspan(4, 4));
    reply.blank = get(bytes.subspan(8, 4));
    reply.file = to_bytes(bytes.subspan(kReplyHead));
    return reply;
}

}  // namespace nacre::tpm
