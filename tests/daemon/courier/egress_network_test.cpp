// Goal: libsignal itself, which knows addresses and resolvers of its own, gets no further than the
// gate lets it. Every case runs in a network namespace without a way out.
#include <catch2/catch_test_macros.hpp>

#include "daemon/courier/egress.h"
#include "daemon/libsignal/chat.h"
#include "tests/support/lonely.h"

namespace nacre::courier {
namespace {

using namespace std::chrono_literals;
using signal::UnauthenticatedConnection;
using tests::lonely;

// What comes of a connection with these options; nothing if there is no answer in time.
std::optional<Error> failure_of(signal::NetworkOptions options) {
    options.user_agent = "nacre-test";
    const auto host = signal::Host::open(signal::default_addon_path()).value();
    const auto network = signal::Network::open(*host, options).value();
    std::optional<Error> failure;
    bool connected = false;
    UnauthenticatedConnection::connect(*network, {}, {}, [&](auto result) {
        connected = result.ok();
        if (!connected) failure = result.error();
    });
    host->run_until([&] { return connected || failure; }, 100s);
    return failure;
}

TEST_CASE("egress: libsignal's production connection fails closed when all is denied",
          "[courier][egress][attack]") {
    CHECK(lonely([] {
        const auto failure = failure_of({.service = signal::Service::production});
        NACRE_EXPECT(failure.has_value());
        NACRE_EXPECT(failure->code == ErrorCode::unavailable);
        const auto counted = egress::counters();
        std::fprintf(stderr, "names denied: %lu, connections denied: %lu\n",
                     counted.names_denied, counted.connects_denied);
        NACRE_EXPECT(counted.names_denied > 0);     // it asked us
        NACRE_EXPECT(counted.connects_denied > 0);  // and tried on its own
        NACRE_EXPECT(counted.names_allowed == 0 && counted.connects_allowed == 0);
        NACRE_EXPECT(tests::network_counter("Tcp", "ActiveOpens") == 0);
        NACRE_EXPECT(tests::network_counter("Udp", "OutDatagrams") == 0);
        NACRE_EXPECT(tests::network_counter("Ip", "OutRequests") == 0);
        return true;
    }));
}

TEST_CASE("egress: a dead proxy never means a direct connection", "[courier][egress][attack]") {
    CHECK(lonely([] {
        constexpr std::uint16_t kNobodyListens = 9050;
        NACRE_EXPECT(egress::allow({.proxies = {{"127.0.0.1", kNobodyListens}}}).ok());
        const auto failure = failure_of(
            {.service = signal::Service::production,
             .proxy = signal::Proxy{"socks5h", "127.0.0.1", kNobodyListens, {}, {}}});
        NACRE_EXPECT(failure.has_value());
        NACRE_EXPECT(failure->code == ErrorCode::unavailable);
        const auto counted = egress::counters();
        std::fprintf(stderr, "proxy tried: %lu, denied: %lu connections, %lu names\n",
                     counted.connects_allowed, counted.connects_denied, counted.names_denied);
        NACRE_EXPECT(counted.connects_allowed > 0);  // the proxy's address
        NACRE_EXPECT(counted.names_allowed == 0);
        // Each connection that the kernel saw is one to the proxy.
        NACRE_EXPECT(tests::network_counter("Tcp", "ActiveOpens") ==
                     static_cast<long>(counted.connects_allowed));
        NACRE_EXPECT(tests::network_counter("Udp", "OutDatagrams") == 0);
        return true;
    }));
}

TEST_CASE("egress: a proxy that libsignal does not know fails every connection",
          "[courier][egress][attack]") {
    CHECK(lonely([] {
        const auto host = signal::Host::open(signal::default_addon_path()).value();
        const auto network =
            signal::Network::open(*host, {.user_agent = "nacre-test"}).value();
        const auto result = network->set_proxy(signal::Proxy{"gopher", "127.0.0.1", 70, {}, {}});
        NACRE_EXPECT(!result.ok() && result.error().code == ErrorCode::invalid_argument);
        std::optional<Error> failure;
        UnauthenticatedConnection::connect(*network, {}, {}, [&](auto connected) {
            if (!connected.ok()) failure = connected.error();
        });
        NACRE_EXPECT(host->run_until([&] { return failure.has_value(); }, 100s));
        NACRE_EXPECT(egress::counters().connects_denied == 0);  // it did not even try
        return true;
    }));
}

}  // namespace
}  // namespace nacre::courier
