#include "daemon/spool/scan.h"

#include <algorithm>

namespace nacre::spool {
namespace {

// Damage costs a few hashes. Only made-up bytes cost more: a frame of the largest size at every
// octet, hours of hashing for one file.
constexpr std::size_t kMostHashed = 8;  // times the size

}  // namespace

std::vector<Place> find_records(ByteView bytes, std::uint64_t segment, std::uint64_t first,
                                std::uint64_t end) {
    std::vector<Place> found;
    std::size_t at = 0;
    std::size_t hashed = 0;  // in vain
    std::size_t hashed_to = 0;
    while (at + kFrameBytes <= bytes.size()) {
        const auto frame = parse_frame(bytes.subspan(at));
        const bool fits = frame && frame->sequence >= first && frame->sequence < end;
        const bool affordable = hashed / kMostHashed <= bytes.size() || at >= hashed_to;
        if (!fits || !affordable) {
            ++at;
        } else if (hash_record(segment, frame->sequence, frame->sealed) == frame->hash) {
            found.push_back({frame->sequence, at});
            at += frame->size;
        } else {
            hashed += frame->size;
            hashed_to = at + frame->size;
            ++at;
        }
    }
    std::ranges::stable_sort(found, {}, &Place::sequence);
    const auto repeated = std::ranges::unique(found, {}, &Place::sequence);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

}  // namespace nacre::spool
