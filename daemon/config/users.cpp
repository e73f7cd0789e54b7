#include "daemon/config/users.h"

#include <pwd.h>

#include <cstdio>
#include <memory>

namespace nacre::config {

std::optional<uid_t> find_user(const std::string& name, const std::filesystem::path& file_path) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file{fopen(file_path.c_str(), "re"), fclose};
    if (!file) return std::nullopt;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): called before threads.
    while (const struct passwd* entry = fgetpwent(file.get())) {
        if (name == entry->pw_name) return entry->pw_uid;
    }
    return std::nullopt;
}

}  // namespace nacre::config
