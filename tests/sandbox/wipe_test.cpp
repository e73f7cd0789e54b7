// Goal: at the moment at which a process ends by wipe_and_exit(), nothing of what it alone held is
// left in its memory, wherever it stood and whatever its threads were doing.
#include "sandbox/wipe.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cinttypes>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace nacre::sandbox {
namespace {

#ifndef NACRE_SANITIZED  // where nothing is wiped

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMarkSize = 24;

// Made anew at each use, so that it stands in no constant.
__attribute__((noinline)) void write_mark(void* where) {
    auto* at = static_cast<volatile unsigned char*>(where);
    for (std::size_t i = 0; i < kMarkSize; ++i) at[i] = static_cast<unsigned char>(0xa5 ^ (i * 7 + 3));
}

unsigned char g_written[64] = {1};

// Makes the compiler keep what stands at `where`.
void keep(const void* where) { __asm__ volatile("" : : "r"(where) : "memory"); }

void* map_with_mark(int protection) {
    void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    write_mark(page);
    mprotect(page, kPage, protection);
    return page;
}

void* map_memory_file() {
    const int file = memfd_create("mark", MFD_CLOEXEC);
    (void)!ftruncate(file, kPage);
    void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    write_mark(page);
    return page;
}

constexpr int kPlaces = 11;

// Marks in every kind of place, threads in every kind of state.
[[noreturn]] void fill_and_wipe(int ready, int go, bool hang) {
    if (!prepare_wipe().ok() || sodium_init() < 0) _exit(3);
    std::atomic<int> started = 0;
    std::thread busy{[&] {
        char own[64];
        write_mark(own);
        keep(own);
        ++started;
        for (;;) keep(own);
    }};
    std::thread waiting{[&] {
        char own[64];
        write_mark(own);
        ++started;
        char byte = 0;
        int nothing[2];
        (void)!pipe(nothing);
        (void)!read(nothing[0], &byte, 1);
        keep(own);
    }};
    while (started < 2) std::this_thread::yield();

    char on_stack[64];
    write_mark(on_stack);
    write_mark(g_written);
    write_mark(std::malloc(100));
    write_mark(std::malloc(1 << 20));
    map_with_mark(PROT_READ | PROT_WRITE);
    map_with_mark(PROT_READ);
    map_with_mark(PROT_NONE);
    map_memory_file();
    void* guarded = sodium_malloc(64);
    write_mark(guarded);
    sodium_mprotect_noaccess(guarded);

    char byte = 1;
    (void)!write(ready, &byte, 1);
    (void)!read(go, &byte, 1);
    keep(on_stack);
    if (!hang) wipe_and_exit(7);
    wipe_within(std::chrono::milliseconds{1});
    (void)!read(go, &byte, 1);  // nobody writes
    _exit(9);
}

int count_marks(const std::vector<unsigned char>& memory, const unsigned char* mark) {
    int found = 0;
    const unsigned char* at = memory.data();
    const unsigned char* end = at + memory.size();
    while ((at = static_cast<const unsigned char*>(
                memmem(at, static_cast<std::size_t>(end - at), mark, kMarkSize))) != nullptr) {
        ++found;
        ++at;
    }
    return found;
}

// In all private mappings and memory files of a traced process.
int marks_in(pid_t process) {
    unsigned char mark[kMarkSize];
    write_mark(mark);
    const std::string folder = "/proc/" + std::to_string(process);
    const int memory = open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(memory >= 0);
    std::ifstream maps{folder + "/maps"};
    int found = 0;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end);
        if (line.find("[v") != std::string::npos) continue;
        std::vector<unsigned char> page(end - begin);
        const ssize_t got = pread(memory, page.data(), page.size(), static_cast<off_t>(begin));
        if (got <= 0) continue;
        page.resize(static_cast<std::size_t>(got));
        found += count_marks(page, mark);
    }
    close(memory);
    return found;
}

// `hang`: the process does not come to its end by itself. Its exit status.
int end_without_marks(bool hang) {
    std::array<int, 2> ready{};
    std::array<int, 2> go{};
    REQUIRE(pipe(ready.data()) == 0);
    REQUIRE(pipe(go.data()) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) fill_and_wipe(ready[1], go[0], hang);
    close(ready[1]);
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    REQUIRE(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT) == 0);
    CHECK(marks_in(child) >= kPlaces);

    REQUIRE(write(go[1], &byte, 1) == 1);
    int status = 0;
    REQUIRE(waitpid(child, &status, __WALL) == child);
    while (WIFSTOPPED(status) && status >> 16 == 0) {  // a signal that parks
        ptrace(PTRACE_CONT, child, 0, WSTOPSIG(status));
        REQUIRE(waitpid(child, &status, __WALL) == child);
    }
    REQUIRE(WIFSTOPPED(status));
    REQUIRE(status >> 16 == PTRACE_EVENT_EXIT);
    CHECK(marks_in(child) == 0);
    ptrace(PTRACE_CONT, child, 0, 0);
    REQUIRE(waitpid(child, &status, __WALL) == child);
    CHECK(WIFEXITED(status));
    for (const int fd : {ready[0], go[0], go[1]}) close(fd);
    return WEXITSTATUS(status);
}

TEST_CASE("wipe: at the end of the process nothing of its own memory is left", "[sandbox]") {
    CHECK(end_without_marks(false) == 7);
}

TEST_CASE("wipe: a process that hangs is wiped and ended when its time is over", "[sandbox]") {
    CHECK(end_without_marks(true) == 0);
}

// A lock that came before leaves a panic too little time to destroy the slots.
TEST_CASE("wipe: the time is extended once", "[sandbox]") {
    constexpr std::chrono::milliseconds kShort{1500};
    constexpr std::chrono::milliseconds kExtended{2000};
    const auto begun = std::chrono::steady_clock::now();
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!prepare_wipe().ok()) _exit(3);
        wipe_within(kShort);
        extend_wipe(kExtended);
        extend_wipe(std::chrono::hours{1});
        wipe_within(std::chrono::milliseconds{1});
        for (;;) pause();
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(std::chrono::steady_clock::now() - begun >= kExtended);
}

#endif

}  // namespace
}  // namespace nacre::sandbox
