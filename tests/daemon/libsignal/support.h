// Alice and Bob, for the tests of libsignal's wrappers.
#pragma once

#include <memory>
#include <string_view>

#include "daemon/libsignal/host.h"
#include "tests/support/memory_stores.h"

namespace nacre::tests {

inline constexpr std::int64_t kNow = 1'750'000'000'000;

inline signal::Address address(std::uint8_t number) {
    signal::Address made{{}, number};
    made.service.uuid.fill(number);
    return made;
}

struct Pair {
    Pair()
        : host_{signal::Host::open(signal::default_addon_path()).value()},
          alice{*host_, address(1)},
          bob{*host_, address(2)} {}

    signal::Host& host() { return *host_; }

    // Alice has a session with Bob, who does not know yet.
    void begin() {
        signal::process_pre_key_bundle(*host_, alice.stores, bob.address, alice.address,
                                       bob.make_bundle(), kNow)
            .value();
    }

    // Both have.
    void establish() {
        begin();
        receive(bob, alice, send(alice, bob, "1")).value();
        receive(alice, bob, send(bob, alice, "2")).value();
    }

    signal::Ciphertext send(Peer& from, Peer& to, std::string_view text) {
        return signal::encrypt(*host_, from.stores, to.address, from.address, as_bytes(text), kNow)
            .value();
    }

    Result<Bytes> receive(Peer& at, Peer& from, const signal::Ciphertext& message) {
        const auto decrypt = message.type == signal::CiphertextType::pre_key
                                 ? signal::decrypt_pre_key
                                 : signal::decrypt_whisper;
        return decrypt(*host_, at.stores, from.address, at.address, message.bytes);
    }

private:
    std::unique_ptr<signal::Host> host_;

public:
    Peer alice;
    Peer bob;
};

}  // namespace nacre::tests
