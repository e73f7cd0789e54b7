#include "api/base/version.h"

namespace nacre {

std::string_view version() { return NACRE_VERSION; }

}  // namespace nacre
