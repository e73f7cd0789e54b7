// Goal: no bytes in vault.header make its parser crash, and what it takes is what serialize would
// have written, but for the MAC.
#include <algorithm>
#include <cstdlib>

#include "vault/header.h"

namespace {

using namespace nacre;

// The fuzzer cannot guess a checksum, so it is set right for a second try.
vault::HeaderPage with_checksum(ByteView bytes) {
    vault::HeaderPage page{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), page.size()), page.begin());
    vault::set_checksum(page);
    return page;
}

void check_parsed(ByteView page) {
    static const auto key = *Secret<32>::zeroed();
    const auto header = vault::parse_header(page);
    if (!header.ok()) return;
    const auto again = vault::serialize(*header, key);
    if (!equal(page.first(4032), ByteView{again}.first(4032))) std::abort();
    (void)vault::check(header->kdf);
    (void)vault::is_authentic(*header, key);
    (void)vault::unwrap(header->slots, header->vault_id, key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_parsed({data, size});
    check_parsed(with_checksum({data, size}));
    return 0;
}
