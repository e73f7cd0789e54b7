// Goal: a credential is used when it holds the login that the vault gave last, and never otherwise.
#include "daemon/courier/login_keeper.h"

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <vector>

#include "daemon/base/credential.h"
#include "daemon/link/login_credential.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;
using Status = v1::ConnectionStatus;

v1::Environment servers(const std::string& url) {
    v1::Environment out;
    out.set_name("custom");
    out.set_chat_url(url);
    return out;
}

v1::LoginRequest request(const std::string& password, const std::string& url = "https://here") {
    v1::LoginRequest out;
    out.set_aci("9d0652a3-dcc3-4d11-975f-74d61598733f");
    out.set_device_id(2);
    out.set_password(password);
    *out.mutable_environment() = servers(url);
    return out;
}

DeviceLogin login(const std::string& password, const std::string& url = "https://here") {
    return login_from(request(password, url)).value();
}

// A courier's life: each reads what the one before left.
struct Life {
    explicit Life(const tests::TempDir& folder)
        : state{StateFolder::open(folder.path()).value()},
          keeper{supervision, servers("https://here"), state} {}

    LoginKeeper::Credential judge(const Result<DeviceLogin>& credential) {
        return keeper.judge(credential,
                            [this](LoginKeeper::Credential worth) { told.push_back(worth); });
    }

    daemon::ListenFds fds = daemon::ListenFds::inherit();
    daemon::Supervision supervision = daemon::Supervision::inherit(fds).value();
    StateFolder state;
    LoginKeeper keeper;
    std::vector<LoginKeeper::Credential> told;
};

TEST_CASE("login keeper: only the login that the vault gave last is good", "[courier][login_keeper]") {
    const tests::TempDir folder;
    CHECK(Life{folder}.judge(login("one")) == Status::CREDENTIAL_OTHER_LOGIN);
    REQUIRE(Life{folder}.keeper.keep(login("one")).ok());
    CHECK(Life{folder}.judge(login("one")) == Status::CREDENTIAL_GOOD);
    CHECK(Life{folder}.judge(login("two")) == Status::CREDENTIAL_OTHER_LOGIN);
    REQUIRE(Life{folder}.keeper.keep(login("two")).ok());
    CHECK(Life{folder}.judge(login("one")) == Status::CREDENTIAL_OTHER_LOGIN);
    CHECK(Life{folder}.judge(login("two")) == Status::CREDENTIAL_GOOD);
    // Logged out, or removed by the phone.
    Life{folder}.keeper.forget();
    CHECK(Life{folder}.judge(login("two")) == Status::CREDENTIAL_OTHER_LOGIN);
}

TEST_CASE("login keeper: a credential for other servers, none, and garbage", "[courier][login_keeper]") {
    const tests::TempDir folder;
    REQUIRE(Life{folder}.keeper.keep(login("one")).ok());
    CHECK(Life{folder}.judge(login("one", "https://there")) == Status::CREDENTIAL_OTHER_SERVERS);
    CHECK(Life{folder}.judge(Error{ErrorCode::not_found, "test"}) == Status::CREDENTIAL_NONE);
    CHECK(Life{folder}.judge(Error{ErrorCode::bad_message, "test"}) == Status::CREDENTIAL_UNREADABLE);
}

TEST_CASE("login keeper: says so when the vault's login makes a credential good or bad",
          "[courier][login_keeper]") {
    const tests::TempDir folder;
    Life life{folder};
    CHECK(life.judge(login("one")) == Status::CREDENTIAL_OTHER_LOGIN);
    REQUIRE(life.keeper.keep(login("one")).ok());
    REQUIRE(life.keeper.keep(login("one")).ok());
    REQUIRE(life.keeper.keep(login("two")).ok());
    life.keeper.forget();
    CHECK(life.told == std::vector{Status::CREDENTIAL_GOOD, Status::CREDENTIAL_OTHER_LOGIN,
                                   Status::CREDENTIAL_OTHER_LOGIN});
}

TEST_CASE("login keeper: what it remembers says nothing of the login", "[courier][login_keeper]") {
    const tests::TempDir folder;
    REQUIRE(Life{folder}.keeper.keep(login("a password")).ok());
    std::ifstream file{folder / "vault-login"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    CHECK(text == login("a password").fingerprint() + "\n");
    // One that is damaged counts as none.
    std::ofstream{folder / "vault-login"} << "x";
    CHECK(Life{folder}.judge(login("a password")) == Status::CREDENTIAL_OTHER_LOGIN);
}

TEST_CASE("login: read from a credential, as often as wanted", "[courier][login]") {
    const tests::TempDir folder;
    const auto file = [&](std::string_view bytes) {
        std::ofstream{folder / "file"} << bytes;
        return daemon::Descriptor{open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC)};
    };
    const auto good = file(link::write_login_credential(request("one")).value());
    for (int n = 0; n < 2; ++n) {
        const auto read = read_login_credential(good.get());
        REQUIRE(read.ok());
        CHECK(read->same_device(login("one")));
    }
    CHECK_THAT(read_login_credential(file("").get()), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(read_login_credential(file(std::string(daemon::kMostLoginCredential + 1, 'x')).get()),
               FailsWith(ErrorCode::resource_exhausted));
    v1::LoginRequest nobody = request("one");
    nobody.set_device_id(0);
    CHECK_THAT(read_login_credential(file(link::write_login_credential(nobody).value()).get()),
               FailsWith(ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace nacre::courier
