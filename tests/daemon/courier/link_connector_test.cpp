#include "daemon/courier/link_connector.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <future>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::FailsWith;

daemon::Descriptor listen_at(const std::filesystem::path& path) {
    daemon::Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(socket.get(), 5) == 0);
    return socket;
}

struct Fixture {
    tests::TempDir folder;
    daemon::Descriptor stop{eventfd(0, EFD_CLOEXEC)};
    std::unique_ptr<LinkConnector> connector =
        std::move(LinkConnector::open(folder / "link.sock")).value();
};

TEST_CASE("link connector: connects at once, and again when the link was lost",
          "[courier][link_connector]") {
    Fixture f;
    const daemon::Descriptor listener = listen_at(f.folder / "link.sock");
    for (int round = 0; round < 3; ++round) {
        const auto link = f.connector->next(f.stop.get());
        REQUIRE(link.ok());
        const daemon::Descriptor accepted{accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        CHECK(accepted);
        f.connector->lost();
    }
}

TEST_CASE("link connector: waits while the link stands, until it is told to stop",
          "[courier][link_connector]") {
    Fixture f;
    const daemon::Descriptor listener = listen_at(f.folder / "link.sock");
    REQUIRE(f.connector->next(f.stop.get()).ok());
    auto waiting = std::async(std::launch::async, [&] { return f.connector->next(f.stop.get()); });
    eventfd_write(f.stop.get(), 1);
    CHECK_THAT(waiting.get(), FailsWith(ErrorCode::canceled));
}

TEST_CASE("link connector: waits for a vault that is not there, until it is told to stop",
          "[courier][link_connector]") {
    Fixture f;
    eventfd_write(f.stop.get(), 1);
    CHECK_THAT(f.connector->next(f.stop.get()), FailsWith(ErrorCode::canceled));
}

TEST_CASE("link connector: trusts no folder that anybody may write to",
          "[courier][link_connector]") {
    Fixture f;
    const daemon::Descriptor listener = listen_at(f.folder / "link.sock");
    REQUIRE(chmod(f.folder.path().c_str(), 0777) == 0);
    auto waiting = std::async(std::launch::async, [&] { return f.connector->next(f.stop.get()); });
    CHECK(waiting.wait_for(std::chrono::milliseconds{200}) == std::future_status::timeout);
    eventfd_write(f.stop.get(), 1);
    CHECK_THAT(waiting.get(), FailsWith(ErrorCode::canceled));
}

}  // namespace
}  // namespace nacre::courier
