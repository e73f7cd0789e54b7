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

#include "daemon/libsignal/host.h"
#include "daemon/libsignal/keys.h"
#include "daemon/libsignal/sealed.h"
#include "daemon/libsignal/session.h"
#include "tests/support/memory_stores.h"

namespace nacre::bench {
namespace {

using signal::Address;
using signal::Host;
using signal::KeyPair;
using tests::MemoryStores;

// The few protobuf fields that certificates need.
void put_varint(Bytes& out, std::uint64_t value) {
    for (; value > 0x7f; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_bytes(Bytes& out, std::uint32_t field, ByteView bytes) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_number(Bytes& out, std::uint32_t field, std::uint64_t value) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

void put_fixed64(Bytes& out, std::uint32_t field, std::uint64_t value) {
    put_varint(out, field << 3 | 1);
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

Result<Bytes> signed_certificate(Host& host, const Bytes& body, const signal::PrivateKey& key) {
    Bytes out;
    put_bytes(out, 1, body);
    put_bytes(out, 2, NACRE_TRY(signal::sign(host, key, body)));
    return out;
}

// A sender's certificate by a server key that the trust root signed, as the server makes them.
Result<Bytes> sender_certificate(Host& host, const KeyPair& root, const Address& sender,
                                 ByteView identity) {
    const KeyPair server = NACRE_TRY(signal::generate_key_pair(host));
    Bytes server_body;
    put_number(server_body, 1, 1);
    put_bytes(server_body, 2, server.public_key);
    const Bytes server_certificate =
        NACRE_TRY(signed_certificate(host, server_body, root.private_key));
    Bytes body;
    put_number(body, 2, sender.device);
    put_fixed64(body, 3, 4102444800000);  // the year 2100
    put_bytes(body, 4, identity);
    put_bytes(body, 5, server_certificate);
    put_bytes(body, 6, as_bytes(sender.service.to_text()));
    return signed_certificate(host, body, server.private_key);
}

struct Side {
    Address address;
    MemoryStores stores;
};

constexpr std::int64_t kNow = 1'900'000'000'000;

struct Pair {
    Side sender;
    Side recipient;
};

// Both have a session, and each has heard the other.
Result<void> introduce(Host& host, Pair& pair) {
    auto& [sender, recipient] = pair;
    const signal::PreKeyBundle bundle = NACRE_TRY(recipient.stores.make_bundle(host, kNow));
    NACRE_TRY(signal::process_pre_key_bundle(host, sender.stores, recipient.address, sender.address,
                                             bundle, kNow));
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

Result<std::vector<Bytes>> seal_all(Host& host, Pair& pair, ByteView certificate, int count,
                                    std::string_view text) {
    // As a phone frames it: a Content with a DataMessage (about 20 bytes around the text), 0x80.
    Bytes plain = to_bytes(std::string(20, '\n'));
    plain.insert(plain.end(), text.begin(), text.end());
    plain.push_back(0x80);
    std::vector<Bytes> sealed;
    sealed.reserve(static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) {
        const auto message = NACRE_TRY(signal::encrypt(
            host, pair.sender.stores, pair.recipient.address, pair.sender.address, plain, kNow));
        sealed.push_back(NACRE_TRY(signal::seal(host, pair.sender.stores, pair.recipient.address,
                                                message, certificate, signal::ContentHint::none)));
    }
    return sealed;
}

Result<void> open_one(Host& host, Side& recipient, const std::vector<Bytes>& roots,
                      const Bytes& message) {
    const auto content = NACRE_TRY(signal::unseal(host, recipient.stores, message));
    if (!NACRE_TRY(signal::validate(host, content.sender_certificate, roots, kNow))) {
        return Error{ErrorCode::bad_message, "bare_receive certificate"};
    }
    const auto certificate =
        NACRE_TRY(signal::parse_sender_certificate(host, content.sender_certificate));
    (void)NACRE_TRY(signal::decrypt_whisper(host, recipient.stores, certificate.sender,
                                            recipient.address, content.contents));
    return {};
}

Result<double> run(int count, std::string_view text) {
    auto host = NACRE_TRY(Host::open(signal::default_addon_path()));
    const auto id = [](char digit) {
        return signal::ServiceId::parse("00000000-0000-4000-8000-00000000000" + std::string{digit});
    };
    Pair pair{
        Side{Address{NACRE_TRY(id('1')), 1}, NACRE_TRY(MemoryStores::make(*host))},
        Side{Address{NACRE_TRY(id('2')), 2}, NACRE_TRY(MemoryStores::make(*host))},
    };
    NACRE_TRY(introduce(*host, pair));
    const KeyPair root = NACRE_TRY(signal::generate_key_pair(*host));
    const KeyPair* identity = NACRE_TRY(pair.sender.stores.identity_key_pair());
    const Bytes certificate = NACRE_TRY(
        sender_certificate(*host, root, pair.sender.address, identity->public_key));
    const auto sealed = NACRE_TRY(seal_all(*host, pair, certificate, count, text));
    const std::vector<Bytes> roots{root.public_key};
    const auto start = std::chrono::steady_clock::now();
    for (const Bytes& message : sealed) {
        NACRE_TRY(open_one(*host, pair.recipient, roots, message));
    }
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
