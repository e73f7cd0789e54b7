#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "clients/common/channel.h"
#include "clients/common/error_text.h"
#include "clients/common/passphrase.h"
#include "clients/common/places.h"
#include "clients/common/token_file.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::client;
using nacre::tests::FailsWith;
using nacre::tests::TempDir;

TEST_CASE("error text: every code has a sentence of its own", "[clients][error_text]") {
    std::set<std::string_view> sentences;
    for (int i = 0; i < kErrorCodeCount; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        INFO(to_string(code));
        CHECK(error_text(code).ends_with('.'));
        CHECK(sentences.insert(error_text(code)).second);
    }
}

TEST_CASE("token file: what was written is read, by its user alone", "[clients][token_file]") {
    const TempDir folder;
    const auto path = folder / "state/default/cli.token";
    REQUIRE(write_token(path, "nacre_abc").ok());
    struct stat info{};
    REQUIRE(stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    const auto token = read_token(path);
    REQUIRE(token.ok());
    CHECK(*token == "nacre_abc");
    REQUIRE(write_token(path, "nacre_def").ok());
    CHECK(*read_token(path) == "nacre_def");
}

TEST_CASE("token file: a file that others may read is refused", "[clients][token_file]") {
    const TempDir folder;
    const auto path = folder / "cli.token";
    REQUIRE(write_token(path, "nacre_abc").ok());
    REQUIRE(chmod(path.c_str(), 0640) == 0);
    CHECK_THAT(read_token(path), FailsWith(ErrorCode::permission_denied));
}

TEST_CASE("token file: what is no token is refused", "[clients][token_file]") {
    const TempDir folder;
    const auto path = folder / "cli.token";
    CHECK_THAT(read_token(path), FailsWith(ErrorCode::not_found));
    CHECK_THAT(write_token(path, "two\nlines"), FailsWith(ErrorCode::invalid_argument));
    std::ofstream{path} << "";
    REQUIRE(chmod(path.c_str(), 0600) == 0);
    CHECK_THAT(read_token(path), FailsWith(ErrorCode::bad_message));
}

TEST_CASE("places: the instance chooses sockets and token", "[clients][places]") {
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    setenv("XDG_STATE_HOME", "/srv/a/state", 1);
    PlaceOptions options;
    options.instance = "work";
    const auto places = find_places(options);
    REQUIRE(places.ok());
    CHECK(places->api_socket == "/run/user/7/nacre/work/api.sock");
    CHECK(places->secret_socket == "/run/user/7/nacre/work/secret.sock");
    CHECK(places->token_file == "/srv/a/state/nacre/work/cli.token");
    options.socket = "/tmp/x/api.sock";
    CHECK(find_places(options)->secret_socket == "/tmp/x/secret.sock");
    for (const char* name : {"", "../x", ".hidden", "a/b", "a b"}) {
        options.instance = name;
        INFO(name);
        CHECK_THAT(find_places(options), FailsWith(ErrorCode::invalid_argument));
    }
}

TEST_CASE("channel: without a daemon it says so", "[clients][channel]") {
    const TempDir folder;
    CHECK_THAT(Channel::open(folder / "api.sock", ""), FailsWith(ErrorCode::unavailable));
    CHECK_THAT(Channel::open(std::string(200, 'x'), ""), FailsWith(ErrorCode::invalid_argument));
}

TEST_CASE("passphrase: ticket and passphrase arrive as one message", "[clients][passphrase]") {
    const TempDir folder;
    const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (folder / "secret.sock").c_str());
    REQUIRE(bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listening, 1) == 0);
    const auto passphrase = Passphrase::from(as_bytes("correct horse"));
    REQUIRE(passphrase.ok());
    REQUIRE(send_passphrase(folder / "secret.sock", std::string(32, 't'), *passphrase).ok());
    const int connection = accept(listening, nullptr, nullptr);
    std::string received;
    char buffer[256];
    for (ssize_t count = 0; (count = read(connection, buffer, sizeof buffer)) > 0;) {
        received.append(buffer, static_cast<std::size_t>(count));
    }
    CHECK(received == std::string(32, 't') + "correct horse");
    close(connection);
    close(listening);
}
