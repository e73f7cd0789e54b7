#include "api/tpm/address.h"

#include <array>
#include <utility>

namespace nacre::tpm {
namespace {

constexpr std::array<std::pair<std::string_view, Address::Kind>, 2> kForms{{
    {"device:", Address::Kind::device},
    {"swtpm:path=", Address::Kind::emulator},
}};

}  // namespace

Result<Address> parse_address(std::string_view text) {
    for (const auto& [prefix, kind] : kForms) {
        if (!text.starts_with(prefix)) continue;
        const std::string_view path = text.substr(prefix.size());
        // A comma would begin another of tpm2-tss's settings.
        if (path.empty() || path.find(',') != std::string_view::npos) break;
        return Address{kind, std::string{path}};
    }
    return Error{ErrorCode::invalid_argument, "read a TPM's address"};
}

}  // namespace nacre::tpm
