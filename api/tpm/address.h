// Address: where a TPM is.
//
// Layer:   api. The command reads it from its user, nacre-slot from the command.
// Secrets: none.
// Errors:  invalid_argument for every other form.
// Threads: values.
//
// Written as tpm2-tss writes them: "device:PATH" for the kernel's device, "swtpm:path=PATH" for the Unix
// socket of an emulator. Others (a resource manager on D-Bus, programs to be run) would need more than
// nacre-slot's sandbox leaves it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/base/result.h"

namespace nacre::tpm {

struct Address {
    enum class Kind : std::uint8_t { device, emulator };
    Kind kind = Kind::device;
    std::string path;
};

Result<Address> parse_address(std::string_view text);

}  // namespace nacre::tpm
