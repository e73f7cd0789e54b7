#include "tests/support/certificates.h"

#include "daemon/libsignal/call.h"

namespace nacre::tests {

using namespace signal;

struct CertificateAuthority::Keys {
    Typed<native::ServerCertificate> certificate;
    Typed<native::PrivateKey> server_key;
};

CertificateAuthority::CertificateAuthority(Host& host) : host_{host} {
    const auto root = call(host, native::PrivateKey_Generate).value();
    const auto root_public = call(host, native::PrivateKey_GetPublicKey, root).value();
    auto server = call(host, native::PrivateKey_Generate).value();
    const auto server_public = call(host, native::PrivateKey_GetPublicKey, server).value();
    auto certificate = call(host, native::ServerCertificate_New, 1, server_public, root).value();
    keys_.reset(new Keys{std::move(certificate), std::move(server)});
    trust_root_ = call(host, native::PublicKey_Serialize, root_public).value();
}

CertificateAuthority::~CertificateAuthority() = default;

Bytes CertificateAuthority::issue(const Address& sender, ByteView identity_key,
                                  std::int64_t expires_ms) {
    const auto key = call(host_, native::PublicKey_Deserialize, identity_key).value();
    const std::optional<std::string_view> number = "+12025550123";
    const auto certificate =
        call(host_, native::SenderCertificate_New, sender.service.to_text(), number, sender.device,
             key, expires_ms, keys_->certificate, keys_->server_key)
            .value();
    return call(host_, native::SenderCertificate_GetSerialized, certificate).value();
}

}  // namespace nacre::tests
