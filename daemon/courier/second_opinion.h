// SecondOpinion: asks over plain HTTPS whether the server knows this device, when the chat
// connection is closed again and again without a word. That may be a network at fault; what it
// decides, the end of this device, must not rest on that.
//
// Layer:   daemon/courier.
// Secrets: the device password, in the request's Authorization header.
// Errors:  no answer, or any answer but 401 and 403, counts as known: trying goes on, with pauses.
// Threads: ask() and the destructor have one owner; the answer comes on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "daemon/config/config.h"
#include "daemon/libsignal/chat.h"

namespace nacre::courier {

class SecondOpinion {
public:
    explicit SecondOpinion(const config::Config& config)
        : environment_{config.environment}, proxy_{config.proxy} {}
    // Ends a question under way; its answer does not come.
    ~SecondOpinion();
    SecondOpinion(const SecondOpinion&) = delete;
    SecondOpinion& operator=(const SecondOpinion&) = delete;

    // One question at a time: waits for the one before.
    void ask(const signal::Login& login, std::function<void(bool known)> answer);

private:
    bool known(const signal::Login& login) const;

    config::Environment environment_;
    config::Proxy proxy_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace nacre::courier
