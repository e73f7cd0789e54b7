#include "vault/event_store.h"

#include "tests/support/matchers.h"
#include "tests/vault/store_fixture.h"
#include "vault/client_store.h"

namespace nacre::vault {
namespace {

using tests::FailsWith;
using tests::kNow;

TEST_CASE("event store: numbers have no gaps, also after what was undone",
          "[vault][event_store]") {
    tests::StoreFixture f;
    EventStore events{f.database};
    CHECK(*events.last_sequence() == 0);
    const Id message = Id::random();
    CHECK(*events.append({.kind = EventKind::message_received, .conversation = f.with_bob.id,
                          .message = message, .recipient = {}},
                         kNow) == 1);
    {
        auto savepoint = *Savepoint::begin(f.database);
        CHECK(*events.append({EventKind::contacts_changed, {}, {}, {}}, kNow) == 2);
        CHECK(*events.append({EventKind::contacts_changed, {}, {}, {}}, kNow) == 3);
    }
    CHECK(*events.append({EventKind::identity_changed, {}, {}, f.bob.id}, kNow + 1) == 2);
    CHECK(*events.last_sequence() == 2);
    const auto all = *events.list(0, 10);
    REQUIRE(all.size() == 2);
    CHECK(all[0].kind == EventKind::message_received);
    CHECK(all[0].conversation == f.with_bob.id);
    CHECK(all[0].message == message);
    CHECK_FALSE(all[0].recipient);
    CHECK(all[1].sequence == 2);
    CHECK(all[1].recipient == f.bob.id);
    CHECK(all[1].at_ms == kNow + 1);
    CHECK(events.list(1, 10)->size() == 1);
    CHECK(events.list(0, 1)->size() == 1);
    CHECK(events.list(2, 10)->empty());
    CHECK(events.list(UINT64_MAX, 10)->empty());
}

TEST_CASE("client store: a token opens what it was made for", "[vault][client_store]") {
    tests::StoreFixture f;
    ClientStore clients{f.database};
    const Scopes reading = Scopes{}.with(Scope::read).with(Scope::status);
    const std::string token = *clients.create("reader", reading, kNow);
    CHECK(token.size() == 6 + 43);
    CHECK(token.starts_with("nacre_"));
    const auto row = clients.verify(token);
    REQUIRE(row.ok());
    CHECK(row->name == "reader");
    CHECK(row->scopes == reading);
    CHECK(row->scopes.has(Scope::read));
    CHECK_FALSE(row->scopes.has(Scope::send));
    CHECK(Scopes::all().has(Scope::admin));
    CHECK_THAT(clients.create("reader", reading, kNow), FailsWith(ErrorCode::already_exists));
    CHECK_THAT(clients.create("", reading, kNow), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(clients.create(std::string(65, 'a'), reading, kNow),
               FailsWith(ErrorCode::invalid_argument));
    REQUIRE(clients.create("other", Scopes::all(), kNow + 1).ok());
    CHECK(clients.list()->size() == 2);
    REQUIRE(clients.remove("reader").ok());
    CHECK_THAT(clients.verify(token), FailsWith(ErrorCode::unauthenticated));
    CHECK_THAT(clients.remove("reader"), FailsWith(ErrorCode::not_found));
}

TEST_CASE("client store: refuses every other text", "[vault][client_store]") {
    tests::StoreFixture f;
    ClientStore clients{f.database};
    const std::string token = *clients.create("one", Scopes::all(), kNow);
    std::string other = token;
    other[10] = other[10] == 'A' ? 'B' : 'A';
    for (const std::string& text :
         {std::string{}, std::string{"nacre_"}, other, token + "A", token.substr(6),
          token.substr(0, 48), "nacre-" + token.substr(6), token + std::string(1, '\0')}) {
        CHECK_THAT(clients.verify(text), FailsWith(ErrorCode::unauthenticated));
    }
    const auto hash = f.number("SELECT length(token_hash) FROM client");
    CHECK(hash == 32);
}

}  // namespace
}  // namespace nacre::vault
