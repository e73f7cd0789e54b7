// Replies of the chat service.
#include "daemon/vaultd/server_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nacre::vaultd;
    const nacre::ByteView input{data, size};
    (void)read_link_reply(input);
    (void)read_key_count(input);
    (void)read_bundles(input);
    (void)read_device_mismatch(input);
    (void)read_certificate(input);
    return 0;
}
