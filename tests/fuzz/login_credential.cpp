// Goal: no credential makes the courier crash, and what it takes for a login is written the same again.
#include <cstdlib>

#include "daemon/courier/login.h"
#include "daemon/link/login_credential.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nacre;
    const auto parsed = link::parse_login_credential({data, size});
    if (!parsed.ok()) return 0;
    const auto login = courier::login_from(*parsed);
    if (!login.ok()) return 0;
    if (login->device_id == 0 || login->password.empty()) std::abort();
    const auto again = link::write_login_credential(*parsed);
    if (!again.ok()) return 0;  // unknown fields may make it longer than allowed
    const auto same = link::parse_login_credential(as_bytes(*again));
    if (!same.ok() || !courier::login_from(*same)->same_device(*login)) std::abort();
    return 0;
}
