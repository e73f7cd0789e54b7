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

TEST_CASE("users: a group is found by name, and its members by its number", "[config][users]") {
    const TempDir dir;
    std::ofstream{dir / "group"} << "root:x:0:\n"
                                    "nacre:x:990:vera,nobody-here,paul\n"
                                    "nacre-work:x:991:paul\n";
    std::ofstream{dir / "passwd"} << "vera:x:1001:1001::/home/vera:/bin/sh\n"
                                     "paul:x:1002:1002::/home/paul:/bin/sh\n";
    CHECK(find_group("nacre", dir / "group") == 990);
    CHECK_FALSE(find_group("nacre-home", dir / "group"));
    CHECK_FALSE(find_group("nacre", dir / "missing"));
    const auto members = [&](std::vector<gid_t> groups) {
        return members_of(groups, dir / "group", dir / "passwd");
    };
    CHECK(members({990}) == std::vector<uid_t>{1001, 1002});
    CHECK(members({991}) == std::vector<uid_t>{1002});
    CHECK(members({}).empty());
}
