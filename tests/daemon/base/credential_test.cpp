#include "daemon/base/credential.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "tests/support/child.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::daemon;
using nacre::tests::FailsWith;
using nacre::tests::holds_in_child;
using nacre::tests::TempDir;

TEST_CASE("credential: found by its name where systemd says", "[base][credential]") {
    const TempDir folder;
    std::ofstream{folder / "nacre.login"} << "bytes";
    CHECK(holds_in_child([&] {
        unsetenv(kCredentialsVariable);
        if (open_credential(kLoginCredential).error().code != ErrorCode::not_found) return 1;
        setenv(kCredentialsVariable, "", 1);
        if (open_credential(kLoginCredential).error().code != ErrorCode::not_found) return 2;
        setenv(kCredentialsVariable, folder.path().c_str(), 1);
        if (open_credential(kUnlockCredential).error().code != ErrorCode::not_found) return 3;
        return open_credential(kLoginCredential).ok() ? 0 : 4;
    }));
}

TEST_CASE("credential: a copy that nobody can change", "[base][credential]") {
    const TempDir folder;
    const auto path = folder / "file";
    std::ofstream{path} << std::string(100'000, 'x');
    const Descriptor file{open(path.c_str(), O_RDONLY)};
    for (const auto& [most, size] : {std::pair{200'000, 100'000}, std::pair{1000, 1000}}) {
        lseek(file.get(), 0, SEEK_SET);
        const auto copy = seal_copy(file.get(), static_cast<std::size_t>(most));
        REQUIRE(copy.ok());
        struct stat status{};
        REQUIRE(fstat(copy->get(), &status) == 0);
        CHECK(status.st_size == size);
        char byte = 0;
        CHECK((pread(copy->get(), &byte, 1, size - 1) == 1 && byte == 'x'));
        CHECK((pwrite(copy->get(), "y", 1, 0) == -1 && errno == EPERM));
        CHECK(ftruncate(copy->get(), 0) == -1);
        CHECK((fcntl(copy->get(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    const Descriptor a_folder{open(folder.path().c_str(), O_RDONLY | O_DIRECTORY)};
    CHECK_FALSE(seal_copy(a_folder.get(), 1000).ok());
}
