// bare_receive: how many sealed messages a second libsignal alone opens in our C++ host.
//
//     bare_receive MESSAGES TEXT
//
// Makes a sender and a recipient in memory, lets each hear the other once (so that the inner
// messages are ratchet messages), seals MESSAGES messages, and times their opening: unseal,
// validate the sender's certificate, decrypt, with every store in memory, on this one thread.
// Prints messages a second. tests/bench/receive.js says what it is compared with.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/libsignal/host.h"
#include "daemon/libsignal/keys.h"
#include "daemon/libsignal/sealed.h"
#include "daemon/libsignal/session.h"
#include "tests/support/certificates.h"
#include "tests/support/memory_stores.h"

namespace nacre::bench {
namespace {

using signal::Host;
using tests::Peer;

constexpr std::int64_t kNow = 1'900'000'000'000;
constexpr std::int64_t kExpires = 4'102'444'800'000;  // the year 2100

// Both have a session, and each has heard the other.
Result<void> introduce(Host& host, Peer& sender, Peer& recipient) {
    NACRE_TRY(signal::process_pre_key_bundle(host, sender.stores, recipient.address, sender.address,
                                             recipient.make_bundle(), kNow));
    const Bytes hello = to_bytes("hello");
    const auto first = NACRE_TRY(
        signal::encrypt(host, sender.stores, recipient.address, sender.address, hello, kNow));
    (void)NACRE_TRY(signal::decrypt_pre_key(host, recipient.stores, sender.address,
                                            recipient.address, first.bytes));
    const auto answer = NACRE_TRY(
        signal::encrypt(host, recipient.stores, sender.address, recipient.address, hello, kNow));
    (void)NACRE_TRY(signal::decrypt_whisper(host, sender.stores, recipient.address, sender.address,
                                            answer.bytes));
    return {};
}

Result<std::vector<Bytes>> seal_all(Host& host, Peer& sender, const Peer& recipient,
                                    ByteView certificate, int count, std::string_view text) {
    // As a phone frames it: a Content with a DataMessage, some 20 bytes around the text, and 0x80.
    Bytes plain = to_bytes(std::string(20, '\n') + std::string{text});
    plain.push_back(0x80);
    std::vector<Bytes> sealed;
    sealed.reserve(static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) {
        const auto message = NACRE_TRY(
            signal::encrypt(host, sender.stores, recipient.address, sender.address, plain, kNow));
        sealed.push_back(NACRE_TRY(signal::seal(host, sender.stores, recipient.address, message,
                                                certificate, signal::ContentHint::none)));
    }
    return sealed;
}

Result<void> open_one(Host& host, Peer& recipient, const std::vector<Bytes>& roots,
                      const Bytes& message) {
    const auto content = NACRE_TRY(signal::unseal(host, recipient.stores, message));
    if (!NACRE_TRY(signal::validate(host, content.sender_certificate, roots, kNow))) {
        return Error{ErrorCode::bad_message, "sender certificate"};
    }
    const auto certificate =
        NACRE_TRY(signal::parse_sender_certificate(host, content.sender_certificate));
    (void)NACRE_TRY(signal::decrypt_whisper(host, recipient.stores, certificate.sender,
                                            recipient.address, content.contents));
    return {};
}

Result<double> run(int count, std::string_view text) {
    const auto host = NACRE_TRY(Host::open(signal::default_addon_path()));
    const auto id = [](char digit) {
        return signal::ServiceId::parse("00000000-0000-4000-8000-00000000000" + std::string{digit});
    };
    Peer sender{*host, {NACRE_TRY(id('1')), 1}};
    Peer recipient{*host, {NACRE_TRY(id('2')), 2}};
    NACRE_TRY(introduce(*host, sender, recipient));
    tests::CertificateAuthority authority{*host};
    const Bytes certificate =
        authority.issue(sender.address, sender.identity().public_key, kExpires);
    const auto sealed = NACRE_TRY(seal_all(*host, sender, recipient, certificate, count, text));
    const std::vector<Bytes> roots{authority.trust_root()};
    const auto start = std::chrono::steady_clock::now();
    for (const Bytes& message : sealed) NACRE_TRY(open_one(*host, recipient, roots, message));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return count / elapsed.count();
}

}  // namespace
}  // namespace nacre::bench

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: bare_receive MESSAGES TEXT\n");
        return 1;
    }
    const auto rate = nacre::bench::run(std::atoi(argv[1]), argv[2]);
    if (!rate.ok()) {
        std::fprintf(stderr, "bare_receive: %s: %s\n", rate.error().where.c_str(),
                     std::string{nacre::to_string(rate.error().code)}.c_str());
        return 1;
    }
    std::printf("%.1f\n", rate.value());
    return 0;
}
