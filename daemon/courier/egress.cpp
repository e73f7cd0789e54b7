#include "daemon/courier/egress.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#define NACRE_EXPORT __attribute__((visibility("default")))

namespace nacre::courier::egress {
namespace {

// An address and port in one comparable form; IPv4 as IPv6 that maps it.
struct Place {
    std::array<std::uint8_t, 16> address{};
    std::uint16_t port = 0;
    bool operator==(const Place&) const = default;
};

std::optional<Place> place_of(const sockaddr* address, socklen_t length) {
    Place place;
    if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address);
        place.address[10] = place.address[11] = 0xFF;
        std::memcpy(place.address.data() + 12, &v4.sin_addr, 4);
        place.port = ntohs(v4.sin_port);
        return place;
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
        std::memcpy(place.address.data(), &v6.sin6_addr, 16);
        place.port = ntohs(v6.sin6_port);
        return place;
    }
    return std::nullopt;
}

std::optional<Place> literal(const std::string& host, std::uint16_t port) {
    Place place;
    place.port = port;
    if (inet_pton(AF_INET6, host.c_str(), place.address.data()) == 1) return place;
    place.address = {};
    if (inet_pton(AF_INET, host.c_str(), place.address.data() + 12) != 1) return std::nullopt;
    place.address[10] = place.address[11] = 0xFF;
    return place;
}

class Gate {
public:
    Result<void> open(const AllowList& list) {
        const bool both = !list.hosts.empty() && !list.proxies.empty();
        if (both) return Error{ErrorCode::invalid_argument, "egress: direct and proxy at once"};
        const std::lock_guard lock{mutex_};
        if (opened_) return Error{ErrorCode::already_exists, "egress: allowed before"};
        for (const auto* endpoints : {&list.hosts, &list.proxies}) {
            for (const Endpoint& endpoint : *endpoints) {
                if (endpoint.host.empty() || endpoint.port == 0) {
                    return Error{ErrorCode::invalid_argument, "egress: host and port"};
                }
            }
        }
        for (const auto* endpoints : {&list.hosts, &list.proxies}) {
            for (const Endpoint& endpoint : *endpoints) add(endpoint);
        }
        unix_paths_ = list.unix_paths;
        opened_ = true;
        return {};
    }

    bool connects(const sockaddr* address, socklen_t length) {
        const bool allowed = address != nullptr && length >= sizeof(sa_family_t) &&
                             (address->sa_family == AF_UNIX ? unix_allowed(address, length)
                                                            : place_allowed(address, length));
        ++(allowed ? connects_allowed : connects_denied);
        return allowed;
    }

    bool resolves(const char* name) {
        const std::lock_guard lock{mutex_};
        const bool allowed = std::ranges::any_of(names_, [name](const Endpoint& endpoint) {
            return strcasecmp(endpoint.host.c_str(), name) == 0;
        });
        ++(allowed ? names_allowed : names_denied);
        return allowed;
    }

    // What `name` has been resolved to may be connected to, at the ports allowed for it.
    void learn(const char* name, const addrinfo* found) {
        const std::lock_guard lock{mutex_};
        for (; found != nullptr; found = found->ai_next) {
            auto place = place_of(found->ai_addr, found->ai_addrlen);
            if (!place) continue;
            for (const Endpoint& endpoint : names_) {
                if (strcasecmp(endpoint.host.c_str(), name) != 0) continue;
                place->port = endpoint.port;
                if (std::ranges::find(learned_, *place) != learned_.end()) continue;
                // Names behind a content network move: the oldest addresses make room.
                if (learned_.size() == kMostLearned) learned_.pop_front();
                learned_.push_back(*place);
            }
        }
    }

    std::function<void()> before_names = [] {};
    std::atomic<std::uint64_t> connects_allowed{0};
    std::atomic<std::uint64_t> connects_denied{0};
    std::atomic<std::uint64_t> names_allowed{0};
    std::atomic<std::uint64_t> names_denied{0};

private:
    void add(const Endpoint& endpoint) {
        if (const auto place = literal(endpoint.host, endpoint.port)) {
            places_.push_back(*place);
        } else {
            names_.push_back(endpoint);
        }
    }

    bool place_allowed(const sockaddr* address, socklen_t length) {
        const auto place = place_of(address, length);
        const std::lock_guard lock{mutex_};
        return place && (std::ranges::find(places_, *place) != places_.end() ||
                         std::ranges::find(learned_, *place) != learned_.end());
    }

    bool unix_allowed(const sockaddr* address, socklen_t length) {
        constexpr auto kStart = offsetof(sockaddr_un, sun_path);
        if (length <= kStart) return false;
        std::string path{reinterpret_cast<const char*>(address) + kStart, length - kStart};
        if (path[0] == '\0') {
            path[0] = '@';
        } else {
            path.resize(std::strlen(path.c_str()));
        }
        const std::lock_guard lock{mutex_};
        return std::ranges::find(unix_paths_, path) != unix_paths_.end();
    }

    static constexpr std::size_t kMostLearned = 1024;

    std::mutex mutex_;
    bool opened_ = false;
    std::vector<Endpoint> names_;
    std::vector<Place> places_;    // literals of the list
    std::deque<Place> learned_;    // what its names resolved to
    std::vector<std::string> unix_paths_;
};

// Never destroyed: other threads may still call in while the process ends.
Gate& gate() {
    static Gate* const the_gate = new Gate;
    return *the_gate;
}

template <class Function>
Function* next(const char* name) {
    auto* function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
    if (function == nullptr) std::abort();  // never fall through to nothing
    return function;
}

bool denied(const sockaddr* address, socklen_t length) {
    if (gate().connects(address, length)) return false;
    errno = EACCES;
    return true;
}

bool is_literal(const char* host) {
    std::array<std::uint8_t, 16> ignored{};
    // A scope ("fe80::1%eth0") is part of the literal, and connect() judges the address anyway.
    const std::string_view text{host};
    const std::string bare{text.substr(0, text.find('%'))};
    return inet_pton(AF_INET, bare.c_str(), ignored.data()) == 1 ||
           inet_pton(AF_INET6, bare.c_str(), ignored.data()) == 1;
}

}  // namespace

Result<void> allow(const AllowList& list) { return gate().open(list); }

void before_names(std::function<void()> call) { gate().before_names = std::move(call); }

Counters counters() {
    const Gate& now = gate();
    return {now.connects_allowed, now.connects_denied, now.names_allowed, now.names_denied};
}

}  // namespace nacre::courier::egress

namespace egress = nacre::courier::egress;

extern "C" {

NACRE_EXPORT int connect(int descriptor, const sockaddr* address, socklen_t length) {
    static auto* const real = egress::next<decltype(connect)>("connect");
    return egress::denied(address, length) ? -1 : real(descriptor, address, length);
}

NACRE_EXPORT ssize_t sendto(int descriptor, const void* data, size_t size, int flags,
                            const sockaddr* address, socklen_t length) {
    static auto* const real = egress::next<decltype(sendto)>("sendto");
    if (address != nullptr && egress::denied(address, length)) return -1;
    return real(descriptor, data, size, flags, address, length);
}

NACRE_EXPORT ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
    static auto* const real = egress::next<decltype(sendmsg)>("sendmsg");
    if (message != nullptr && message->msg_name != nullptr &&
        egress::denied(static_cast<const sockaddr*>(message->msg_name), message->msg_namelen)) {
        return -1;
    }
    return real(descriptor, message, flags);
}

NACRE_EXPORT int sendmmsg(int descriptor, mmsghdr* messages, unsigned int count, int flags) {
    static auto* const real = egress::next<decltype(sendmmsg)>("sendmmsg");
    for (unsigned int i = 0; messages != nullptr && i < count; ++i) {
        const msghdr& header = messages[i].msg_hdr;
        if (header.msg_name != nullptr &&
            egress::denied(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen)) {
            return -1;
        }
    }
    return real(descriptor, messages, count, flags);
}

// A null host asks for addresses to listen on, and a literal resolves to itself: neither asks
// anybody. The C library's own look-up does not come through here, so a name goes no further.
NACRE_EXPORT int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                             addrinfo** result) {
    static auto* const real = egress::next<decltype(getaddrinfo)>("getaddrinfo");
    const bool asks = host != nullptr && !egress::is_literal(host);
    if (asks && !egress::gate().resolves(host)) return EAI_FAIL;
    if (asks) egress::gate().before_names();
    const int status = real(host, service, hints, result);
    if (status == 0 && asks) egress::gate().learn(host, *result);
    return status;
}

}  // extern "C"
