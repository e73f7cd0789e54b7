#include "daemon/config/users.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace nacre::config;
using nacre::tests::TempDir;

TEST_CASE("users: are found by name, in the file alone", "[config][users]") {
    const TempDir dir;
    std::ofstream{dir / "passwd"} << "root:x:0:0:root:/root:/bin/sh\n"
                                     "not a line\n"
                                     "nacre-courier:x:987:986::/nonexistent:/usr/sbin/nologin\n";
    CHECK(find_user("nacre-courier", dir / "passwd") == 987);
    CHECK(find_user("root", dir / "passwd") == 0);
    CHECK_FALSE(find_user("nacre", dir / "passwd"));
    CHECK_FALSE(find_user("", dir / "passwd"));
    CHECK_FALSE(find_user("root", dir / "missing"));
}
