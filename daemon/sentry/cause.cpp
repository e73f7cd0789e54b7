#include "daemon/sentry/cause.h"

namespace nacre::sentry {

bool Cause::begin(std::int64_t now_ms) {
    if (!delay_) return false;
    if (!due_ms_) due_ms_ = now_ms + std::int64_t{*delay_} * 1000;
    return expire(now_ms);
}

bool Cause::end(std::int64_t now_ms) {
    const bool too_late = expire(now_ms);
    due_ms_.reset();
    return too_late;
}

bool Cause::expire(std::int64_t now_ms) {
    if (!due_ms_ || *due_ms_ > now_ms) return false;
    due_ms_.reset();
    return true;
}

}  // namespace nacre::sentry
