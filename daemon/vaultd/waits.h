// Waits: how long nobody may try a secret after wrong ones. The first few cost nothing more than
// Argon2; then the wait doubles, up to five minutes, until one is right.
//
// It is for somebody at the API, or at the keyboard; systemd's credential is no attempt. Whoever can write in the vault's folder can take
// a copy of the header and guess elsewhere; Argon2id is what stands against that.
//
// Layer:   daemon/vaultd.
// Secrets: none: a count, and a time of the boot clock.
// Errors:  rate_limited.
// Threads: seconds_left() from any; attempts one at a time, as the caller sees to.
// Format:  48 bytes, little endian: magic "NACREWAI", wrong attempts u64, boot id 16, end of the wait
//          on the boot clock in ms u64, the first 8 bytes of BLAKE2b-256 of what is before. An attempt
//          counts before it is made, synced, so that ending the process does not save it. The wall
//          clock plays no part; after a reboot the whole wait begins again. A damaged file counts as
//          the last attempt that is free.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>

#include "api/base/clock.h"
#include "api/base/result.h"

namespace nacre::vaultd {

// After so many wrong attempts in a row.
std::uint32_t wait_after(std::uint64_t wrong_attempts);

using BootId = std::array<std::uint8_t, 16>;
// The kernel's, random for each boot; zeros where it cannot be read.
BootId boot_id();

class Waits {
public:
    // The file is made with the first attempt.
    Waits(std::filesystem::path file, const Clock& clock, const BootId& boot = boot_id());

    std::uint32_t seconds_left() const;

    // Before a secret is tried; rate_limited during a wait. Counts it as wrong.
    Result<void> begin();
    // After it: ok takes the count back to nothing; wrong_passphrase lets it stand, and the wait
    // begins now; another error judged nothing.
    void end(const Result<void>& outcome);

private:
    void load();
    void store(std::uint64_t wrong, std::int64_t until_ms);

    const std::filesystem::path file_;
    const Clock& clock_;
    const BootId boot_;
    std::atomic<std::uint64_t> wrong_ = 0;
    std::atomic<std::int64_t> until_ms_ = 0;
};

}  // namespace nacre::vaultd
