#include "vault/schema.h"

#include <array>

#include "vault/migrations.h"

namespace nacre::vault {
namespace {

constexpr std::array kMigrations{
    Migration{1, kSchema1},
    Migration{2, kSchema2},
};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace nacre::vault
