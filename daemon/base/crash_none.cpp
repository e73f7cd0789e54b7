#include "daemon/base/crash_point.h"

namespace nacre::daemon {

void crash_point(CrashPoint) {}

void crash_point(CrashPoint, ByteView) {}

}  // namespace nacre::daemon
