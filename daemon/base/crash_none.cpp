#include "daemon/base/crash_point.h"

namespace nacre::daemon {

void crash_point(CrashPoint) {}

}  // namespace nacre::daemon
