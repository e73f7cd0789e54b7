// CertificateAuthority: the server's part in sealed sender, for tests and benchmarks: a trust root,
// a server certificate under it, and sender certificates. Product code never issues any.
#pragma once

#include <memory>

#include "daemon/libsignal/host.h"
#include "daemon/libsignal/service_id.h"

namespace nacre::tests {

class CertificateAuthority {
public:
    explicit CertificateAuthority(signal::Host& host);
    ~CertificateAuthority();

    // The serialized public key.
    const Bytes& trust_root() const { return trust_root_; }

    // A serialized sender certificate, with the number +12025550123.
    Bytes issue(const signal::Address& sender, ByteView identity_key, std::int64_t expires_ms);

private:
    struct Keys;
    signal::Host& host_;
    std::unique_ptr<Keys> keys_;
    Bytes trust_root_;
};

}  // namespace nacre::tests
