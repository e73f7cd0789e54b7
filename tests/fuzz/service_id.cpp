// Service ids as texts and as bytes: whatever parses comes back the same.
#include "daemon/libsignal/service_id.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using nacre::signal::ServiceId;
    const nacre::ByteView bytes{data, size};
    if (const auto id = ServiceId::from_binary(bytes)) {
        if (!nacre::equal(id->to_binary(), bytes)) std::abort();
        if (ServiceId::parse(id->to_text()).value() != *id) std::abort();
    }
    if (const auto id = ServiceId::parse(nacre::as_text(bytes))) {
        if (ServiceId::from_binary(id->to_binary()).value() != *id) std::abort();
    }
    return 0;
}
