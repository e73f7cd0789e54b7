#include "daemon/courier/spool_recovery.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <vector>

#include "api/base/log.h"

namespace nacre::courier {
namespace {

// A segment ends soon after SpoolLimits::segment_bytes; a single batch may exceed that.
constexpr std::uint64_t kLargestSegment = std::uint64_t{64} << 20;

std::optional<std::uint64_t> number_of(std::string_view name) {
    constexpr std::string_view kSuffix = ".seg";
    if (name.size() != 20 + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
    std::uint64_t number = 0;
    const char* end = name.data() + 20;
    const auto parsed = std::from_chars(name.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

Result<std::vector<std::uint64_t>> numbers_in(const StateFolder& folder) {
    const int fd = openat(folder.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return os_error("open spool folder", errno);
    DIR* listing = fdopendir(fd);
    if (listing == nullptr) {
        const int error = errno;
        ::close(fd);
        return os_error("list spool folder", error);
    }
    std::vector<std::uint64_t> numbers;
    while (const dirent* entry = readdir(listing))
        if (const auto number = number_of(entry->d_name)) numbers.push_back(*number);
    closedir(listing);
    std::ranges::sort(numbers);
    return numbers;
}

struct Scanned {
    SegmentExtent extent;
    std::uint64_t damaged = 0;  // records whose hash does not fit, with good ones behind them
};

// A record's own hash stands in its frame, so the records behind a damaged one can still be
// recognised: only what follows the last good one is a torn end.
std::optional<Scanned> scan(ByteView file) {
    if (file.size() < spool::kSegmentHeaderBytes) return std::nullopt;
    const auto header = spool::parse_header(file.first(spool::kSegmentHeaderBytes));
    if (!header.ok()) return std::nullopt;
    Scanned scanned{{header->segment, header->first_sequence, 0, spool::kSegmentHeaderBytes,
                     header->hash_before}};
    spool::Hash before = header->hash_before;
    std::uint64_t count = 0;
    std::uint64_t damaged = 0;
    ByteView rest = file.subspan(spool::kSegmentHeaderBytes);
    while (const auto frame = spool::parse_frame(rest)) {
        ++count;
        if (spool::hash_record(before, header->first_sequence + count - 1, frame->sealed) ==
            frame->hash) {
            scanned.extent.count = count;
            scanned.extent.bytes = file.size() - rest.size() + frame->size;
            scanned.extent.hash = frame->hash;
            scanned.damaged += damaged;
            damaged = 0;
        } else {
            ++damaged;
        }
        before = frame->hash;
        rest = rest.subspan(frame->size);
    }
    return scanned;
}

Result<Bytes> read_segment(const StateFolder& folder, std::uint64_t number) {
    auto bytes = NACRE_TRY(folder.read(segment_name(number).c_str(), kLargestSegment));
    if (!bytes) return Error{ErrorCode::not_found, "spool segment"};
    return std::move(*bytes);
}

Result<void> cut(const StateFolder& folder, const SegmentExtent& extent) {
    const daemon::Descriptor file{openat(folder.fd(), segment_name(extent.number).c_str(),
                                         O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file) return os_error("open torn segment", errno);
    if (ftruncate(file.get(), static_cast<off_t>(extent.bytes)) != 0 || fsync(file.get()) != 0)
        return os_error("cut torn segment", errno);
    return {};
}

// Out of the way, but not away.
Result<void> set_aside(const StateFolder& folder, std::uint64_t number) {
    const std::string name = segment_name(number);
    if (renameat(folder.fd(), name.c_str(), folder.fd(), (name + ".damaged").c_str()) != 0)
        return os_error("set damaged segment aside", errno);
    log::write(log::Level::error, "spool segment without a valid header set aside",
               {log::field("segment", number)});
    return {};
}

// Nothing in it was acknowledged: a header is durable before its first record is.
Result<void> remove_headless(const StateFolder& folder, std::uint64_t number) {
    log::write(log::Level::notice, "spool segment without a header removed",
               {log::field("segment", number)});
    return folder.remove(segment_name(number).c_str());
}

Result<std::optional<SegmentExtent>> recover_segment(const StateFolder& folder,
                                                     std::uint64_t number) {
    const Bytes bytes = NACRE_TRY(read_segment(folder, number));
    const auto scanned = scan(bytes);
    if (!scanned || scanned->extent.number != number) {
        if (bytes.size() <= spool::kSegmentHeaderBytes)
            NACRE_TRY(remove_headless(folder, number));
        else
            NACRE_TRY(set_aside(folder, number));
        return std::optional<SegmentExtent>{};
    }
    if (scanned->damaged > 0)
        log::write(log::Level::error, "spool segment holds damaged records",
                   {log::field("segment", number), log::field("damaged", scanned->damaged)});
    if (scanned->extent.bytes < bytes.size()) {
        log::write(log::Level::notice, "torn end of a spool segment cut off",
                   {log::field("segment", number),
                    log::field("bytes", bytes.size() - scanned->extent.bytes)});
        NACRE_TRY(cut(folder, scanned->extent));
    }
    return std::optional<SegmentExtent>{scanned->extent};
}

// A segment whose write failed may hold records that the next one holds again: its own ended before
// the next one's first.
void bound(std::deque<SegmentExtent>& segments, const StateFolder& folder) {
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        SegmentExtent& extent = segments[i];
        const std::uint64_t end = segments[i + 1].first_sequence;
        if (extent.first_sequence + extent.count <= end) continue;
        log::write(log::Level::notice, "spool segment overlaps the next; its end is left out",
                   {log::field("segment", extent.number)});
        const auto bytes = read_segment(folder, extent.number);
        extent.count = end > extent.first_sequence ? end - extent.first_sequence : 0;
        if (!bytes.ok()) continue;
        ByteView rest = ByteView{*bytes}.subspan(spool::kSegmentHeaderBytes);
        extent.bytes = spool::kSegmentHeaderBytes;
        for (std::uint64_t n = 0; n < extent.count; ++n) {
            const auto frame = spool::parse_frame(rest);
            if (!frame) break;
            extent.bytes += frame->size;
            extent.hash = frame->hash;
            rest = rest.subspan(frame->size);
        }
    }
}

}  // namespace

Result<Recovered> recover_spool(const StateFolder& folder) {
    Recovered recovered;
    for (const std::uint64_t number : NACRE_TRY(numbers_in(folder))) {
        recovered.next_segment = number + 1;
        if (const auto extent = NACRE_TRY(recover_segment(folder, number)))
            recovered.segments.push_back(*extent);
    }
    bound(recovered.segments, folder);
    return recovered;
}

}  // namespace nacre::courier
