#include "daemon/link/failed.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <string>

namespace nacre::link {
namespace {

constexpr std::size_t kMaxNames = 256;
constexpr std::size_t kMaxNameLength = 64;

bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Error holds a pointer to static storage; a courier must neither fill the memory nor the journal.
const char* intern(const std::string& name) {
    if (name.empty() || name.size() > kMaxNameLength) return "";
    if (!std::all_of(name.begin(), name.end(), letter_or_digit)) return "";
    static std::mutex mutex;
    static auto& names = *new std::set<std::string>;  // never destroyed: errors outlive statics
    const std::lock_guard lock{mutex};
    const auto found = names.find(name);
    if (found != names.end()) return found->c_str();
    return names.size() < kMaxNames ? names.insert(name).first->c_str() : "";
}

ErrorCode code_from(std::string_view name) {
    for (int value = 0; value < kErrorCodeCount; ++value) {
        if (to_string(static_cast<ErrorCode>(value)) == name) return static_cast<ErrorCode>(value);
    }
    return ErrorCode::internal;
}

}  // namespace

courier::v1::Failed to_failed(const Error& error) {
    courier::v1::Failed failed;
    failed.set_code(std::string{to_string(error.code)});
    failed.set_name(error.name);
    return failed;
}

Error to_error(const courier::v1::Failed& failed, Literal where) {
    return {code_from(failed.code()), where, 0, intern(failed.name())};
}

}  // namespace nacre::link
