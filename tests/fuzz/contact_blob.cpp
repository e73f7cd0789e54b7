// The contact list's blob, after its MAC was found right.
#include "daemon/vaultd/contact_blob.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)nacre::vaultd::parse_contact_blob({data, size});
    return 0;
}
