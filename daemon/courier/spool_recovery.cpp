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
#include "daemon/courier/segment_read.h"
#include "daemon/spool/scan.h"

namespace nacre::courier {
namespace {

// A segment ends soon after SpoolLimits::segment_bytes; a single batch may exceed that.
constexpr std::uint64_t kLargestSegment = std::uint64_t{64} << 20;
// More than a file of that size holds.
constexpr std::uint64_t kMostRecords = std::uint64_t{1} << 20;

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

// A segment's front part that is not torn.
SegmentExtent scan(const spool::SegmentHeader& header, ByteView file) {
    const std::uint64_t first = header.first_sequence;
    SegmentExtent extent{header.segment, first, 0, spool::kSegmentHeadBytes, header.hash_before};
    const ByteView records = file.subspan(std::min(spool::kSegmentHeadBytes, file.size()));
    const auto places =
        spool::find_records(records, header.segment, first, first + kMostRecords);
    std::size_t end = 0;
    for (const spool::Place& place : places)
        end = std::max(end, place.offset + spool::parse_frame(records.subspan(place.offset))->size);
    if (!places.empty()) {
        const auto last = spool::parse_frame(records.subspan(places.back().offset));
        extent.count = last->sequence + 1 - first;
        extent.hash = last->hash;
    }
    // Behind the last whole record: those that are complete, but not as they were written.
    while (const auto rotten = spool::parse_frame(records.subspan(end))) {
        if (rotten->sequence != extent.end()) break;
        ++extent.count;
        extent.hash.reset();
        end += rotten->size;
    }
    if (places.size() < extent.count)
        log::write(log::Level::error, "spool segment holds damaged records",
                   {log::field("segment", header.segment),
                    log::field("damaged", extent.count - places.size())});
    extent.bytes = spool::kSegmentHeadBytes + end;
    return extent;
}

// Nothing: it is no file that a spool wrote.
Result<std::optional<Bytes>> read_segment(const StateFolder& folder, std::uint64_t number) {
    const daemon::Descriptor file{openat(folder.fd(), segment_name(number).c_str(),
                                         O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!file && errno == ELOOP) return std::optional<Bytes>{};
    if (!file) return os_error("open spool segment", errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return os_error("stat spool segment", errno);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || size > kLargestSegment) return std::optional<Bytes>{};
    Bytes bytes;
    while (bytes.size() < size &&
           read_past_errors(file.get(), bytes.size(), size - bytes.size(), bytes) != 0) {
    }
    return std::optional{std::move(bytes)};
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
    log::write(log::Level::error, "spool segment without a fitting header set aside",
               {log::field("segment", number)});
    return {};
}

// Nothing in it was acknowledged: it has no room for a record.
Result<void> remove_headless(const StateFolder& folder, std::uint64_t number) {
    log::write(log::Level::notice, "spool segment without a header removed",
               {log::field("segment", number)});
    return folder.remove(segment_name(number).c_str());
}

Result<std::optional<SegmentExtent>> recover_segment(const StateFolder& folder,
                                                     std::uint64_t number) {
    const auto bytes = NACRE_TRY(read_segment(folder, number));
    if (!bytes) {
        NACRE_TRY(set_aside(folder, number));
        return std::optional<SegmentExtent>{};
    }
    const auto found = spool::header_of(*bytes);
    if (!found.ok() && found.error().code == ErrorCode::unsupported) return found.error();
    const auto header = found.ok() ? spool::parse_header(*found) : found.error();
    if (!header.ok() || header->segment != number) {
        if (bytes->size() <= spool::kSegmentHeadBytes)
            NACRE_TRY(remove_headless(folder, number));
        else
            NACRE_TRY(set_aside(folder, number));
        return std::optional<SegmentExtent>{};
    }
    return std::optional{scan(*header, *bytes)};
}

// The newest segment's end may be torn; and only there is nothing behind that tells what it held.
Result<void> finish_newest(SegmentExtent& newest, const StateFolder& folder, const Mark& mark) {
    struct stat file {};
    if (fstatat(folder.fd(), segment_name(newest.number).c_str(), &file, AT_SYMLINK_NOFOLLOW) == 0 &&
        static_cast<std::uint64_t>(file.st_size) > newest.bytes) {
        log::write(log::Level::notice, "torn end of a spool segment cut off",
                   {log::field("segment", newest.number),
                    log::field("bytes", static_cast<std::uint64_t>(file.st_size) - newest.bytes)});
        NACRE_TRY(cut(folder, newest));
    }
    if (newest.end() > mark.sequence) return {};
    log::write(log::Level::error, "the spool ends before what was stored in it",
               {log::field("missing", mark.sequence + 1 - newest.end())});
    newest.count = mark.sequence + 1 - newest.first_sequence;
    newest.hash.reset();
    return {};
}

// A segment ends where the next one begins, whatever stands in it: less is missing, and more is
// what a failed write could not take back; the next segment has it again.
void bound(std::deque<SegmentExtent>& segments) {
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        SegmentExtent& extent = segments[i];
        const std::uint64_t end = segments[i + 1].first_sequence;
        if (extent.end() == end) continue;
        log::write(log::Level::notice, "spool segment does not end where the next begins",
                   {log::field("segment", extent.number)});
        extent.count = end > extent.first_sequence ? end - extent.first_sequence : 0;
        extent.hash.reset();
    }
}

}  // namespace

Result<Recovered> recover_spool(const StateFolder& folder, const Mark& mark) {
    Recovered recovered;
    recovered.next_segment = mark.next_segment;
    auto& segments = recovered.segments;
    for (const std::uint64_t number : NACRE_TRY(numbers_in(folder))) {
        recovered.next_segment = std::max(recovered.next_segment, number + 1);
        const auto extent = NACRE_TRY(recover_segment(folder, number));
        if (!extent) continue;
        // Numbers and sequences rise together; what does not fit is no segment of this spool.
        if (!segments.empty() && extent->first_sequence < segments.back().first_sequence)
            NACRE_TRY(set_aside(folder, number));
        else
            segments.push_back(*extent);
    }
    bound(segments);
    if (!segments.empty()) NACRE_TRY(finish_newest(segments.back(), folder, mark));
    // All of it is gone: a segment without a file stands for what it held.
    if (segments.empty() && mark.sequence > mark.committed)
        segments.push_back({recovered.next_segment++, mark.committed + 1,
                            mark.sequence - mark.committed, 0, std::nullopt});
    return recovered;
}

}  // namespace nacre::courier
