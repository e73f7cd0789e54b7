#include "daemon/courier/egress.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>

#include "tests/support/lonely.h"
#include "tests/support/temp_dir.h"

namespace nacre::courier {
namespace {

using tests::lonely;

// 0, or the errno of a TCP connection to an address.
int try_connect(const char* address, std::uint16_t port) {
    sockaddr_storage target{};
    socklen_t length = 0;
    if (std::strchr(address, ':') != nullptr) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(target);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        ::inet_pton(AF_INET6, address, &v6.sin6_addr);
        length = sizeof v6;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(target);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        ::inet_pton(AF_INET, address, &v4.sin_addr);
        length = sizeof v4;
    }
    const int descriptor = ::socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int status = ::connect(descriptor, reinterpret_cast<sockaddr*>(&target), length);
    const int result = status == 0 ? 0 : errno;
    ::close(descriptor);
    return result;
}

int try_resolve(const char* name) {
    addrinfo* found = nullptr;
    const int status = ::getaddrinfo(name, "443", nullptr, &found);
    if (status == 0) ::freeaddrinfo(found);
    return status;
}

int try_unix(const std::string& path) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    std::memcpy(target.sun_path, path.c_str(), path.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int status = ::connect(descriptor, reinterpret_cast<sockaddr*>(&target), sizeof target);
    const int result = status == 0 ? 0 : errno;
    ::close(descriptor);
    return result;
}

int try_send_to(const char* address, std::uint16_t port) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &target.sin_addr);
    const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char byte = 0;
    const auto sent = ::sendto(descriptor, &byte, 1, 0, reinterpret_cast<sockaddr*>(&target),
                               sizeof target);
    int result = sent == 1 ? 0 : errno;
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_name = &target;
    message.msg_namelen = sizeof target;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (::sendmsg(descriptor, &message, 0) < 0 && result == 0) result = -errno;
    ::close(descriptor);
    return result;
}

TEST_CASE("egress: before allow() everything is denied", "[courier][egress]") {
    CHECK(lonely([] {
        NACRE_EXPECT(try_connect("127.0.0.1", 80) == EACCES);
        NACRE_EXPECT(try_connect("::1", 80) == EACCES);
        NACRE_EXPECT(try_connect("192.0.2.1", 443) == EACCES);
        NACRE_EXPECT(try_send_to("127.0.0.1", 53) == EACCES);
        NACRE_EXPECT(try_unix("/run/systemd/resolve/io.systemd.Resolve") == EACCES);
        NACRE_EXPECT(try_resolve("localhost") == EAI_FAIL);
        NACRE_EXPECT(try_resolve("chat.signal.org") == EAI_FAIL);
        NACRE_EXPECT(try_resolve("192.0.2.1") == 0);  // asks nobody
        const auto counted = egress::counters();
        NACRE_EXPECT(counted.connects_denied == 6 && counted.connects_allowed == 0);
        NACRE_EXPECT(counted.names_denied == 2 && counted.names_allowed == 0);
        NACRE_EXPECT(tests::network_counter("Tcp", "ActiveOpens") == 0);
        NACRE_EXPECT(tests::network_counter("Udp", "OutDatagrams") == 0);
        return true;
    }));
}

TEST_CASE("egress: the test's own measure sees a connection past the gate",
          "[courier][egress]") {
    CHECK(lonely([] {
        sockaddr_in target{};
        target.sin_family = AF_INET;
        target.sin_port = htons(9);
        target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ::syscall(SYS_connect, descriptor, &target, sizeof target);
        NACRE_EXPECT(tests::network_counter("Tcp", "ActiveOpens") == 1);
        return true;
    }));
}

TEST_CASE("egress: a literal is allowed at its port alone", "[courier][egress]") {
    CHECK(lonely([] {
        NACRE_EXPECT(egress::allow({.hosts = {{"127.0.0.1", 4443}, {"::1", 4444}}}).ok());
        NACRE_EXPECT(try_connect("127.0.0.1", 4443) == ECONNREFUSED);  // nobody listens
        NACRE_EXPECT(try_connect("::ffff:127.0.0.1", 4443) == ECONNREFUSED);
        NACRE_EXPECT(try_connect("::1", 4444) == ECONNREFUSED);
        NACRE_EXPECT(try_connect("127.0.0.1", 4444) == EACCES);
        NACRE_EXPECT(try_connect("127.0.0.2", 4443) == EACCES);
        NACRE_EXPECT(try_resolve("localhost") == EAI_FAIL);
        return true;
    }));
}

TEST_CASE("egress: a name opens the addresses it resolves to, and not before",
          "[courier][egress]") {
    CHECK(lonely([] {
        NACRE_EXPECT(egress::allow({.hosts = {{"localhost", 4443}}}).ok());
        NACRE_EXPECT(try_connect("127.0.0.1", 4443) == EACCES);
        NACRE_EXPECT(try_resolve("LOCALHOST") == 0);
        NACRE_EXPECT(try_connect("127.0.0.1", 4443) == ECONNREFUSED);
        NACRE_EXPECT(try_connect("127.0.0.1", 443) == EACCES);
        NACRE_EXPECT(try_resolve("localhost.example") == EAI_FAIL);
        return true;
    }));
}

TEST_CASE("egress: with a proxy, every other name and address is denied", "[courier][egress]") {
    CHECK(lonely([] {
        NACRE_EXPECT(egress::allow({.proxies = {{"127.0.0.1", 9050}}}).ok());
        NACRE_EXPECT(try_connect("127.0.0.1", 9050) == ECONNREFUSED);
        NACRE_EXPECT(try_connect("127.0.0.1", 443) == EACCES);
        NACRE_EXPECT(try_resolve("localhost") == EAI_FAIL);
        return true;
    }));
}

TEST_CASE("egress: Unix sockets are allowed by path", "[courier][egress]") {
    CHECK(lonely([] {
        const tests::TempDir folder;
        const auto path = (folder / "socket").string();
        NACRE_EXPECT(egress::allow({.unix_paths = {path, "@abstract"}}).ok());
        NACRE_EXPECT(try_unix(path) == ENOENT);
        NACRE_EXPECT(try_unix(path + "2") == EACCES);
        // sizeof sockaddr_un: an abstract name with zeros behind it, which is another one.
        NACRE_EXPECT(try_unix(std::string{"\0abstract", 9}) == EACCES);
        return true;
    }));
}

TEST_CASE("egress: the list is set once, and must make sense", "[courier][egress]") {
    CHECK(lonely([] {
        using Code = ErrorCode;
        const auto code = [](const egress::AllowList& list) {
            const auto result = egress::allow(list);
            return result.ok() ? Code::internal : result.error().code;
        };
        NACRE_EXPECT(code({.hosts = {{"a", 1}}, .proxies = {{"b", 2}}}) == Code::invalid_argument);
        NACRE_EXPECT(code({.hosts = {{"a", 0}}}) == Code::invalid_argument);
        NACRE_EXPECT(code({.proxies = {{"", 1}}}) == Code::invalid_argument);
        NACRE_EXPECT(egress::allow({}).ok());
        NACRE_EXPECT(code({.hosts = {{"127.0.0.1", 443}}}) == Code::already_exists);
        NACRE_EXPECT(try_connect("127.0.0.1", 443) == EACCES);
        return true;
    }));
}

}  // namespace
}  // namespace nacre::courier
