// Goal: no bytes in vault.header make its parser crash, and what it takes is what serialize would
// have written, but for the MAC.
#include <algorithm>
#include <cstdlib>

#include "vault/header.h"
#include "vault/slot_v1.h"

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
    (void)vault::unwrap(header->slots, header->vault_id, header->public_key, key);
    (void)vault::v1::unwrap(header->slots, header->vault_id, key);
    (void)vault::open_directory(header->directory, header->vault_id, key);
}

// Behind its encryption; only somebody with the vault key can write one.
void check_directory(ByteView bytes) {
    Bytes plain(vault::kDirectorySize - 40);
    std::copy_n(bytes.begin(), std::min(bytes.size(), plain.size()), plain.begin());
    const auto directory = vault::parse_directory(plain);
    if (!directory.ok()) return;
    static const auto key = *Secret<32>::zeroed();
    const auto sealed = vault::seal_directory(*directory, {}, key);
    if (!(*vault::open_directory(*sealed, {}, key) == *directory)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_parsed({data, size});
    check_parsed(with_checksum({data, size}));
    check_directory({data, size});
    return 0;
}
