#include "tests/memory/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace nacre::memory {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
constexpr std::uint64_t kPresentOrSwapped = std::uint64_t{3} << 62;

std::string proc(pid_t pid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

class File {
public:
    explicit File(const std::string& path) : fd_{open(path.c_str(), O_RDONLY | O_CLOEXEC)} {}
    ~File() {
        if (fd_ >= 0) close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    bool ok() const { return fd_ >= 0; }
    ssize_t read(void* into, std::size_t size, std::uint64_t at) const {
        return pread(fd_, into, size, static_cast<off_t>(at));
    }

private:
    int fd_;
};

struct Run {
    std::uint64_t begin;
    std::uint64_t end;
};

// The stretches of a mapping that hold something.
std::vector<Run> present(const File& pagemap, const Mapping& mapping) {
    std::vector<Run> runs;
    std::array<std::uint64_t, 4096> entries{};
    for (std::uint64_t at = mapping.begin; at < mapping.end;) {
        const std::uint64_t wanted = std::min<std::uint64_t>((mapping.end - at) / kPage, entries.size());
        const ssize_t got = pagemap.read(entries.data(), wanted * 8, at / kPage * 8);
        // vsyscall lies behind what pagemap covers; it is the kernel's.
        if (got <= 0) return runs;
        for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(got) / 8; ++i, at += kPage) {
            if ((entries[i] & kPresentOrSwapped) == 0) continue;
            if (!runs.empty() && runs.back().end == at) runs.back().end = at + kPage;
            else runs.push_back({at, at + kPage});
        }
    }
    return runs;
}

// The longest string that is looked for is far shorter than a page.
constexpr std::uint64_t kOverlap = kPage;

}  // namespace

std::vector<Mapping> mappings_of(pid_t pid) {
    std::vector<Mapping> out;
    std::ifstream maps{proc(pid, "maps")};
    for (std::string line; std::getline(maps, line);) {
        std::istringstream fields{line};
        Mapping mapping;
        char dash = 0;
        std::string mode, skipped, path;
        fields >> std::hex >> mapping.begin >> dash >> mapping.end >> mode >> skipped >> skipped >> skipped;
        std::getline(fields >> std::ws, path);
        mapping.name = mode + " " + (path.empty() ? "anonymous" : path);
        out.push_back(std::move(mapping));
    }
    return out;
}

std::string program_of(pid_t pid) {
    std::ifstream file{proc(pid, "comm")};
    std::string name;
    std::getline(file, name);
    return name;
}

bool read_memory(pid_t pid, MemoryRead& total,
                 const std::function<void(const Mapping&, std::uint64_t,
                                          std::span<const std::uint8_t>)>& piece) {
    const File memory{proc(pid, "mem")};
    const File pagemap{proc(pid, "pagemap")};
    const std::vector<Mapping> mappings = mappings_of(pid);
    if (!memory.ok() || !pagemap.ok() || mappings.empty()) return false;
    std::vector<std::uint8_t> buffer(kPiece + kOverlap);
    for (const Mapping& mapping : mappings) {
        for (const Run& run : present(pagemap, mapping)) {
            for (std::uint64_t at = run.begin; at < run.end;) {
                const std::uint64_t wanted = std::min<std::uint64_t>(run.end - at, buffer.size());
                const ssize_t got = memory.read(buffer.data(), wanted, at);
                if (got <= 0) {
                    total.refused += kPage;
                    at += kPage;
                    continue;
                }
                const auto read = static_cast<std::uint64_t>(got);
                piece(mapping, at - mapping.begin, {buffer.data(), read});
                const std::uint64_t step = read == buffer.size() ? kPiece : read;
                total.bytes += step;
                at += step;
            }
        }
    }
    return total.bytes > 0;
}

}  // namespace nacre::memory
