// NameFiles: whether the files that names are resolved with are still those of the start.
//
// Layer:   daemon/courier.
// Secrets: none.
// Threads: a value; out_of_reach() from any.
//
// Landlock's rules stick to the files that were there when they were made. A network change often puts
// another /etc/resolv.conf in the place of the old one: that one nobody may read who was there before.
#pragma once

#include <sys/types.h>

#include <optional>
#include <utility>
#include <vector>

namespace nacre::courier {

class NameFiles {
public:
    // As they are now: before Landlock is in force. The paths must outlive it.
    explicit NameFiles(std::vector<const char*> paths = {"/etc/resolv.conf", "/etc/hosts"});

    // One was replaced, and this process may not read what is there now: one that is started anew may.
    // False for those that it could not have read before either: a new start would not help.
    bool out_of_reach() const;

private:
    struct File {
        const char* path;
        std::optional<std::pair<dev_t, ino_t>> identity;  // none: not there
    };
    std::vector<File> files_;
};

}  // namespace nacre::courier
