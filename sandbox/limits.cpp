#include "sandbox/limits.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace nacre::sandbox {
namespace {

// From the kernel's include/uapi/linux/prctl.h (6.3): Debian 12 has an older one.
constexpr int kSetMdwe = 65, kGetMdwe = 66;
constexpr unsigned long kRefuseExecGain = 1;

Result<void> lower_limit(const LimitRule& rule) {
    rlimit limit{};
    const auto resource = static_cast<__rlimit_resource>(rule.resource);
    if (getrlimit(resource, &limit) != 0) return os_error("limits", errno);
    limit.rlim_max = std::min<rlim_t>(limit.rlim_max, rule.most);
    limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
    if (setrlimit(resource, &limit) != 0) return os_error("lower a limit", errno);
    return {};
}

// The bounding set too, for what a root user would get at an exec; only root can, and need.
Result<void> drop_capabilities(bool keep_memory_lock) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (!(keep_memory_lock && capability == CAP_IPC_LOCK))
            (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &header, data) != 0) return os_error("capabilities", errno);
    const std::uint32_t kept = keep_memory_lock ? 1U << CAP_IPC_LOCK : 0;
    const std::uint32_t dropped = (data[0].permitted | data[0].inheritable) & ~kept;
    // Where systemd has left none, its filter does not let us drop them either.
    if ((dropped | data[1].permitted | data[1].inheritable) == 0) return {};
    // What is not inheritable any more is not ambient either.
    data[0] = {data[0].permitted & kept, data[0].permitted & kept, data[0].inheritable & kept};
    data[1] = {};
    if (syscall(SYS_capset, &header, data) != 0) return os_error("drop capabilities", errno);
    return {};
}

}  // namespace

Result<void> harden_process() {
    umask(077);
    const rlimit no_core{0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0) return os_error("forbid core dumps", errno);
#ifndef NACRE_SANITIZED  // LeakSanitizer attaches to its own process at the end
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return os_error("become undumpable", errno);
#endif
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return os_error("give up new privileges", errno);
    }
    return {};
}

Result<void> harden_process(Process process) {
    for (const LimitRule& rule : policy().limits) {
        if (among(process, rule.who)) NACRE_TRY(lower_limit(rule));
    }
#ifndef NACRE_SANITIZED
    NACRE_TRY(drop_capabilities(among(process, policy().keeps_memory_lock)));
    (void)prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0);  // an older kernel knows nothing of it
#endif
    return harden_process();
}

bool refuses_written_code() {
    const int bits = prctl(kGetMdwe, 0, 0, 0, 0);
    return bits > 0 && (static_cast<unsigned long>(bits) & kRefuseExecGain) != 0;
}

}  // namespace nacre::sandbox
