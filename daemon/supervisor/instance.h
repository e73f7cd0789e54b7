// Instance: the folders, lock files and listening sockets of one nacre instance.
//
// Layer:   daemon/supervisor.
// Secrets: none.
// Errors:  as a sentence for the terminal, with the path and the reason.
// Threads: one; open() sets the umask of the process.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "daemon/base/descriptor.h"
#include "daemon/config/places.h"

namespace nacre::supervisor {

struct StartError {
    std::string text;
};

class Instance {
public:
    // Makes <state>/{vault,courier} and <runtime>, 0700; takes <state>/nacred.lock and
    // <runtime>/nacred.lock, which the kernel frees when this process ends; makes api.sock,
    // secret.sock and lock.sock, 0600, in place of what an earlier nacred left.
    static std::variant<Instance, StartError> open(const config::Places& places);

    Instance(Instance&&) noexcept = default;
    Instance& operator=(Instance&&) = delete;
    // Removes the sockets.
    ~Instance();

    int api() const { return api_.get(); }
    int secret() const { return secret_.get(); }
    int lock() const { return lock_.get(); }
    const std::filesystem::path& state() const { return state_; }

private:
    Instance() = default;

    std::filesystem::path state_;
    std::filesystem::path runtime_;
    daemon::Descriptor state_lock_;
    daemon::Descriptor runtime_lock_;
    daemon::Descriptor api_;
    daemon::Descriptor secret_;
    daemon::Descriptor lock_;
};

}  // namespace nacre::supervisor
