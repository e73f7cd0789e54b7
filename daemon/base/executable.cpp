#include "daemon/base/executable.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>

namespace nacre::daemon {

Result<std::filesystem::path> executable_folder() {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    if (length < 0) return os_error("find own executable", errno);
    return std::filesystem::path{std::string{path, static_cast<std::size_t>(length)}}.parent_path();
}

}  // namespace nacre::daemon
