#include "clients/cli/memory_text.h"

namespace nacre::cli {

using Status = v1::GetStatusResponse;

std::string memory_text(const Status& status) {
    std::string text;
    switch (status.memory()) {
        case Status::MEMORY_KEYS_LOCKED:
            text = "only keys are kept out of swap: the limit on locked memory (ulimit -l) is too "
                   "small for more";
            break;
        case Status::MEMORY_NOT_LOCKED:
            text = "not even keys are kept out of swap: the limit on locked memory (ulimit -l) is "
                   "too small";
            break;
        default: return {};
    }
    return text + (status.plain_swap() ? ", and there is swap that is not encrypted" : "");
}

std::string free_memory_text(const Status& status) {
    const std::string percent = std::to_string(status.free_memory_percent()) + " %";
    switch (status.free_memory()) {
        case Status::FREE_MEMORY_OVERWRITING: return "being overwritten, " + percent;
        case Status::FREE_MEMORY_OVERWRITTEN: return "overwritten";
        case Status::FREE_MEMORY_ENDED_EARLY:
            return "overwriting ended early, at " + percent + " of the share that was asked for";
        default: return {};
    }
}

}  // namespace nacre::cli
