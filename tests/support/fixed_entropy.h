// FixedEntropy: while it lives, libsodium's random bytes are the same in each run.
#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>

namespace nacre::tests {

class FixedEntropy {
public:
    explicit FixedEntropy(std::uint8_t seed) {
        if (sodium_init() < 0) std::abort();
        state() = {};
        state()[0] = seed;
        static randombytes_implementation fixed{name, random, nullptr, nullptr, fill, nullptr};
        randombytes_set_implementation(&fixed);
    }
    ~FixedEntropy() { randombytes_set_implementation(&randombytes_sysrandom_implementation); }
    FixedEntropy(const FixedEntropy&) = delete;
    FixedEntropy& operator=(const FixedEntropy&) = delete;

private:
    using Seed = std::array<unsigned char, randombytes_SEEDBYTES>;
    // The seed, and behind it how many times bytes were asked for.
    static Seed& state() {
        static Seed seed;
        return seed;
    }
    static const char* name() { return "fixed"; }
    static std::uint32_t random() {
        std::uint32_t value = 0;
        fill(&value, sizeof value);
        return value;
    }
    static void fill(void* bytes, std::size_t size) {
        sodium_increment(state().data() + 1, state().size() - 1);
        randombytes_buf_deterministic(bytes, size, state().data());
    }
};

}  // namespace nacre::tests
