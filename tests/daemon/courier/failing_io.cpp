#include "failing_io.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace nacre::tests {
namespace {

constexpr int kCalls = 3;

struct Plan {
    std::atomic<int> error{0};
    std::atomic<int> after{0};
};

Plan g_plans[kCalls];
std::atomic<bool> g_write_part{false};
std::atomic<int> g_syncs{0};
std::atomic<std::int64_t> g_bad{-1};

Plan& plan(Call call) { return g_plans[static_cast<int>(call)]; }

// The error to fail with, or 0.
int verdict(Call call) {
    Plan& now = plan(call);
    if (now.error == 0) return 0;
    return now.after.fetch_sub(1) > 0 ? 0 : now.error.load();
}

template <class Function>
Function* original(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

FailingIo::FailingIo(Call call, int error, int after, bool write_part) {
    for (Plan& each : g_plans) each.error = 0;
    g_write_part = write_part;
    plan(call).after = after;
    plan(call).error = error;
}

FailingIo::~FailingIo() {
    for (Plan& each : g_plans) each.error = 0;
    g_write_part = false;
}

BadSector::BadSector(std::uint64_t offset) { g_bad = static_cast<std::int64_t>(offset); }
BadSector::~BadSector() { g_bad = -1; }

int fdatasync_calls() { return g_syncs; }

}  // namespace nacre::tests

using nacre::tests::Call;

#define NACRE_EXPORTED extern "C" __attribute__((visibility("default")))

NACRE_EXPORTED ssize_t pread(int fd, void* bytes, size_t count, off_t at) {
    static auto* const next = nacre::tests::original<ssize_t(int, void*, size_t, off_t)>("pread");
    const std::int64_t bad = nacre::tests::g_bad;
    if (bad >= at && bad < at + static_cast<off_t>(count)) {
        errno = EIO;
        return -1;
    }
    return next(fd, bytes, count, at);
}

NACRE_EXPORTED ssize_t pread64(int fd, void* bytes, size_t count, off64_t at) {
    return pread(fd, bytes, count, at);
}

NACRE_EXPORTED ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
    static auto* const next = nacre::tests::original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    if (const int error = nacre::tests::verdict(Call::pwrite); error != 0) {
        if (nacre::tests::g_write_part) next(fd, bytes, count / 2, at);
        errno = error;
        return -1;
    }
    return next(fd, bytes, count, at);
}

NACRE_EXPORTED ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
    return pwrite(fd, bytes, count, at);
}

NACRE_EXPORTED int fdatasync(int fd) {
    static auto* const next = nacre::tests::original<int(int)>("fdatasync");
    ++nacre::tests::g_syncs;
    if (const int error = nacre::tests::verdict(Call::fdatasync); error != 0) {
        errno = error;
        return -1;
    }
    return next(fd);
}

NACRE_EXPORTED int fsync(int fd) {
    static auto* const next = nacre::tests::original<int(int)>("fsync");
    if (const int error = nacre::tests::verdict(Call::fsync); error != 0) {
        errno = error;
        return -1;
    }
    return next(fd);
}
