// Policy: what each nacre process may do, as tables; policies.cpp is the page to read.
//
// Layer:   sandbox. Data alone; filter, landlock and limits apply it.
// Secrets: none.
// Threads: constants.
//
// A row names the processes that it is for, so what one may do more than another is seen at a glance.
// System calls are named as libseccomp names them, so that one table serves x86-64 and arm64; what no
// row allows ends the process (SECCOMP_RET_KILL_PROCESS), but for the rows in `refused`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace nacre::sandbox {

enum class Process : std::uint8_t {
    vaultd = 1,
    courier = 2,
    nacred = 4,
    sentry = 8,
    overwrite = 16,
    command = 32,  // nacre
    slot = 64,
};

// Any of them, or-ed.
using Who = std::uint8_t;

// Rows that hold only in some circumstances; each process says at its start which are its own.
enum class When : std::uint8_t {
    always = 0,
    names = 1,     // courier: there are names to be resolved
    systemd = 2,   // courier: systemd started it, not nacred: Unix sockets to the vault
    emulator = 4,  // slot: the TPM is an emulator behind a Unix socket, not a device
};
using Circumstances = std::uint8_t;

// Holds when (argument & mask) == value.
struct Match {
    static constexpr std::uint64_t kOwnPid = ~std::uint64_t{0};  // as value: the process's own number
    static constexpr std::uint8_t kNone = 0xff;
    std::uint8_t argument = kNone;
    std::uint64_t mask = 0;
    std::uint64_t value = 0;
};

// System calls allowed whatever their arguments; names with spaces between.
struct Calls {
    Who who;
    const char* names;
    When when = When::always;
};

// One allowed with these arguments; several rows for one call are alternatives.
struct Call {
    Who who;
    const char* name;
    Match first;
    Match second{};
    Match third{};
    When when = When::always;
};

// Answered with an error, because a library asks and goes on without.
struct Refusal {
    Who who;
    const char* names;
    int error;
    Match first{};
    Match second{};
    When unless = When::always;  // not there, where it is allowed
};

enum class Access : std::uint8_t {
    read,     // files and lists of folders
    execute,  // read, and start programs
    use,      // read and write what is there: devices
    write,    // read and change everything below
};

// A file or a folder with everything below it. A place in "<>" is given by the process at its start;
// where nothing is, nothing is allowed.
struct PathRule {
    Who who;
    const char* place;
    Access access;
};

struct LimitRule {
    Who who;
    int resource;  // RLIMIT_*
    std::uint64_t most;
};

struct Policy {
    std::span<const Calls> calls;
    std::span<const Call> filtered;
    std::span<const Refusal> refused;
    std::span<const PathRule> paths;
    std::span<const LimitRule> limits;
    Who no_tcp;             // neither connects nor listens by TCP but to ports given at the start
    Who no_abstract;        // no abstract Unix sockets of others
    Who no_signals;         // none to processes that it has not started
    Who keeps_memory_lock;  // CAP_IPC_LOCK, if it has it; all other capabilities are dropped by all
};

const Policy& policy();

constexpr Who bit(Process process) { return static_cast<Who>(process); }
constexpr bool among(Process process, Who who) { return (bit(process) & who) != 0; }
std::string_view name_of(Process process);

}  // namespace nacre::sandbox
