// Secret<N>, Passphrase: keys and passphrases. They stand in the arena, move but do not copy, are
// wiped when they end, and neither print nor compare by accident.
//
// Layer:   sandbox. Includes the arena and api/base.
// Secrets: these are they. view() and span() lend the bytes; what is done with them is visible at
//          the call.
// Errors:  resource_exhausted (arena full); Passphrase::receive see there.
// Threads: values; one thread at a time each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

#include "api/base/bytes.h"
#include "api/base/result.h"
#include "sandbox/arena.h"

namespace nacre {

// A piece of the arena. The part that Secret and Passphrase share.
class SecretMemory {
public:
    static Result<SecretMemory> take(std::size_t size);
    SecretMemory(SecretMemory&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
    SecretMemory& operator=(SecretMemory&& other) noexcept {
        if (this == &other) return *this;
        give_back();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    ~SecretMemory() { give_back(); }

    // Aborts on a moved-from object: zeros taken for a key would be worse.
    std::uint8_t* data() const { return data_ != nullptr ? data_ : (std::abort(), nullptr); }
    std::size_t size() const { return size_; }

private:
    SecretMemory(std::uint8_t* data, std::size_t size) : data_{data}, size_{size} {}
    void give_back() noexcept {
        if (data_ != nullptr) sandbox::arena_return(data_, size_);
    }
    std::uint8_t* data_;
    std::size_t size_;
};

// Lengths must be equal; the time depends on the length alone.
bool equal_in_constant_time(ByteView a, ByteView b);
void fill_with_random(std::span<std::uint8_t> bytes);

template <std::size_t N>
class Secret {
public:
    // N zero bytes, to be written through span().
    static Result<Secret> zeroed() { return Secret{NACRE_TRY(SecretMemory::take(N))}; }

    static Result<Secret> random() {
        Secret secret{NACRE_TRY(SecretMemory::take(N))};
        fill_with_random(secret.span());
        return secret;
    }

    // Copies; the caller wipes the source.
    static Result<Secret> from(std::span<const std::uint8_t, N> bytes) {
        Secret secret{NACRE_TRY(SecretMemory::take(N))};
        std::memcpy(secret.memory_.data(), bytes.data(), N);
        return secret;
    }

    std::span<const std::uint8_t, N> view() const {
        return std::span<const std::uint8_t, N>{memory_.data(), N};
    }
    std::span<std::uint8_t, N> span() { return std::span<std::uint8_t, N>{memory_.data(), N}; }

    // In constant time.
    bool equals(const Secret& other) const { return equal_in_constant_time(view(), other.view()); }
    bool operator==(const Secret&) const = delete;

private:
    explicit Secret(SecretMemory memory) : memory_{std::move(memory)} {}
    SecretMemory memory_;
};

class Passphrase {
public:
    static constexpr std::size_t kMaxLength = 1024;

    // Reads one passphrase from `fd` straight into the arena, after `prefix.size()` bytes that go
    // to `prefix` (the ticket). A SOCK_SEQPACKET or SOCK_DGRAM socket gives one message; anything
    // else is read to its end. Blocks as long as the descriptor does: set SO_RCVTIMEO.
    // invalid_argument: shorter than the prefix, empty, or longer than kMaxLength; timed_out: the
    // descriptor's own time limit; unavailable: the peer is gone; io_failed.
    static Result<Passphrase> receive(int fd, std::span<std::uint8_t> prefix = {});

    // Reads up to a line feed (left out) or the end, a byte a call, so that nothing behind the line
    // is consumed: for terminals and pipes of the command line. Errors as above.
    static Result<Passphrase> read_line(int fd);

    // Copies; for tests and for what already stands in ordinary memory. invalid_argument as above.
    static Result<Passphrase> from(ByteView bytes);

    // Never empty.
    ByteView view() const { return {memory_.data(), length_}; }
    bool equals(const Passphrase& other) const {
        return length_ == other.length_ && equal_in_constant_time(view(), other.view());
    }
    bool operator==(const Passphrase&) const = delete;

private:
    Passphrase(SecretMemory memory, std::size_t length)
        : memory_{std::move(memory)}, length_{length} {}
    static Result<Passphrase> take(SecretMemory memory, std::size_t length);
    SecretMemory memory_;
    std::size_t length_;
};

}  // namespace nacre
