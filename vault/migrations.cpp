#include "vault/migrations.h"

namespace nacre::vault {
namespace {

Result<void> run_step(Database& database, const Migration& step) {
    auto transaction = NACRE_TRY(Transaction::begin(database));
    NACRE_TRY(database.exec(step.sql));
    NACRE_TRY(database.set_user_version(step.number));
    return transaction.commit();
}

}  // namespace

Result<void> check_schema(Database& database, std::span<const Migration> steps) {
    const std::uint32_t known = steps.empty() ? 0 : steps.back().number;
    if (NACRE_TRY(database.user_version()) > known) {
        return Error{ErrorCode::vault_too_new, "check the schema's number"};
    }
    return {};
}

Result<void> migrate(Database& database, std::span<const Migration> steps) {
    NACRE_TRY(check_schema(database, steps));
    const std::uint32_t present = NACRE_TRY(database.user_version());
    for (const Migration& step : steps) {
        if (step.number > present) NACRE_TRY(run_step(database, step));
    }
    return {};
}

}  // namespace nacre::vault
