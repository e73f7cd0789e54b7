// Attempt: which envelope is being handled, in a file that outlives this process, so that an
// envelope that kills vaultd is recognised when the vault is opened again.
//
// Layer:   daemon/vaultd.
// Secrets: none: a sequence number of the spool and how its handling ended.
// Errors:  those of the file system.
// Threads: begin() and end() on the engine thread; the fatal-signal handler on any.
// Format:  24 bytes, little endian: magic "NACREATT", sequence u64 (0: none), state u64
//          (1 in hand, 2 ended by a fatal signal). Not synchronised: it need survive the process,
//          not the machine; after a power cut there is nothing to blame an envelope for.
#pragma once

#include <filesystem>
#include <optional>

#include "api/base/result.h"
#include "daemon/base/descriptor.h"

namespace nacre::vaultd {

class AttemptFile {
public:
    // An attempt that never ended.
    struct Death {
        std::uint64_t sequence = 0;
        // A signal of our own making (abort, segmentation fault), not a kill from outside.
        bool by_fatal_signal = false;
    };

    static Result<AttemptFile> open(const std::filesystem::path& path);

    // What the process before this one left; cleared by the first begin() or end().
    std::optional<Death> death() const { return death_; }

    void begin(std::uint64_t sequence);
    void end();

    // The process ends on purpose, whatever is in hand: no envelope is to blame for that. From now on
    // nothing is marked. Any thread; async-signal-safe.
    static void forgive();

    // From now on SIGABRT, SIGSEGV, SIGBUS, SIGILL and SIGFPE mark the attempt before they end the
    // process as they would have.
    void watch_signals();
    // By the thread that watched, before it ends: it has its own alternate stack again, which whoever
    // made that (AddressSanitizer) takes away at the thread's end.
    static void leave_stack();

private:
    AttemptFile(daemon::Descriptor file, std::optional<Death> death);
    daemon::Descriptor file_;
    std::optional<Death> death_;
};

}  // namespace nacre::vaultd
