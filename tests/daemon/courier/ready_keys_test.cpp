// Goal: what the vault left is used once, oldest first, when the server's keys run low and the vault
// cannot refill by itself.
#include "daemon/courier/ready_keys.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/courier/key_watch.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;
constexpr auto kAci = v1::IDENTITY_KIND_ACI;
constexpr auto kPni = v1::IDENTITY_KIND_PNI;

struct Fixture {
    tests::TempDir folder;
    std::unique_ptr<ReadyKeys> keys = reopened();

    std::unique_ptr<ReadyKeys> reopened() const {
        const auto state = StateFolder::open(folder.path());
        REQUIRE(state.ok());
        return std::move(ReadyKeys::open(*state)).value();
    }
    std::string take(v1::IdentityKind identity) {
        const auto body = keys->take(identity);
        REQUIRE(body.ok());
        return *body ? to_string(**body) : "";
    }
};

TEST_CASE("ready keys: oldest first, each once, over a restart", "[courier][ready_keys]") {
    Fixture f;
    REQUIRE(f.keys->add(kAci, as_bytes("a1")).ok());
    REQUIRE(f.keys->add(kPni, as_bytes("p1")).ok());
    REQUIRE(f.keys->add(kAci, as_bytes("a2")).ok());
    f.keys = f.reopened();
    CHECK(f.keys->count(kAci) == 2);
    CHECK(f.keys->count(kPni) == 1);
    CHECK(f.take(kAci) == "a1");
    f.keys = f.reopened();
    REQUIRE(f.keys->add(kAci, as_bytes("a3")).ok());
    CHECK(f.take(kAci) == "a2");
    CHECK(f.take(kAci) == "a3");
    CHECK(f.take(kAci).empty());
    REQUIRE(f.keys->clear(kPni).ok());
    f.keys = f.reopened();
    CHECK(f.keys->count(kPni) == 0);
}

TEST_CASE("ready keys: forgotten, nothing of them is left", "[courier][ready_keys]") {
    Fixture f;
    for (int i = 0; i < 4; ++i) {
        REQUIRE(f.keys->add(kAci, as_bytes("a")).ok());
        REQUIRE(f.keys->add(kPni, as_bytes("p")).ok());
    }
    REQUIRE(f.keys->forget().ok());
    CHECK(f.keys->count(kAci) + f.keys->count(kPni) == 0);
    CHECK(std::filesystem::is_empty(f.folder / "keys"));
    REQUIRE(f.keys->add(kPni, as_bytes("other")).ok());
    CHECK(std::filesystem::exists(f.folder / "keys" / "p-00000000000000000001"));
}

TEST_CASE("ready keys: four of an identity, and none too large", "[courier][ready_keys]") {
    Fixture f;
    for (int i = 0; i < 4; ++i) REQUIRE(f.keys->add(kAci, as_bytes("x")).ok());
    CHECK_THAT(f.keys->add(kAci, as_bytes("x")), FailsWith(ErrorCode::resource_exhausted));
    CHECK(f.keys->add(kPni, as_bytes("x")).ok());
    CHECK_THAT(f.keys->add(kPni, {}), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(f.keys->add(kPni, Bytes(1'000'000)), FailsWith(ErrorCode::invalid_argument));
}

// A server that counts what it is given.
struct Server {
    std::uint64_t stock = 3;
    std::vector<std::string> asked;
    std::vector<std::string> uploaded;

    void answer(const signal::Request& request, const signal::OnResponse& done) {
        signal::Response response;
        response.status = 200;
        if (request.verb == "GET") {
            asked.push_back(request.path);
            response.body = to_bytes("{\"count\":" + std::to_string(stock) + ",\"pqCount\":100}");
        } else {
            uploaded.push_back(to_string(request.body.value()));
            stock = 100;
        }
        done(response);
    }
};

struct Watched : Fixture {
    Server server;
    KeyWatch watch{*keys};

    Watched() {
        watch.begin([this](const signal::Request& request, const signal::OnResponse& done) {
            server.answer(request, done);
        });
    }
};

TEST_CASE("key watch: refills what runs low while the vault is locked", "[courier][ready_keys]") {
    Watched f;
    REQUIRE(f.keys->add(kAci, as_bytes("a1")).ok());
    REQUIRE(f.keys->add(kAci, as_bytes("a2")).ok());
    f.watch.connected(true);
    CHECK(f.server.uploaded == std::vector<std::string>{"a1"});
    f.watch.durable(KeyWatch::kEnvelopesBetween);
    CHECK(f.server.asked.size() == 2);
    CHECK(f.server.uploaded.size() == 1);
    f.server.stock = KeyWatch::kLow - 1;
    f.watch.durable(KeyWatch::kEnvelopesBetween + 1);
    CHECK(f.server.asked.size() == 2);  // not for every envelope
    f.watch.durable(2 * KeyWatch::kEnvelopesBetween);
    CHECK(f.server.uploaded == std::vector<std::string>{"a1", "a2"});
    f.server.stock = 0;
    f.watch.durable(9 * KeyWatch::kEnvelopesBetween);
    CHECK(f.server.uploaded.size() == 2);
    CHECK(f.server.asked.size() == 3);  // nothing ready: nothing to ask
}

TEST_CASE("key watch: leaves it to the vault while that is open", "[courier][ready_keys]") {
    Watched f;
    REQUIRE(f.keys->add(kAci, as_bytes("a1")).ok());
    f.watch.vault_open(true);
    f.watch.connected(true);
    f.watch.durable(1000);
    CHECK(f.server.asked.empty());
    f.watch.vault_open(false);
    CHECK(f.server.uploaded == std::vector<std::string>{"a1"});
}

TEST_CASE("key watch: counts that are none upload nothing", "[courier][ready_keys]") {
    CHECK(read_key_counts(as_bytes(R"({"count":5,"pqCount":6})")).ok());
    for (const char* text : {"", "[]", "{", "{}", R"({"count":1})", R"({"count":-1,"pqCount":1})",
                             R"({"count":"1","pqCount":1})", R"({"count":1.5,"pqCount":1})"})
        CHECK_THAT(read_key_counts(as_bytes(text)), FailsWith(ErrorCode::bad_message));
}

}  // namespace
}  // namespace nacre::courier
