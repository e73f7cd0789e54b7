#include "vault/schema.h"

#include <array>

#include "vault/migrations.h"

namespace nacre::vault {
namespace {

constexpr std::array kMigrations{
    Migration{1, kSchema1},
};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace nacre::vault
