#include "tests/vault/files.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "vault/header.h"
#include "vault/kdf_limits.h"

namespace nacre::tests {

vault::KdfTarget cheap() {
    return {.fixed = vault::KdfParameters{vault::kdf_limits().floor_kib, 1, 1}};
}

Passphrase passphrase(std::string_view text) { return *Passphrase::from(as_bytes(text)); }

Result<std::unique_ptr<vault::Vault>> create_vault(const std::filesystem::path& folder) {
    return vault::Vault::create(folder, passphrase(), cheap(), {});
}

Result<std::unique_ptr<vault::Vault>> open_vault(const std::filesystem::path& folder,
                                                 std::string_view text,
                                                 const vault::OpenOptions& options) {
    return vault::Vault::open(folder, passphrase(text), options, {});
}

Bytes read_all(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write_all(const std::filesystem::path& file, ByteView bytes) {
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void change_byte(const std::filesystem::path& file, std::uint64_t at) {
    Bytes bytes = read_all(file);
    bytes.at(at) ^= 1;
    write_all(file, bytes);
}

std::map<std::string, Bytes> snapshot(const std::filesystem::path& folder) {
    std::map<std::string, Bytes> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        if (!entry.is_regular_file() || entry.path().filename() == "vault.db-shm") continue;
        files[entry.path().string()] = read_all(entry.path());
    }
    return files;
}

void make_header_newer(const std::filesystem::path& header) {
    Bytes bytes = read_all(header);
    vault::HeaderPage page;
    std::copy_n(bytes.begin(), page.size(), page.begin());
    page[16] = 3;
    vault::set_checksum(page);
    std::copy(page.begin(), page.end(), bytes.begin());
    std::copy(page.begin(), page.end(), bytes.begin() + vault::kHeaderCopySize);
    write_all(header, bytes);
}

Result<void> store_value(vault::Database& database, std::int64_t number, std::size_t size) {
    auto statement = NACRE_TRY(database.prepare("INSERT INTO meta (key, value) VALUES (?, ?)"));
    const std::string key = "test " + std::to_string(number);
    return statement.bind(0, std::string_view{key})
        .bind(1, Bytes(size, static_cast<std::uint8_t>(number)))
        .run();
}

Result<Bytes> read_value(vault::Database& database, std::int64_t number) {
    auto statement = NACRE_TRY(database.prepare("SELECT value FROM meta WHERE key = ?"));
    const std::string key = "test " + std::to_string(number);
    statement.bind(0, std::string_view{key});
    if (!NACRE_TRY(statement.step())) return Error{ErrorCode::not_found, "read a test value"};
    return to_bytes(statement.blob(0));
}

}  // namespace nacre::tests
