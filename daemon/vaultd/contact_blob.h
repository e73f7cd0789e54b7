// Contact blob: the primary's contacts, as the sync message's attachment holds them.
//
// Layer:   daemon/vaultd.
// Secrets: names and numbers of people.
// Errors:  bad_message; nothing of a malformed blob is kept.
// Threads: pure functions.
// Wire:    repeated (varint length ‖ ContactDetails ‖ avatar bytes of avatar.length).
//          Source: signal-linked-device notes A.8.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/result.h"

namespace nacre::vaultd {

struct ContactEntry {
    Bytes aci;  // 16 bytes, or empty
    std::string number;
    std::string name;
    std::uint32_t expire_timer_s = 0;
    std::uint32_t expire_timer_version = 0;
};

Result<std::vector<ContactEntry>> parse_contact_blob(ByteView blob);

}  // namespace nacre::vaultd
