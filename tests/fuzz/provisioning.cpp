// Provisioning envelope and body, as a stranger on the provisioning socket can send them.
#include <sodium.h>

#include "daemon/vaultd/provisioning.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nacre;
    const ByteView input{data, size};
    static const Bytes shared(32, 0x42);
    (void)vaultd::open_provision_body(input, shared);
    if (const auto envelope = vaultd::parse_provision_envelope(input))
        (void)vaultd::open_provision_body(envelope->body, shared);
    wire::ProvisionMessage message;
    (void)message.ParseFromArray(data, static_cast<int>(size));
    return 0;
}
