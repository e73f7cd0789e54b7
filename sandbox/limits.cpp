#include "sandbox/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>

namespace nacre::sandbox {

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

}  // namespace nacre::sandbox
