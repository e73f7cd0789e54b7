#include "daemon/config/users.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace nacre::config {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File open_file(const std::filesystem::path& path) { return {fopen(path.c_str(), "re"), fclose}; }

}  // namespace

std::optional<uid_t> find_user(const std::string& name, const std::filesystem::path& file_path) {
    const File file = open_file(file_path);
    if (!file) return std::nullopt;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): called before threads.
    while (const struct passwd* entry = fgetpwent(file.get())) {
        if (name == entry->pw_name) return entry->pw_uid;
    }
    return std::nullopt;
}

std::optional<gid_t> find_group(const std::string& name, const std::filesystem::path& file_path) {
    const File file = open_file(file_path);
    if (!file) return std::nullopt;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): called before threads.
    while (const struct group* entry = fgetgrent(file.get())) {
        if (name == entry->gr_name) return entry->gr_gid;
    }
    return std::nullopt;
}

std::vector<uid_t> members_of(std::span<const gid_t> groups, const std::filesystem::path& group_path,
                              const std::filesystem::path& passwd_path) {
    std::vector<uid_t> members;
    const File file = open_file(group_path);
    if (!file) return members;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): called before threads.
    while (const struct group* entry = fgetgrent(file.get())) {
        if (std::find(groups.begin(), groups.end(), entry->gr_gid) == groups.end()) continue;
        for (char** name = entry->gr_mem; *name != nullptr; ++name) {
            if (const auto uid = find_user(*name, passwd_path)) members.push_back(*uid);
        }
    }
    return members;
}

}  // namespace nacre::config
