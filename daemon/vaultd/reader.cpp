#include "daemon/vaultd/reader.h"

#include "api/base/log.h"

namespace nacre::vaultd {

Reader::Reader(std::shared_ptr<vault::Vault> vault, vault::ReaderLease lease)
    : vault_{std::move(vault)}, lease_{std::make_unique<vault::ReaderLease>(std::move(lease))} {}

Result<Reader> Reader::open(Operations& operations) {
    std::shared_ptr<vault::Vault> vault = operations.vault();
    if (vault == nullptr) return Error{ErrorCode::vault_locked, "reader"};
    vault::ReaderLease lease = NACRE_TRY(vault->reader());
    Reader reader{std::move(vault), std::move(lease)};
    NACRE_TRY(reader.database().exec("BEGIN"));
    return reader;
}

Reader::~Reader() {
    if (lease_ == nullptr) return;
    // Nothing was written; this only lets the snapshot go.
    const Result<void> ended = database().exec("ROLLBACK");
    if (!ended.ok()) log::write(log::Level::warning, "end of a snapshot", ended.error());
}

}  // namespace nacre::vaultd
