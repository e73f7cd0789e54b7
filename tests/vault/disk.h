// Disk: the file calls of this process, seen and spoiled. Linked into a test executable, it stands
// before libc's open, pwrite, ftruncate, fsync, rename, unlink and the like, also for SQLite.
//
// It can fail the n-th call of a kind below a folder, and it can record the calls, from which
// CrashModel rebuilds what a power failure at any moment might have left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "api/base/bytes.h"

namespace nacre::tests {

struct DiskCall {
    enum class Kind : std::uint8_t {
        create,    // a file that was not there
        write,     // at `offset`
        truncate,  // to `offset`
        rename,    // to `to`
        remove,
        make_folder,
        remove_folder,
        sync,  // of a file or a folder
        mark,  // not a call: the test says that `offset` things are acknowledged
    };
    Kind kind;
    std::string path;  // below the watched folder; empty: the folder itself
    std::string to;
    std::uint64_t offset = 0;
    Bytes data;
};

// What can be made to fail.
enum class Fault : std::uint8_t { none, write, sync, name, read };

namespace disk {

// Calls below `folder` are counted, and with `record` kept, until the next watch or unwatch.
void watch(const std::filesystem::path& folder, bool record);
std::vector<DiskCall> unwatch();
void mark(std::uint64_t acknowledged);

// The `nth` (from 1) call of that kind from now on fails with `os_errno`; `lasting`: so do all
// that follow, as on a full or dead disk.
void fail(Fault fault, std::uint64_t nth, int os_errno, bool lasting);
void heal();
// Calls of that kind since watch().
std::uint64_t count(Fault fault);

}  // namespace disk

// Applies recorded calls and keeps apart what is durable. Names: in order, as in a journalled file
// system: syncing a folder makes all changes of names up to the last one in it durable. Contents:
// by file; until the file is synced, any of its writes may be missing or torn.
class CrashModel {
public:
    void apply(const DiskCall& call);

    // Of what is not durable: all is there, nothing, some of it whole or torn, all of it torn.
    enum class Loss : std::uint8_t { nothing, everything, some, torn };
    // Writes into `folder` what a crash now may leave.
    void rebuild(const std::filesystem::path& folder, Loss loss, std::mt19937& random) const;

private:
    struct Node {
        bool is_folder = false;
        Bytes durable;
        std::vector<DiskCall> pending;
    };
    using Names = std::map<std::string, std::shared_ptr<Node>>;
    static void apply_name(Names& names, const DiskCall& call, const std::shared_ptr<Node>& node);
    static void apply_data(Bytes& content, const DiskCall& call);
    void sync_folder(const std::string& path);

    struct PendingName {
        DiskCall call;
        std::shared_ptr<Node> node;
    };
    Names current_;
    Names durable_;
    std::vector<PendingName> pending_;
};

}  // namespace nacre::tests
