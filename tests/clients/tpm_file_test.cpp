// Goal: the file of a TPM slot is never lost to a change that was cut short.
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "clients/common/tpm_file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::client;
using nacre::tests::FailsWith;
using nacre::tests::TempDir;

namespace {

tpm::SlotFile sample(std::uint8_t fill) {
    tpm::SlotFile file;
    file.registers = tpm::kDefaultRegisters;
    file.sealed.public_part = Bytes(78, fill);
    file.sealed.private_part = Bytes(222, fill);
    return file;
}

bool exists(const TempDir& dir, std::string_view name) { return std::filesystem::exists(dir / name); }

}  // namespace

TEST_CASE("tpm file: a new one counts when it is taken", "[clients][tpm]") {
    const TempDir dir;
    const TpmFile file{dir / "cli.token"};
    CHECK(file.path() == dir / "cli.tpm");
    CHECK_THAT(file.read(), FailsWith(ErrorCode::not_found));
    CHECK_FALSE(*file.take_new(3));
    REQUIRE(file.write_new(serialize(sample(1))).ok());
    CHECK_THAT(file.read(), FailsWith(ErrorCode::not_found));
    REQUIRE(*file.take_new(3));
    CHECK(file.read()->slot == 3);
    CHECK(file.read()->sealed == sample(1).sealed);
    struct stat info{};
    REQUIRE(stat(file.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);

    REQUIRE(file.write_new(serialize(sample(2))).ok());
    CHECK(file.read()->sealed == sample(1).sealed);
    file.drop_new();
    CHECK_FALSE(*file.take_new(std::nullopt));
    CHECK(file.read()->sealed == sample(1).sealed);

    REQUIRE(file.write_new(serialize(sample(2))).ok());
    REQUIRE(*file.take_new(std::nullopt));
    CHECK_FALSE(file.read()->slot.has_value());
    CHECK(file.read()->sealed == sample(2).sealed);
    CHECK_FALSE(exists(dir, "cli.tpm.new"));
    REQUIRE(file.remove().ok());
    CHECK_FALSE(exists(dir, "cli.tpm"));
    REQUIRE(file.remove().ok());
}

TEST_CASE("tpm file: a torn new one does not take the old one's place", "[clients][tpm]") {
    const TempDir dir;
    const TpmFile file{dir / "cli.token"};
    REQUIRE(file.write_new(serialize(sample(1))).ok());
    REQUIRE(*file.take_new(3));
    Bytes torn = serialize(sample(2));
    torn.resize(torn.size() / 2);
    REQUIRE(file.write_new(torn).ok());
    CHECK_THAT(file.take_new(3), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(file.take_new(std::nullopt), FailsWith(ErrorCode::bad_message));
    CHECK(file.read()->sealed == sample(1).sealed);
    std::ofstream{file.path(), std::ios::binary} << std::string(100'000, 'x');
    CHECK_THAT(file.read(), FailsWith(ErrorCode::bad_message));
}
