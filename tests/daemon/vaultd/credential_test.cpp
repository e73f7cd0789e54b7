// Goal: a vault that was locked on purpose stays shut until the machine starts anew, on a full disk too.
#include "daemon/vaultd/credential.h"


#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace nacre::vaultd {
namespace {

TEST_CASE("credential: the mark of a lock stands until it is cleared", "[vaultd][credential]") {
    tests::TempDir dir;
    const StayLocked mark{dir / "stay-locked"};
    CHECK_FALSE(mark.stands());
    mark.set();
    CHECK(mark.stands());
    mark.prepare();
    CHECK_FALSE(mark.stands());
    mark.set();
    mark.clear();
    CHECK_FALSE(mark.stands());
}

TEST_CASE("credential: a mark that was prepared takes no room when it is set", "[vaultd][credential]") {
    tests::TempDir dir;
    const StayLocked mark{dir / "stay-locked"};
    mark.prepare();
    const auto size = std::filesystem::file_size(dir / "stay-locked");
    mark.set();
    CHECK(std::filesystem::file_size(dir / "stay-locked") == size);
    CHECK(mark.stands());
}

TEST_CASE("credential: a mark of another start of the machine does not stand", "[vaultd][credential]") {
    tests::TempDir dir;
    std::ofstream{dir / "stay-locked"} << "sixteen bytes of";
    CHECK_FALSE(StayLocked{dir / "stay-locked"}.stands());
}

}  // namespace
}  // namespace nacre::vaultd
