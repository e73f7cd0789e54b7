// Closing: closes a borrowed descriptor at the end of a scope.
//
// Layer:   clients/common.
// Threads: values.
#pragma once

#include <unistd.h>

namespace nacre::client {

class Closing {
public:
    explicit Closing(int fd) : fd_{fd} {}
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;
    ~Closing() { close(fd_); }

private:
    int fd_;
};

}  // namespace nacre::client
