#include "tests/vault/disk.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>

namespace nacre::tests {
namespace {

// One test at a time; SQLite and the vault call from the test's thread only.
struct Watch {
    std::string folder;
    bool record = false;
    std::vector<DiskCall> calls;
    std::array<std::uint64_t, 5> counts{};
    Fault fault = Fault::none;
    std::uint64_t until = 0;
    int os_errno = 0;
    bool lasting = false;
};

Watch g_watch;

template <class Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// The path below the watched folder, or nothing. The log's index is no durable file.
std::optional<std::string> watched(std::string path) {
    if (g_watch.folder.empty() || !path.starts_with(g_watch.folder)) return {};
    path.erase(0, g_watch.folder.size());
    if (path.starts_with('/')) path.erase(0, 1);
    return path;
}

std::optional<std::string> watched(int fd) {
    if (g_watch.folder.empty()) return {};
    std::array<char, 512> link{};
    const std::string name = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = readlink(name.c_str(), link.data(), link.size());
    if (length <= 0) return {};
    return watched(std::string(link.data(), static_cast<std::size_t>(length)));
}

bool fails(Fault kind) {
    ++g_watch.counts[static_cast<std::size_t>(kind)];
    if (g_watch.fault != kind) return false;
    if (g_watch.until > 1) {
        --g_watch.until;
        return false;
    }
    if (!g_watch.lasting) g_watch.fault = Fault::none;
    errno = g_watch.os_errno;
    return true;
}

void record(DiskCall call) {
    if (!g_watch.record || call.path.ends_with("-shm")) return;
    g_watch.calls.push_back(std::move(call));
}

ssize_t write_at(const char* name, int fd, const void* data, std::size_t size, off_t offset) {
    const auto path = watched(fd);
    if (path && fails(Fault::write)) return -1;
    const ssize_t put = real<ssize_t(int, const void*, std::size_t, off_t)>(name)(fd, data, size, offset);
    if (path && put > 0) {
        const auto* const bytes = static_cast<const std::uint8_t*>(data);
        record({DiskCall::Kind::write, *path, {}, static_cast<std::uint64_t>(offset),
                Bytes(bytes, bytes + put)});
    }
    return put;
}

// Not passed on: the crashes here are modelled, and a real disk takes its time.
int sync_with(int fd) {
    const auto path = watched(fd);
    if (path && fails(Fault::sync)) return -1;
    if (path) record({DiskCall::Kind::sync, *path, {}, 0, {}});
    return 0;
}

int truncate_with(const char* name, int fd, off_t size) {
    const auto path = watched(fd);
    if (path && fails(Fault::write)) return -1;
    const int result = real<int(int, off_t)>(name)(fd, size);
    if (path && result == 0) {
        record({DiskCall::Kind::truncate, *path, {}, static_cast<std::uint64_t>(size), {}});
    }
    return result;
}

int open_with(const char* name, const char* file, int flags, mode_t mode) {
    const auto call = real<int(const char*, int, ...)>(name);
    const auto path = (flags & O_CREAT) != 0 ? watched(std::string{file}) : std::nullopt;
    const bool creates = path && access(file, F_OK) != 0;
    if (creates && fails(Fault::name)) return -1;
    const int fd = call(file, flags, mode);
    if (creates && fd >= 0) record({DiskCall::Kind::create, *path, {}, 0, {}});
    return fd;
}

int change_name(DiskCall::Kind kind, const char* function, const char* file) {
    const auto path = watched(std::string{file});
    if (path && fails(Fault::name)) return -1;
    const int result = real<int(const char*)>(function)(file);
    if (path && result == 0) record({kind, *path, {}, 0, {}});
    return result;
}

ssize_t read_from(const char* name, int fd, void* data, std::size_t size, off_t offset) {
    if (watched(fd) && fails(Fault::read)) return -1;
    return real<ssize_t(int, void*, std::size_t, off_t)>(name)(fd, data, size, offset);
}

}  // namespace

namespace disk {

void watch(const std::filesystem::path& folder, bool record) {
    g_watch = {};
    g_watch.folder = std::filesystem::canonical(folder).string();
    g_watch.record = record;
}

std::vector<DiskCall> unwatch() {
    auto calls = std::move(g_watch.calls);
    g_watch = {};
    return calls;
}

void mark(std::uint64_t acknowledged) { record({DiskCall::Kind::mark, {}, {}, acknowledged, {}}); }

void fail(Fault fault, std::uint64_t nth, int os_errno, bool lasting) {
    g_watch.fault = fault;
    g_watch.until = nth;
    g_watch.os_errno = os_errno;
    g_watch.lasting = lasting;
}

void heal() { g_watch.fault = Fault::none; }

std::uint64_t count(Fault fault) { return g_watch.counts[static_cast<std::size_t>(fault)]; }

}  // namespace disk

// ---- CrashModel

void CrashModel::apply_data(Bytes& content, const DiskCall& call) {
    if (call.kind == DiskCall::Kind::truncate) {
        content.resize(call.offset);
        return;
    }
    content.resize(std::max<std::size_t>(content.size(), call.offset + call.data.size()));
    std::copy(call.data.begin(), call.data.end(),
              content.begin() + static_cast<std::ptrdiff_t>(call.offset));
}

void CrashModel::apply_name(Names& names, const DiskCall& call, const std::shared_ptr<Node>& node) {
    switch (call.kind) {
        case DiskCall::Kind::create:
        case DiskCall::Kind::make_folder: names[call.path] = node; break;
        case DiskCall::Kind::rename:
            names.erase(call.path);
            names[call.to] = node;
            break;
        default: names.erase(call.path);
    }
}

void CrashModel::sync_folder(const std::string& path) {
    const auto in_folder = [&](const std::string& file) {
        return std::filesystem::path{file}.parent_path() == path;
    };
    const auto last = std::find_if(pending_.rbegin(), pending_.rend(), [&](const PendingName& name) {
        return in_folder(name.call.path) || (!name.call.to.empty() && in_folder(name.call.to));
    });
    const auto end = last.base();
    for (auto name = pending_.begin(); name != end; ++name) apply_name(durable_, name->call, name->node);
    pending_.erase(pending_.begin(), end);
}

void CrashModel::apply(const DiskCall& call) {
    using Kind = DiskCall::Kind;
    switch (call.kind) {
        case Kind::mark: return;
        case Kind::sync: {
            const auto found = current_.find(call.path);
            if (found == current_.end() || found->second->is_folder) return sync_folder(call.path);
            Node& node = *found->second;
            for (const DiskCall& pending : node.pending) apply_data(node.durable, pending);
            node.pending.clear();
            return;
        }
        case Kind::write:
        case Kind::truncate: {
            // A file that was there before the recording began is not modelled.
            const auto found = current_.find(call.path);
            if (found != current_.end()) found->second->pending.push_back(call);
            return;
        }
        default: break;
    }
    std::shared_ptr<Node> node;
    if (call.kind == Kind::create || call.kind == Kind::make_folder) {
        node = std::make_shared<Node>();
        node->is_folder = call.kind == Kind::make_folder;
    } else {
        node = current_.at(call.path);
    }
    pending_.push_back({call, node});
    apply_name(current_, call, node);
}

void CrashModel::rebuild(const std::filesystem::path& folder, Loss loss, std::mt19937& random) const {
    Names names = durable_;
    std::size_t kept = loss == Loss::everything ? 0 : pending_.size();
    if (loss == Loss::some) kept = random() % (pending_.size() + 1);
    for (std::size_t at = 0; at < kept; ++at) apply_name(names, pending_[at].call, pending_[at].node);
    for (const auto& [path, node] : names) {
        if (node->is_folder) {
            std::filesystem::create_directories(folder / path);
            continue;
        }
        Bytes content = node->durable;
        for (DiskCall call : node->pending) {
            if (loss == Loss::everything || (loss == Loss::some && random() % 3 == 0)) continue;
            const bool torn = loss == Loss::torn || (loss == Loss::some && random() % 4 == 0);
            // Sectors are written whole, pages are not.
            if (torn) call.data.resize(call.data.size() / 512 * (random() % 8) / 8 * 512);
            apply_data(content, call);
        }
        std::filesystem::create_directories((folder / path).parent_path());
        std::ofstream out{folder / path, std::ios::binary};
        out.write(reinterpret_cast<const char*>(content.data()),
                  static_cast<std::streamsize>(content.size()));
    }
}

}  // namespace nacre::tests

// ---- libc's names. By assembler label, since glibc's headers declare or inline the real ones.

#define NACRE_INTERPOSE(name) __asm__(#name) __attribute__((visibility("default"), used))

using nacre::tests::DiskCall;
using nacre::tests::Fault;

extern "C" {
ssize_t nacre_pwrite(int, const void*, std::size_t, off_t) NACRE_INTERPOSE(pwrite);
ssize_t nacre_pwrite64(int, const void*, std::size_t, off_t) NACRE_INTERPOSE(pwrite64);
ssize_t nacre_pread(int, void*, std::size_t, off_t) NACRE_INTERPOSE(pread);
ssize_t nacre_pread64(int, void*, std::size_t, off_t) NACRE_INTERPOSE(pread64);
int nacre_fsync(int) NACRE_INTERPOSE(fsync);
int nacre_fdatasync(int) NACRE_INTERPOSE(fdatasync);
int nacre_ftruncate(int, off_t) NACRE_INTERPOSE(ftruncate);
int nacre_ftruncate64(int, off_t) NACRE_INTERPOSE(ftruncate64);
int nacre_open(const char*, int, mode_t) NACRE_INTERPOSE(open);
int nacre_open64(const char*, int, mode_t) NACRE_INTERPOSE(open64);
int nacre_unlink(const char*) NACRE_INTERPOSE(unlink);
int nacre_rmdir(const char*) NACRE_INTERPOSE(rmdir);
int nacre_mkdir(const char*, mode_t) NACRE_INTERPOSE(mkdir);
int nacre_rename(const char*, const char*) NACRE_INTERPOSE(rename);

ssize_t nacre_pwrite(int fd, const void* data, std::size_t size, off_t at) {
    return nacre::tests::write_at("pwrite", fd, data, size, at);
}
ssize_t nacre_pwrite64(int fd, const void* data, std::size_t size, off_t at) {
    return nacre::tests::write_at("pwrite64", fd, data, size, at);
}
ssize_t nacre_pread(int fd, void* data, std::size_t size, off_t at) {
    return nacre::tests::read_from("pread", fd, data, size, at);
}
ssize_t nacre_pread64(int fd, void* data, std::size_t size, off_t at) {
    return nacre::tests::read_from("pread64", fd, data, size, at);
}
int nacre_fsync(int fd) { return nacre::tests::sync_with(fd); }
int nacre_fdatasync(int fd) { return nacre::tests::sync_with(fd); }
int nacre_ftruncate(int fd, off_t size) { return nacre::tests::truncate_with("ftruncate", fd, size); }
int nacre_ftruncate64(int fd, off_t size) {
    return nacre::tests::truncate_with("ftruncate64", fd, size);
}
int nacre_open(const char* file, int flags, mode_t mode) {
    return nacre::tests::open_with("open", file, flags, mode);
}
int nacre_open64(const char* file, int flags, mode_t mode) {
    return nacre::tests::open_with("open64", file, flags, mode);
}
int nacre_unlink(const char* file) {
    return nacre::tests::change_name(DiskCall::Kind::remove, "unlink", file);
}
int nacre_rmdir(const char* file) {
    return nacre::tests::change_name(DiskCall::Kind::remove_folder, "rmdir", file);
}
int nacre_mkdir(const char* file, mode_t mode) {
    using namespace nacre::tests;
    const auto path = watched(std::string{file});
    if (path && fails(Fault::name)) return -1;
    const int result = real<int(const char*, mode_t)>("mkdir")(file, mode);
    if (path && result == 0) record({DiskCall::Kind::make_folder, *path, {}, 0, {}});
    return result;
}
int nacre_rename(const char* from, const char* to) {
    using namespace nacre::tests;
    const auto path = watched(std::string{from});
    if (path && fails(Fault::name)) return -1;
    const int result = real<int(const char*, const char*)>("rename")(from, to);
    if (path && result == 0) record({DiskCall::Kind::rename, *path, *watched(std::string{to}), 0, {}});
    return result;
}
}
