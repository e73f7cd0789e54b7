#include "daemon/courier/login.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "daemon/courier/halt.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;

v1::LoginRequest request() {
    v1::LoginRequest out;
    out.set_aci("9D0652A3-dcc3-4d11-975f-74d61598733f");
    out.set_device_id(2);
    out.set_password("secret");
    out.mutable_environment()->set_name("custom");
    return out;
}

TEST_CASE("login: survives its memfd, which nobody can change", "[courier][login]") {
    const auto login = login_from(request());
    REQUIRE(login.ok());
    const auto file = seal_login(*login);
    REQUIRE(file.ok());
    const auto read = read_login(file->get());
    REQUIRE(read.ok());
    CHECK(read->same_device(*login));
    CHECK(read->environment.name() == "custom");
    CHECK(read->for_signal().username == "9d0652a3-dcc3-4d11-975f-74d61598733f.2");

    CHECK((pwrite(file->get(), "x", 1, 0) == -1 && errno == EPERM));
    CHECK(ftruncate(file->get(), 0) == -1);
    CHECK(ftruncate(file->get(), 100'000) == -1);
    CHECK(mmap(nullptr, 10, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0) == MAP_FAILED);
    CHECK(fcntl(file->get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == -1);
    CHECK((fcntl(file->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("login: a descriptor that is not a sealed login is refused", "[courier][login]") {
    const daemon::Descriptor file{memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    REQUIRE(daemon::write_all(file.get(), as_bytes(request().SerializeAsString())).ok());
    SECTION("not sealed") { CHECK_THAT(read_login(file.get()), FailsWith(ErrorCode::bad_message)); }
    SECTION("not sealed against writing") {
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
        CHECK_THAT(read_login(file.get()), FailsWith(ErrorCode::bad_message));
    }
    SECTION("garbage") {
        REQUIRE(ftruncate(file.get(), 0) == 0);
        REQUIRE(pwrite(file.get(), "\xff\xff\xff", 3, 0) == 3);
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        CHECK_THAT(read_login(file.get()), FailsWith(ErrorCode::bad_message));
    }
    SECTION("a file on disk") {
        const tests::TempDir folder;
        const daemon::Descriptor plain{open((folder / "x").c_str(), O_RDWR | O_CREAT, 0600)};
        CHECK_THAT(read_login(plain.get()), FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("login: a request that names no device is refused", "[courier][login]") {
    v1::LoginRequest wrong = request();
    SECTION("aci") { wrong.set_aci("x"); }
    SECTION("pni") { wrong.set_aci("PNI:9d0652a3-dcc3-4d11-975f-74d61598733f"); }
    SECTION("no device") { wrong.set_device_id(0); }
    SECTION("device out of range") { wrong.set_device_id(128); }
    SECTION("no password") { wrong.clear_password(); }
    SECTION("no environment") { wrong.clear_environment(); }
    CHECK_THAT(login_from(wrong), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("login: the fingerprint tells devices and passwords apart", "[courier][login]") {
    const auto one = login_from(request());
    REQUIRE(one.ok());
    DeviceLogin other = *one;
    CHECK(other.fingerprint() == one->fingerprint());
    other.password = "another";
    CHECK(other.fingerprint() != one->fingerprint());
    CHECK(one->fingerprint().size() == 32);
}

TEST_CASE("halt: is remembered, and forgotten", "[courier][halt]") {
    const tests::TempDir folder;
    const auto state = StateFolder::open(folder.path());
    REQUIRE(state.ok());
    CHECK(load_halt(*state)->halt == Halt::none);
    for (const Halt halt : {Halt::connected_elsewhere, Halt::unlinked, Halt::client_too_old}) {
        REQUIRE(store_halt(*state, {halt, "abc"}).ok());
        CHECK(load_halt(*state)->halt == halt);
        CHECK(load_halt(*state)->device == "abc");
    }
    REQUIRE(store_halt(*state, {}).ok());
    CHECK(load_halt(*state)->halt == Halt::none);
    CHECK(store_halt(*state, {}).ok());
}

TEST_CASE("halt: an outdated client tries again as a newer one", "[courier][halt]") {
    const tests::TempDir folder;
    const auto state = StateFolder::open(folder.path());
    REQUIRE(state.ok());
    REQUIRE(state->replace("halt", as_bytes("client_too_old 0.0.0 abc\n")).ok());
    CHECK(load_halt(*state)->halt == Halt::none);
    REQUIRE(state->replace("halt", as_bytes("nonsense")).ok());
    CHECK(load_halt(*state)->halt == Halt::none);
}

}  // namespace
}  // namespace nacre::courier
