#include "sandbox/stack.h"

#include <cstddef>
#include <cstring>

namespace nacre::sandbox {

__attribute__((noinline)) void burn_stack() noexcept {
    constexpr std::size_t kDepth = std::size_t{96} * 1024;
    char below[kDepth];
    explicit_bzero(below, sizeof below);
}

}  // namespace nacre::sandbox
