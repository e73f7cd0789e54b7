#include "daemon/courier/name_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace nacre::courier {
namespace {

// Landlock does not restrict stat().
std::optional<std::pair<dev_t, ino_t>> identity_of(const char* path) {
    struct stat about {};
    if (stat(path, &about) != 0) return std::nullopt;
    return std::pair{about.st_dev, about.st_ino};
}

bool refused(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd < 0 && errno == EACCES;
}

}  // namespace

NameFiles::NameFiles(std::vector<const char*> paths) {
    for (const char* path : paths) files_.push_back({path, identity_of(path)});
}

bool NameFiles::out_of_reach() const {
    return std::any_of(files_.begin(), files_.end(), [](const File& file) {
        return identity_of(file.path) != file.identity && refused(file.path);
    });
}

}  // namespace nacre::courier
