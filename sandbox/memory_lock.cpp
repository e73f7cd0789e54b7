#include "sandbox/memory_lock.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

namespace nacre::sandbox {
namespace {

// Raises the soft limit to the hard one; whether that is infinite.
bool limit_is_infinite() {
    rlimit limit{};
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max == RLIM_INFINITY;
}

bool may_ignore_limit() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &header, data) != 0) return false;
    return (data[0].effective & (1U << CAP_IPC_LOCK)) != 0;
}

}  // namespace

MemoryLock lock_memory() {
    // The limit is raised in any case: the arena needs what there is.
    const bool infinite = limit_is_infinite();
    if (!infinite && !may_ignore_limit()) return MemoryLock::arena_only;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ? MemoryLock::all
                                                                 : MemoryLock::arena_only;
}

bool is_protected_swap(const char* line) {
    const std::string_view area{line};
    const std::string_view path = area.substr(0, area.find_first_of(" \t"));
    constexpr std::string_view kDevices = "/dev/";
    if (!path.starts_with(kDevices)) return false;  // a file
    const std::string_view device = path.substr(kDevices.size());
    if (device.starts_with("zram")) return true;
    if (!device.starts_with("dm-")) return false;
    std::ifstream file{"/sys/block/" + std::string{device} + "/dm/uuid"};
    std::string uuid;
    return std::getline(file, uuid) && uuid.starts_with("CRYPT-");
}

Swap active_swap() {
    std::ifstream file{"/proc/swaps"};
    std::string line;
    std::getline(file, line);  // the heading
    Swap found = Swap::none;
    while (std::getline(file, line)) {
        if (line.empty()) continue;
        if (!is_protected_swap(line.c_str())) return Swap::plain;
        found = Swap::protected_swap;
    }
    return found;
}

}  // namespace nacre::sandbox
