#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/filter_mode.h"

namespace nacre::sandbox {

#ifdef NACRE_SANITIZED  // which reads /proc and writes reports where it likes

Result<int> restrict_access(Process, const Grants&, int) { return 0; }

#else

namespace {

// From the kernel's include/uapi/linux/landlock.h (6.15): Debian 12 has an older one.
struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;  // ABI 4
    std::uint64_t scoped;              // ABI 6
};
struct [[gnu::packed]] PathBeneath {
    std::uint64_t allowed_access;
    std::int32_t parent_fd;
};
struct NetPort {
    std::uint64_t allowed_access;
    std::uint64_t port;
};
constexpr std::uint32_t kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
constexpr int kPathBeneath = 1, kNetPort = 2;
constexpr std::uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2,
                        kReadFolder = 1 << 3, kRemoveFolder = 1 << 4, kRemoveFile = 1 << 5,
                        kMakeFolder = 1 << 7, kMakeFile = 1 << 8, kRefer = 1 << 13,
                        kTruncate = 1 << 14, kIoctl = 1 << 15;
constexpr std::uint64_t kBindTcp = 1 << 0, kConnectTcp = 1 << 1;
constexpr std::uint64_t kAbstractSockets = 1 << 0, kSignals = 1 << 1;
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctl;
constexpr int kLeastUseful = 2;

// The same numbers on every architecture.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;

constexpr std::uint64_t known_to(int abi) {
    std::uint64_t rights = (1 << 13) - 1;
    if (abi >= 2) rights |= kRefer;
    if (abi >= 3) rights |= kTruncate;
    if (abi >= 5) rights |= kIoctl;
    return rights;
}

constexpr std::uint64_t rights_of(Access access) {
    constexpr std::uint64_t kRead = kReadFile | kReadFolder;
    switch (access) {
        case Access::read: return kRead;
        case Access::execute: return kRead | kExecute;
        case Access::use: return kRead | kWriteFile | kTruncate | kIoctl;
        case Access::write:
            return kRead | kWriteFile | kTruncate | kRemoveFolder | kRemoveFile | kMakeFolder |
                   kMakeFile | kRefer;
    }
    return 0;
}

class Ruleset {
public:
    Ruleset(Process process, const Grants& grants, int abi)
        : process_{process}, grants_{grants}, abi_{abi} {}
    Ruleset(const Ruleset&) = delete;
    Ruleset& operator=(const Ruleset&) = delete;
    ~Ruleset() {
        if (fd_ >= 0) close(fd_);
    }

    Result<void> enforce() {
        NACRE_TRY(make());
        for (const PathRule& rule : policy().paths) {
            if (among(process_, rule.who)) NACRE_TRY(add(rule));
        }
        for (const std::uint16_t port : grants_.tcp_ports) {
            const NetPort rule{kConnectTcp, port};
            if (abi_ >= 4 && syscall(kAddRule, fd_, kNetPort, &rule, 0) != 0)
                return os_error("allow a port", errno);
        }
        if (syscall(kRestrictSelf, fd_, 0) != 0) return os_error("restrict paths", errno);
        return {};
    }

private:
    Result<void> make() {
        const Policy& rules = policy();
        RulesetAttributes wanted{known_to(abi_), 0, 0};
        if (abi_ >= 4 && among(process_, rules.no_tcp))
            wanted.handled_access_net = kBindTcp | kConnectTcp;
        if (abi_ >= 6 && among(process_, rules.no_abstract) && !grants_.abstract_sockets)
            wanted.scoped |= kAbstractSockets;
        if (abi_ >= 6 && among(process_, rules.no_signals)) wanted.scoped |= kSignals;
        // An older kernel takes a larger structure whose new fields are zero.
        fd_ = static_cast<int>(syscall(kCreateRuleset, &wanted, sizeof wanted, 0));
        if (fd_ < 0) return os_error("make a ruleset", errno);
        return {};
    }

    Result<void> add(const PathRule& rule) {
        const std::string_view place{rule.place};
        if (!place.starts_with('<')) return add(place.data(), rule.access);
        for (const Place& given : grants_.places) {
            if (place.substr(1, place.size() - 2) == given.name)
                NACRE_TRY(add(given.path.c_str(), rule.access));
        }
        return {};
    }

    // What is not there is not needed: which of them a system has differs.
    Result<void> add(const char* path, Access access) {
        PathBeneath rule{rights_of(access) & known_to(abi_), open(path, O_PATH | O_CLOEXEC)};
        if (rule.parent_fd < 0) return {};
        struct stat about {};
        if (fstat(rule.parent_fd, &about) == 0 && !S_ISDIR(about.st_mode))
            rule.allowed_access &= kOfFiles;
        const long added = syscall(kAddRule, fd_, kPathBeneath, &rule, 0);
        const int error = errno;
        // procfs makes an inode anew, which no rule knows, once nobody has the old one open.
        if (!std::string_view{path}.starts_with("/proc/")) close(rule.parent_fd);
        // Of a pipe (a shell's <(…)) Landlock knows nothing, and forbids nothing.
        if (added != 0 && error != EBADFD) return os_error("allow a path", error);
        return {};
    }

    const Process process_;
    const Grants& grants_;
    const int abi_;
    int fd_ = -1;
};

}  // namespace

Result<int> restrict_access(Process process, const Grants& grants, int newest) {
    // So that one run finds what is missing here and there.
    const FilterMode mode = filter_mode();
    if (mode != FilterMode::kill && mode != FilterMode::report) return 0;
    const long found = std::min<long>(syscall(kCreateRuleset, nullptr, 0, kVersion), newest);
    // Not built in, not started, or forbidden by a container: nothing to be had.
    if (found < kLeastUseful) return 0;
    const int abi = static_cast<int>(found);
    Ruleset ruleset{process, grants, abi};
    NACRE_TRY(ruleset.enforce());
    return abi;
}

#endif

}  // namespace nacre::sandbox
