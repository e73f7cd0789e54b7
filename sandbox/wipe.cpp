#include "sandbox/wipe.h"

#include <unistd.h>

#ifdef NACRE_SANITIZED  // whose shadow memory is as large as the address space

namespace nacre::sandbox {

Result<void> open_for_wipe() { return {}; }

Result<void> start_wiper() { return {}; }

Result<void> prepare_wipe() { return {}; }

void wipe_within(std::chrono::milliseconds) {}

void extend_wipe(std::chrono::milliseconds) {}

void wipe_and_exit(int status) { _exit(status); }

}  // namespace nacre::sandbox

#else

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>

#ifndef __x86_64__
#error "sandbox/wipe.cpp makes its system calls for x86-64 alone"
#endif

namespace nacre::sandbox {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kStackSize = std::size_t{256} * 1024;
// Not used by libc (which keeps 32 and 33) nor by any library here.
constexpr int kParkSignal = 62;
// A thread in the middle of nothing is parked within microseconds. One within the kernel, waiting
// for a disk, never comes back to its program; it is not waited for longer than this.
constexpr std::int64_t kParkNs = 50'000'000;
constexpr int kLatePasses = 3;
constexpr long kLatePauseNs = 20'000'000;

// From here on nothing may call a function of a library: their tables of addresses are zeroed, too.
// Inlined, or static to this file and compiled without a stack protector (see CMakeLists.txt).
inline __attribute__((always_inline)) long raw(long number, long a = 0, long b = 0, long c = 0,
                                               long d = 0) {
    register long r10 __asm__("r10") = d;
    long result = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

inline __attribute__((always_inline)) void zero(std::uintptr_t at, std::size_t bytes) {
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(0) : "memory");
}

struct Files {
    int tasks = -1;    // /proc/self/task
    int maps = -1;     // /proc/self/maps
    int pagemap = -1;  // /proc/self/pagemap
};

// What the wiping thread works with, on its own stack: all else is zeroed.
struct Plan {
    Files files;
    std::uintptr_t keep_begin = 0;
    std::uintptr_t keep_end = 0;
    long self = 0;
    long process = 0;
};

constexpr int kNotAsked = -1;
std::atomic<int> g_asked = kNotAsked;  // the exit status
std::atomic<int> g_changes = 0;        // of what is asked; the futex
std::atomic<std::int64_t> g_deadline_ns = 0;  // 0: none
std::atomic<bool> g_extended = false;
std::atomic<int> g_parked = 0;
std::atomic<bool> g_prepared = false;

// The kernel has put the thread's registers onto its stack, which is zeroed, and given it new ones.
// Every signal is blocked while this runs, so the wait never ends. No memory is touched.
[[noreturn]] void park(int) {
    g_parked.fetch_add(1);
    for (;;) raw(SYS_ppoll);
}

std::int64_t now_ns() {
    timespec time{};
    raw(SYS_clock_gettime, CLOCK_MONOTONIC, reinterpret_cast<long>(&time));
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

long number_of(const char* text) {
    long number = 0;
    for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + (*text - '0');
    return *text == '\0' ? number : -1;
}

// Signals every other thread; how many there are now. A thread gets the signal again at each call,
// which it has blocked once it is parked.
int signal_threads(const Plan& plan) {
    struct Entry {
        std::uint64_t inode;
        std::int64_t offset;
        std::uint16_t length;
        std::uint8_t type;
        char name[];
    };
    alignas(Entry) char buffer[4096];
    int others = 0;
    raw(SYS_lseek, plan.files.tasks, 0, SEEK_SET);
    for (;;) {
        const long got = raw(SYS_getdents64, plan.files.tasks, reinterpret_cast<long>(buffer),
                             sizeof buffer);
        if (got <= 0) return others;
        for (long at = 0; at < got;) {
            const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
            at += entry->length;
            const long thread = number_of(entry->name);
            if (thread <= 0 || thread == plan.self) continue;
            ++others;
            raw(SYS_tgkill, plan.process, thread, kParkSignal);
        }
    }
}

void pause_for(long nanoseconds) {
    const timespec moment{0, nanoseconds};
    raw(SYS_nanosleep, reinterpret_cast<long>(&moment));
}

// Whether all have parked. A thread that is just being made is not in the list yet, so the list must
// have been the same twice.
bool park_threads(const Plan& plan) {
    const std::int64_t deadline = now_ns() + kParkNs;
    int before = -1;
    for (;;) {
        const int others = signal_threads(plan);
        if (others == before && others <= g_parked.load()) return true;
        if (now_ns() >= deadline) return false;
        before = others;
        pause_for(200'000);
    }
}

// One line of /proc/self/maps: "begin-end rwxp offset device inode path".
struct Mapping {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool readable = false;
    bool writable = false;
    bool shared = false;
    bool ours = false;  // anonymous, or written by this process: not a shared file, not the kernel's
};

bool begins_with(const char* text, const char* prefix) {
    while (*prefix != '\0') {
        if (*text++ != *prefix++) return false;
    }
    return true;
}

const char* read_hex(const char* at, std::uintptr_t& number) {
    number = 0;
    for (;; ++at) {
        const char c = *at;
        if (c >= '0' && c <= '9') {
            number = number * 16 + static_cast<std::uintptr_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            number = number * 16 + static_cast<std::uintptr_t>(c - 'a' + 10);
        } else {
            return at;
        }
    }
}

// `line` ends with a zero byte.
Mapping read_mapping(const char* line) {
    Mapping out;
    const char* at = read_hex(line, out.begin);
    at = read_hex(at + 1, out.end) + 1;
    out.readable = at[0] == 'r';
    out.writable = at[1] == 'w';
    out.shared = at[3] == 's';
    const char* path = at;
    for (int fields = 0; *path != '\0' && fields < 4;) {
        if (*path++ == ' ') ++fields;
    }
    while (*path == ' ') ++path;
    const bool kernels = begins_with(path, "[v");  // [vvar], [vdso], [vsyscall]
    const bool memory_file = begins_with(path, "/secretmem") || begins_with(path, "/memfd:") ||
                             begins_with(path, "/dev/zero");
    out.ours = !kernels && (!out.shared || memory_file);
    return out;
}

void wipe_range(const Mapping& mapping, std::uintptr_t begin, std::uintptr_t end) {
    if (!mapping.readable || !mapping.writable) {
        raw(SYS_mprotect, static_cast<long>(begin), static_cast<long>(end - begin),
            PROT_READ | PROT_WRITE);
    }
    zero(begin, end - begin);
}

// Pages that exist only as a file's are left: they hold what the file holds. Pages that do not exist
// are not made by zeroing them: reserved address space is large.
bool is_written(std::uint64_t entry, bool shared) {
    constexpr std::uint64_t kPresent = 1ULL << 63;
    constexpr std::uint64_t kSwapped = 1ULL << 62;
    constexpr std::uint64_t kFileOrShared = 1ULL << 61;
    if ((entry & (kPresent | kSwapped)) == 0) return false;
    return shared || (entry & kFileOrShared) == 0;
}

void wipe_mapping(const Plan& plan, const Mapping& mapping) {
    std::uint64_t entries[512];
    std::uintptr_t page = mapping.begin;
    while (page < mapping.end) {
        std::size_t pages = (mapping.end - page) / kPage;
        if (pages > 512) pages = 512;
        const long got = raw(SYS_pread64, plan.files.pagemap, reinterpret_cast<long>(entries),
                             static_cast<long>(pages * sizeof entries[0]),
                             static_cast<long>(page / kPage * sizeof entries[0]));
        if (got <= 0) return;
        const auto known = static_cast<std::size_t>(got) / sizeof entries[0];
        for (std::size_t i = 0; i < known;) {
            std::size_t run = 0;
            while (i + run < known && is_written(entries[i + run], mapping.shared)) ++run;
            if (run != 0) wipe_range(mapping, page + i * kPage, page + (i + run) * kPage);
            i += run == 0 ? 1 : run;
        }
        page += known * kPage;
    }
}

void wipe_line(const Plan& plan, const char* line) {
    const Mapping mapping = read_mapping(line);
    if (!mapping.ours) return;
    if (mapping.begin < plan.keep_end && mapping.end > plan.keep_begin) {
        // The kernel may have joined neighbours to our stack.
        Mapping before = mapping;
        before.end = plan.keep_begin;
        Mapping after = mapping;
        after.begin = plan.keep_end;
        if (before.begin < before.end) wipe_mapping(plan, before);
        if (after.begin < after.end) wipe_mapping(plan, after);
        return;
    }
    wipe_mapping(plan, mapping);
}

// Reads the list a piece at a time. Zeroing changes protections only, so lines may split, and none
// is lost: the kernel goes on at the address where it stopped.
void wipe_memory(const Plan& plan) {
    char text[8192];
    std::size_t have = 0;
    raw(SYS_lseek, plan.files.maps, 0, SEEK_SET);
    for (;;) {
        const long got = raw(SYS_read, plan.files.maps, reinterpret_cast<long>(text + have),
                             static_cast<long>(sizeof text - have));
        if (got <= 0) return;
        have += static_cast<std::size_t>(got);
        std::size_t line = 0;
        for (std::size_t at = 0; at < have; ++at) {
            if (text[at] != '\n') continue;
            text[at] = '\0';
            wipe_line(plan, text + line);
            line = at + 1;
        }
        have -= line;
        for (std::size_t i = 0; i < have; ++i) text[i] = text[line + i];
    }
}

// A thread that did not park in time, and comes upon zeroed memory, must not end the process before
// its time.
void park_on_faults() {
    struct Action {  // the kernel's, not libc's
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(int);
        std::uint64_t mask;
    };
    constexpr unsigned long kRestorer = 0x04000000;  // the kernel asks for one; it is never called
    const Action action{park, kRestorer, park, ~std::uint64_t{0}};
    for (int signal = 1; signal < 32; ++signal) {
        raw(SYS_rt_sigaction, signal, reinterpret_cast<long>(&action), 0, sizeof action.mask);
    }
}

[[noreturn]] __attribute__((noinline)) void wipe(const Plan& plan, int status) {
    park_on_faults();
    const bool parked = park_threads(plan);
    wipe_memory(plan);
    // One that parks later has its registers put onto its stack: wiped again, a few times.
    for (int again = 0; !parked && again < kLatePasses; ++again) {
        signal_threads(plan);
        pause_for(kLatePauseNs);
        wipe_memory(plan);
    }
    for (;;) raw(SYS_exit_group, status);
}

void wake() {
    g_changes.fetch_add(1);
    raw(SYS_futex, reinterpret_cast<long>(&g_changes), FUTEX_WAKE_PRIVATE, INT_MAX);
}

// The exit status.
int wait_until_asked() {
    for (;;) {
        const int changes = g_changes.load();
        const int status = g_asked.load();
        if (status != kNotAsked) return status;
        const std::int64_t deadline = g_deadline_ns.load();
        timespec left{};
        if (deadline != 0) {
            const std::int64_t nanoseconds = deadline - now_ns();
            if (nanoseconds <= 0) return 0;
            left = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
        }
        raw(SYS_futex, reinterpret_cast<long>(&g_changes), FUTEX_WAIT_PRIVATE, changes,
            reinterpret_cast<long>(deadline == 0 ? nullptr : &left));
    }
}

[[noreturn]] void* wait_to_wipe(void* given) {
    Plan plan = *static_cast<const Plan*>(given);
    pthread_setname_np(pthread_self(), "wiper");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    plan.self = raw(SYS_gettid);
    plan.process = raw(SYS_getpid);
    g_prepared = true;
    wipe(plan, wait_until_asked());
}

Result<Files> open_files() {
    Files files;
    files.tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    files.maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    files.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (files.tasks < 0 || files.maps < 0 || files.pagemap < 0)
        return os_error("open the list of this process's memory", errno);
    return files;
}

Result<void> watch_park_signal() {
    struct sigaction action {};
    action.sa_handler = park;
    sigfillset(&action.sa_mask);
    if (sigaction(kParkSignal, &action, nullptr) != 0) return os_error("park signal", errno);
    return {};
}

// Read by the wiper's thread until it says that it is prepared, and by nobody after.
Plan& first_plan() {
    static Plan plan;
    return plan;
}

}  // namespace

Result<void> open_for_wipe() {
    first_plan().files = NACRE_TRY(open_files());
    return {};
}

Result<void> start_wiper() {
    Plan& plan = first_plan();
    NACRE_TRY(watch_park_signal());
    void* const stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (stack == MAP_FAILED) return os_error("map the wiper's stack", errno);
    plan.keep_begin = reinterpret_cast<std::uintptr_t>(stack);
    plan.keep_end = plan.keep_begin + kStackSize;
    // libc keeps a thread's own variables at the top of the stack that it is given.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, kStackSize);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread{};
    const int made = pthread_create(&thread, &attributes, wait_to_wipe, &plan);
    pthread_attr_destroy(&attributes);
    if (made != 0) return os_error("start the wiper", made);
    while (!g_prepared.load()) sched_yield();
    return {};
}

Result<void> prepare_wipe() {
    NACRE_TRY(open_for_wipe());
    return start_wiper();
}

void wipe_within(std::chrono::milliseconds most) {
    std::int64_t none = 0;
    const std::int64_t deadline = now_ns() + most.count() * 1'000'000;
    if (!g_deadline_ns.compare_exchange_strong(none, deadline)) return;
    wake();
}

void extend_wipe(std::chrono::milliseconds most) {
    if (g_extended.exchange(true)) return;
    const std::int64_t deadline = now_ns() + most.count() * 1'000'000;
    std::int64_t before = g_deadline_ns.load();
    while (before < deadline && !g_deadline_ns.compare_exchange_weak(before, deadline)) {
    }
    wake();
}

void wipe_and_exit(int status) {
    if (!g_prepared.load()) _exit(status);
    g_asked.store(status);
    wake();
    for (;;) raw(SYS_ppoll);
}

}  // namespace nacre::sandbox

#endif
