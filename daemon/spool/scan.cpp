#include "daemon/spool/scan.h"

#include <algorithm>

namespace nacre::spool {

std::vector<Place> find_records(ByteView bytes, std::uint64_t segment, std::uint64_t first,
                                std::uint64_t end) {
    std::vector<Place> found;
    std::size_t at = 0;
    while (at + kFrameBytes <= bytes.size()) {
        const auto frame = parse_frame(bytes.subspan(at));
        const bool fits = frame && frame->sequence >= first && frame->sequence < end;
        if (fits && hash_record(segment, frame->sequence, frame->sealed) == frame->hash) {
            found.push_back({frame->sequence, at});
            at += frame->size;
        } else {
            ++at;
        }
    }
    std::ranges::stable_sort(found, {}, &Place::sequence);
    const auto repeated = std::ranges::unique(found, {}, &Place::sequence);
    found.erase(repeated.begin(), repeated.end());
    return found;
}

}  // namespace nacre::spool
