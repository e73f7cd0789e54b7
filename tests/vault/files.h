// Vaults and their files for tests: cheap to open, easy to damage.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "vault/vault.h"

namespace nacre::tests {

// The least that the test build's KDF limits allow.
vault::KdfTarget cheap();
Passphrase passphrase(std::string_view text = "correct horse");
Result<std::unique_ptr<vault::Vault>> create_vault(const std::filesystem::path& folder);
Result<std::unique_ptr<vault::Vault>> open_vault(const std::filesystem::path& folder,
                                                 std::string_view text = "correct horse",
                                                 const vault::OpenOptions& options = {});

Bytes read_all(const std::filesystem::path& file);
void write_all(const std::filesystem::path& file, ByteView bytes);
void change_byte(const std::filesystem::path& file, std::uint64_t at);
// Every file below the folder but the log's index (vault.db-shm), which is rebuilt at each open.
std::map<std::string, Bytes> snapshot(const std::filesystem::path& folder);
// Turns both copies into what a nacre with header version 3 might write.
void make_header_newer(const std::filesystem::path& header);

// A value of `size` bytes under a number, in the table `meta`.
Result<void> store_value(vault::Database& database, std::int64_t number, std::size_t size);
Result<Bytes> read_value(vault::Database& database, std::int64_t number);

}  // namespace nacre::tests
