#include "daemon/vaultd/attempt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace nacre::vaultd {
namespace {

struct Record {
    std::array<char, 8> magic{'N', 'A', 'C', 'R', 'E', 'A', 'T', 'T'};
    std::uint64_t sequence = 0;
    std::uint64_t state = 0;
};
static_assert(sizeof(Record) == 24);

constexpr std::uint64_t kInHand = 1;
constexpr std::uint64_t kFatalSignal = 2;
constexpr std::size_t kAlternateStackBytes = 64 * 1024;

// What the signal handler may touch.
std::atomic<int> g_file{-1};
std::atomic<std::uint64_t> g_sequence{0};
std::atomic<bool> g_forgiven{false};

// What the watching thread had before.
thread_local std::optional<stack_t> t_own_stack;

void write_record(int file, std::uint64_t sequence, std::uint64_t state) {
    Record record;
    record.sequence = sequence;
    record.state = state;
    // A failing write leaves the attempt unmarked; it must not stop the handling.
    [[maybe_unused]] const auto written = pwrite(file, &record, sizeof record, 0);
}

// Whether it is of this process's own making: a fault, or abort(). Anybody may send the number.
bool is_own(int signal, const siginfo_t& info) {
    return signal == SIGABRT ? info.si_pid == getpid() : info.si_code > 0;
}

// Async-signal-safe: two atomics, pwrite, raise. SA_RESETHAND has restored the default action.
void mark_death(int signal, siginfo_t* info, void*) {
    const int file = g_file.load();
    const std::uint64_t sequence = g_sequence.load();
    if (file >= 0 && sequence != 0 && is_own(signal, *info)) {
        write_record(file, sequence, kFatalSignal);
    }
    raise(signal);
}

}  // namespace

AttemptFile::AttemptFile(daemon::Descriptor file, std::optional<Death> death)
    : file_{std::move(file)}, death_{death} {}

Result<AttemptFile> AttemptFile::open(const std::filesystem::path& path) {
    daemon::Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return os_error("open attempt file", errno);
    Record record;
    const Record blank;
    std::optional<Death> death;
    if (pread(file.get(), &record, sizeof record, 0) == sizeof record &&
        record.magic == blank.magic && record.sequence != 0)
        death = Death{record.sequence, record.state == kFatalSignal};
    return AttemptFile{std::move(file), death};
}

void AttemptFile::begin(std::uint64_t sequence) {
    if (g_forgiven) return;
    g_sequence.store(sequence);
    write_record(file_.get(), sequence, kInHand);
}

void AttemptFile::end() {
    g_sequence.store(0);
    write_record(file_.get(), 0, 0);
}

void AttemptFile::forgive() {
    g_forgiven = true;
    g_sequence.store(0);
    if (const int file = g_file.load(); file >= 0) write_record(file, 0, 0);
}

void AttemptFile::watch_signals() {
    g_file.store(file_.get());
    // A stack overflow leaves no room for the handler on the stack that overflowed.
    static std::array<std::uint8_t, kAlternateStackBytes> stack;
    stack_t alternate{};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    stack_t own{};
    if (sigaltstack(&alternate, &own) == 0 && !t_own_stack) t_own_stack = own;
    struct sigaction action {};
    action.sa_sigaction = mark_death;
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK | SA_NODEFER);
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        sigaction(signal, &action, nullptr);
}

void AttemptFile::leave_stack() {
    if (!t_own_stack) return;
    sigaltstack(&*t_own_stack, nullptr);
    t_own_stack.reset();
}

}  // namespace nacre::vaultd
