// The spool's parsers: segment header, records behind it, sealed fields, and a reader that is given
// bytes which were never sealed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daemon/spool/open.h"
#include "daemon/spool/scan.h"

namespace {

using namespace nacre;

void parse_segment(ByteView bytes) {
    if (bytes.size() < spool::kSegmentHeaderBytes) return;
    const ByteView head = bytes.first(spool::kSegmentHeaderBytes);
    const auto header = spool::parse_header(head);
    if (!header.ok()) return;
    if (!equal(spool::write_header(*header), head)) std::abort();
    const ByteView rest = bytes.subspan(spool::kSegmentHeaderBytes);
    std::uint64_t before = 0;
    for (const auto& place : spool::find_records(rest, header->segment, 1, 1000)) {
        if (place.sequence <= before || place.sequence >= 1000) std::abort();
        before = place.sequence;
        const auto record = spool::parse_record(rest.subspan(place.offset), header->segment);
        if (!record.ok() || record->size > rest.size() - place.offset) std::abort();
    }
}

// A file as it stands on the disk, two headers in front.
void parse_file(ByteView bytes) {
    const auto header = spool::header_of(bytes);
    if (header.ok() && !spool::parse_header(*header).ok()) std::abort();
}

void parse_sealed(ByteView bytes) {
    const auto fields = spool::parse_fields(bytes);
    if (fields.ok() && !equal(spool::write_fields(*fields), bytes)) std::abort();
}

void open_segment(ByteView bytes) {
    static const spool::EpochKeys keys = std::move(spool::generate_epoch(7)).value();
    if (bytes.size() < spool::kSegmentHeaderBytes) return;
    auto reader = spool::SegmentReader::begin(bytes.first(spool::kSegmentHeaderBytes), keys);
    if (reader.ok() && reader->open(10, bytes.subspan(spool::kSegmentHeaderBytes)).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes{data, size};
    parse_segment(bytes);
    parse_file(bytes);
    parse_sealed(bytes);
    open_segment(bytes);
    return 0;
}
