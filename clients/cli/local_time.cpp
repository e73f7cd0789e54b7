#include "clients/cli/local_time.h"

#include <ctime>

namespace nacre::cli {

std::string local_time(std::int64_t ms) {
    if (ms == 0) return "-";
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    if (localtime_r(&seconds, &parts) == nullptr) return "-";
    char text[32];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
    return {text, length};
}

}  // namespace nacre::cli
