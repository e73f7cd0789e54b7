// Goal: no bytes on the link make the frame reader crash, and what it takes is what encode() would
// have written, up to fields that this version does not know.
#include <cstdlib>

#include "daemon/link/failed.h"
#include "daemon/link/frame.h"

namespace {

using namespace nacre;

// All frames up to the first error, read in pieces of `step` bytes.
std::string read_again(ByteView bytes, std::size_t step) {
    link::FrameReader reader;
    std::string taken;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.push(bytes.subspan(at, std::min(step, bytes.size() - at)));
        for (;;) {
            const auto frame = reader.next();
            if (!frame.ok()) return taken + "!";
            if (!frame->has_value()) break;
            if (!link::encode(**frame, taken).ok()) std::abort();
            (void)link::role(**frame, link::Side::vault);
            (void)link::role(**frame, link::Side::courier);
            (void)link::is_last(**frame);
            if ((**frame).has_failed()) (void)link::to_error((**frame).failed(), "fuzz");
        }
    }
    return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (read_again({data, size}, size + 1) != read_again({data, size}, 3)) std::abort();
    return 0;
}
