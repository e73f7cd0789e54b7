#include "daemon/courier/name_files.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "tests/support/child.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

namespace fs = std::filesystem;
using tests::holds_in_child;
using tests::TempDir;

void write(const fs::path& path) { std::ofstream{path} << "nameserver 127.0.0.1\n"; }

// Afterwards nothing of the folder can be read, as if none of it had a rule; nothing: no Landlock here.
std::optional<bool> confined() {
    if (!sandbox::harden_process(sandbox::Process::courier).ok()) return std::nullopt;
    const auto abi = sandbox::restrict_access(sandbox::Process::courier, {});
    if (!abi.ok()) return std::nullopt;
    return *abi > 0;
}

TEST_CASE("name files: one that was replaced by one that may not be read is out of reach", "[courier][name_files]") {
    const TempDir dir;
    const std::string path = dir / "resolv.conf";
    const bool there = GENERATE(true, false);
    if (there) write(path);
    write(dir / "new");
    CHECK(holds_in_child([&] {
        const NameFiles files{{path.c_str()}};
        fs::rename(dir / "new", path);
        const auto enforced = confined();
        if (!enforced) return 1;
        return files.out_of_reach() == *enforced ? 0 : 2;
    }));
}

TEST_CASE("name files: what is the same, gone, or can be read is not out of reach", "[courier][name_files]") {
    const TempDir dir;
    const std::string path = dir / "resolv.conf";
    write(path);
    // A new start could not read it either.
    CHECK(holds_in_child([&] {
        const NameFiles files{{path.c_str()}};
        return confined() && !files.out_of_reach() ? 0 : 1;
    }));
    const NameFiles files{{path.c_str()}};
    CHECK_FALSE(files.out_of_reach());
    write(dir / "new");
    fs::rename(dir / "new", path);
    CHECK_FALSE(files.out_of_reach());
    fs::remove(path);
    CHECK_FALSE(files.out_of_reach());
}

}  // namespace
}  // namespace nacre::courier
