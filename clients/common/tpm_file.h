// TpmFile: where a client keeps the file of its TPM slot, beside its token: `cli.tpm`. A new one
// stands in `cli.tpm.new` until the vault has taken its secret, so that neither a crash in between
// nor a refusal costs the old one.
//
// Layer:   clients/common.
// Secrets: none in the clear.
// Errors:  not_found; bad_message, vault_too_new; else as os_error says.
// Threads: pure.
#pragma once

#include <filesystem>

#include "api/base/result.h"
#include "api/tpm/slot_file.h"

namespace nacre::client {

class TpmFile {
public:
    explicit TpmFile(const std::filesystem::path& token_file);

    const std::filesystem::path& path() const { return path_; }
    Result<tpm::SlotFile> read() const;

    // Durable before it returns. `bytes` are a file as nacre-slot made it.
    Result<void> write_new(ByteView bytes) const;
    // The new one becomes the one, with the slot's number if it is known. False if there is none.
    Result<bool> take_new(std::optional<std::uint32_t> slot) const;
    void drop_new() const;
    Result<void> remove() const;

private:
    std::filesystem::path path_;
    std::filesystem::path new_path_;
};

}  // namespace nacre::client
