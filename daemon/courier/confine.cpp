#include "daemon/courier/confine.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <nss.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "daemon/libsignal/host.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/private_mounts.h"

namespace nacre::courier {
namespace {

constexpr std::uint16_t kDns = 53;

// The C library's own look-ups, in files and by DNS, stand in it already. Others would be loaded when
// they are first asked, and talk to daemons over Unix sockets; systemd-resolved is asked by DNS, too.
void load_early() {
    (void)__nss_configure_lookup("hosts", "files dns");
    // A failure shows at the start, which does both again.
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)signal::preload(signal::default_addon_path());
    tzset();
}

bool is_name(const egress::Endpoint& endpoint) {
    std::array<unsigned char, 16> ignored{};
    return inet_pton(AF_INET, endpoint.host.c_str(), ignored.data()) != 1 &&
           inet_pton(AF_INET6, endpoint.host.c_str(), ignored.data()) != 1;
}

struct Needs {
    std::vector<std::uint16_t> ports;
    bool names = false;
};

Needs needs_of(const egress::AllowList& allowed) {
    Needs needs;
    for (const auto* endpoints : {&allowed.hosts, &allowed.proxies}) {
        for (const egress::Endpoint& endpoint : *endpoints) {
            needs.ports.push_back(endpoint.port);
            needs.names = needs.names || is_name(endpoint);
        }
    }
    if (needs.names) needs.ports.push_back(kDns);  // when an answer is too long for UDP
    return needs;
}

}  // namespace

Result<sandbox::InForce> confine(const config::Places& places, const Outside& outside) {
    using sandbox::When;
    load_early();
    const Needs needs = needs_of(outside.allowed);
    sandbox::InForce made;
    made.refuses_written_code = sandbox::refuses_written_code();
    made.hides_buses = sandbox::buses_hidden();
    // Where it is not yet, the rule would be about nothing.
    mkdir(places.state.c_str(), 0700);
    const sandbox::Grants grants{{{"state", places.state}}, needs.ports};
    made.landlock = NACRE_TRY(sandbox::restrict_access(sandbox::Process::courier, grants));
    sandbox::Circumstances circumstances = 0;
    if (needs.names) circumstances |= static_cast<sandbox::Circumstances>(When::names);
    if (!outside.by_nacred) circumstances |= static_cast<sandbox::Circumstances>(When::systemd);
    made.filter = NACRE_TRY(sandbox::filter_calls(sandbox::Process::courier, circumstances));
    return made;
}

}  // namespace nacre::courier
