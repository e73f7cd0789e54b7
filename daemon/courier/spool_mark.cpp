#include "daemon/courier/spool_mark.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "api/base/log.h"
#include "daemon/spool/format.h"

namespace nacre::courier {
namespace {

constexpr const char* kName = "mark";
constexpr std::size_t kCheckBytes = 16;

std::uint64_t number_at(ByteView bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | bytes[at + i];
    return value;
}

}  // namespace

Bytes write_mark(const Mark& mark) {
    Bytes out{'N', 'S', 'P', 'M', 1, 0, 0, 0};
    for (const std::uint64_t number : {mark.sequence, mark.committed, mark.next_segment})
        for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
    std::array<std::uint8_t, kCheckBytes> check{};
    crypto_generichash(check.data(), check.size(), out.data(), out.size(), nullptr, 0);
    out.insert(out.end(), check.begin(), check.end());
    return out;
}

Result<Mark> parse_mark(ByteView bytes) {
    if (bytes.size() != kMarkBytes) return Error{ErrorCode::bad_message, "spool mark: length"};
    const Mark mark{number_at(bytes, 8), number_at(bytes, 16), number_at(bytes, 24)};
    if (!equal(write_mark(mark), bytes)) return Error{ErrorCode::bad_message, "spool mark"};
    if (mark.sequence > spool::kMostSequence || mark.committed > spool::kMostSequence ||
        mark.next_segment == 0 || mark.next_segment > spool::kMostSequence)
        return Error{ErrorCode::bad_message, "spool mark: numbers"};
    return mark;
}

Mark MarkFile::load(const StateFolder& state) {
    const auto bytes = state.read(kName, kMarkBytes);
    if (!bytes.ok() || !*bytes || (*bytes)->empty()) return {};
    const auto mark = parse_mark(**bytes);
    if (mark.ok()) return *mark;
    log::write(log::Level::warning, "spool mark ignored", mark.error());
    return {};
}

MarkFile::MarkFile(const StateFolder& state)
    : file_{openat(state.fd(), kName, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)} {}

void MarkFile::store(const Mark& mark) {
    const Bytes bytes = write_mark(mark);
    if (file_ && pwrite(file_.get(), bytes.data(), bytes.size(), 0) ==
                     static_cast<ssize_t>(bytes.size()))
        return;
    if (!std::exchange(told_, true))
        log::write(log::Level::warning, "cannot write the spool's mark",
                   os_error("write spool mark", errno));
}

}  // namespace nacre::courier
