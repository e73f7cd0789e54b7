// Goal: no bytes in a TPM slot's file, or between the command and nacre-slot, make their parsers
// crash; and what they take is what serialize would have written.
#include <sodium.h>

#include <cstdlib>

#include "api/tpm/wire.h"
#include "daemon/slot/tpm_parts.h"

namespace {

using namespace nacre;

// The fuzzer cannot guess a checksum, so it is set right for a second try.
Bytes with_checksum(ByteView bytes) {
    Bytes whole = to_bytes(bytes);
    whole.resize(bytes.size() + 32);
    crypto_generichash(whole.data() + bytes.size(), 32, bytes.data(), bytes.size(), nullptr, 0);
    return whole;
}

void check_file(ByteView bytes) {
    const auto file = tpm::parse_slot_file(bytes);
    if (!file.ok()) return;
    if (!equal(serialize(*file), bytes)) std::abort();
    if (const auto part = slot::parse_public(file->sealed.public_part); part.ok()) {
        (void)slot::to_bytes(*part);
    }
    if (const auto part = slot::parse_private(file->sealed.private_part); part.ok()) {
        if (!equal(*slot::to_bytes(*part), file->sealed.private_part)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes{data, size};
    check_file(bytes);
    check_file(with_checksum(bytes));
    (void)slot::parse_public(bytes);
    (void)slot::parse_private(bytes);
    if (const auto request = tpm::parse_request(bytes); request.ok()) {
        if (!equal(serialize(*request), bytes)) std::abort();
    }
    if (const auto reply = tpm::parse_reply(bytes); reply.ok()) {
        if (!equal(serialize(*reply), bytes)) std::abort();
    }
    return 0;
}
