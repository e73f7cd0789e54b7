// The spool's parsers: segment header, records behind it, sealed fields, and a reader that is given
// bytes which were never sealed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daemon/spool/open.h"

namespace {

using namespace nacre;

void parse_segment(ByteView bytes) {
    if (bytes.size() < spool::kSegmentHeaderBytes) return;
    const ByteView head = bytes.first(spool::kSegmentHeaderBytes);
    const auto header = spool::parse_header(head);
    if (!header.ok()) return;
    if (!equal(spool::write_header(*header), head)) std::abort();
    spool::Hash hash = header->hash_before;
    std::uint64_t sequence = header->first_sequence;
    ByteView rest = bytes.subspan(spool::kSegmentHeaderBytes);
    while (true) {
        const auto record = spool::parse_record(rest, hash, sequence);
        if (!record.ok()) return;
        if (record->size > rest.size()) std::abort();
        hash = record->hash;
        ++sequence;
        rest = rest.subspan(record->size);
    }
}

void parse_sealed(ByteView bytes) {
    const auto fields = spool::parse_fields(bytes);
    if (fields.ok() && !equal(spool::write_fields(*fields), bytes)) std::abort();
}

void open_segment(ByteView bytes) {
    static const spool::EpochKeys keys = std::move(spool::generate_epoch(7)).value();
    if (bytes.size() < spool::kSegmentHeaderBytes) return;
    auto reader = spool::SegmentReader::begin(bytes.first(spool::kSegmentHeaderBytes), keys);
    if (reader.ok() && reader->open(bytes.subspan(spool::kSegmentHeaderBytes)).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes{data, size};
    parse_segment(bytes);
    parse_sealed(bytes);
    open_segment(bytes);
    return 0;
}
