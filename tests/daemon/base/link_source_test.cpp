#include "daemon/base/link_source.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstring>

#include "daemon/base/control.h"
#include "sandbox/peer.h"
#include "tests/support/child.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::daemon;
using nacre::tests::FailsWith;
using nacre::tests::TempDir;

namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

Descriptor listen_at(const std::filesystem::path& path) {
    Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = address_of(path);
    REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(fd.get(), 4) == 0);
    return fd;
}

Descriptor connect_to(const std::filesystem::path& path) {
    Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = address_of(path);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return {};
    return fd;
}

}  // namespace

TEST_CASE("link source: control gives each link that nacred sends", "[base][link_source]") {
    auto [ours, theirs] = seqpacket_pair().value();
    auto [stop, stopper] = stream_pair().value();
    ControlLinkSource source{ours.get()};
    for (int n = 0; n < 2; ++n) {
        auto [one, two] = stream_pair().value();
        REQUIRE(send_control(theirs.get(), ControlKind::link, one.get()).ok());
        CHECK(source.next(stop.get()).value());
    }
}

TEST_CASE("link source: control's end and stop are canceled", "[base][link_source]") {
    auto [ours, theirs] = seqpacket_pair().value();
    auto [stop, stopper] = stream_pair().value();
    ControlLinkSource source{ours.get()};
    SECTION("end") { theirs.reset(); }
    SECTION("stop") { REQUIRE(write_all(stopper.get(), as_bytes("x")).ok()); }
    CHECK_THAT(source.next(stop.get()), FailsWith(ErrorCode::canceled));
}

TEST_CASE("link source: the listener takes its own uid", "[base][link_source]") {
    const TempDir dir;
    auto [stop, stopper] = stream_pair().value();
    ListenerLinkSource source{listen_at(dir / "link"), {}};
    const Descriptor client = connect_to(dir / "link");
    REQUIRE(client);
    const Descriptor accepted = source.next(stop.get()).value();
    CHECK(read_peer(accepted.get()).value().uid == geteuid());
    CHECK(read_peer(accepted.get()).value().pid == getpid());
}

TEST_CASE("link source: the listener closes a uid that is not allowed", "[base][link_source]") {
    if (geteuid() != 0) SKIP("needs root to change its uid");
    const TempDir dir;
    std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
    auto [stop, stopper] = stream_pair().value();
    const uid_t nobody = 65534;
    const bool allow = GENERATE(false, true);
    ListenerLinkSource source{listen_at(dir / "link"),
                              allow ? std::vector<uid_t>{nobody} : std::vector<uid_t>{1234}};
    std::filesystem::permissions(dir / "link", std::filesystem::perms::all);
    REQUIRE(tests::holds_in_child([&] {
        if (setresuid(nobody, nobody, nobody) != 0) return 1;
        return connect_to(dir / "link") ? 0 : 2;
    }));
    REQUIRE(write_all(stopper.get(), as_bytes("x")).ok());
    // A stop comes first where both are ready; without it only the allowed one would return.
    CHECK_THAT(source.next(stop.get()), FailsWith(ErrorCode::canceled));
    auto [never, kept] = stream_pair().value();
    if (allow) {
        CHECK(source.next(never.get()).ok());
    } else {
        const Descriptor own = connect_to(dir / "link");
        const Descriptor accepted = source.next(never.get()).value();
        CHECK(read_peer(accepted.get()).value().uid == geteuid());
    }
}

TEST_CASE("link source: vaultd without control or listener is not_found", "[base][link_source]") {
    ListenFds none;
    const Supervision alone = Supervision::inherit(none).value();
    CHECK_THAT(vault_link_source(alone, none, {}), FailsWith(ErrorCode::not_found));
}
