#include "daemon/courier/ready_keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace nacre::courier {
namespace {

constexpr std::size_t kNameLength = 22;  // identity, '-', 20 digits

const char* word(v1::IdentityKind identity) {
    return identity == v1::IDENTITY_KIND_PNI ? "p" : "a";
}

}  // namespace

std::string ReadyKeys::Key::name() const {
    char text[32];
    std::snprintf(text, sizeof text, "%s-%020llu", word(identity),
                  static_cast<unsigned long long>(number));
    return text;
}

Result<std::unique_ptr<ReadyKeys>> ReadyKeys::open(const StateFolder& state) {
    std::unique_ptr<ReadyKeys> made{new ReadyKeys{NACRE_TRY(state.subfolder("keys"))}};
    NACRE_TRY(made->list());
    return made;
}

Result<void> ReadyKeys::list() {
    const int fd = openat(folder_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return os_error("open folder of ready keys", errno);
    DIR* listing = fdopendir(fd);
    if (listing == nullptr) {
        const int error = errno;
        ::close(fd);
        return os_error("list ready keys", error);
    }
    while (const dirent* entry = readdir(listing)) {
        char identity = 0;
        unsigned long long number = 0;
        if (std::sscanf(entry->d_name, "%c-%20llu", &identity, &number) != 2) continue;
        const Key key{identity == 'p' ? v1::IDENTITY_KIND_PNI : v1::IDENTITY_KIND_ACI, number};
        if (key.name().size() == kNameLength && key.name() == entry->d_name) keys_.push_back(key);
    }
    closedir(listing);
    std::ranges::sort(keys_, {}, &Key::number);
    if (!keys_.empty()) next_ = keys_.back().number + 1;
    return {};
}

Result<void> ReadyKeys::add(v1::IdentityKind identity, ByteView body) {
    const std::lock_guard lock{mutex_};
    if (body.empty() || body.size() > kMostBytes)
        return Error{ErrorCode::invalid_argument, "ready keys: size"};
    if (std::ranges::count(keys_, identity, &Key::identity) >=
        static_cast<std::ptrdiff_t>(kMostUploads))
        return Error{ErrorCode::resource_exhausted, "ready keys: enough"};
    const Key key{identity, next_};
    NACRE_TRY(folder_.replace(key.name(), body));
    ++next_;
    keys_.push_back(key);
    return {};
}

Result<std::optional<Bytes>> ReadyKeys::take(v1::IdentityKind identity) {
    const std::lock_guard lock{mutex_};
    const auto found = std::ranges::find(keys_, identity, &Key::identity);
    if (found == keys_.end()) return std::optional<Bytes>{};
    const std::string name = found->name();
    auto body = NACRE_TRY(folder_.read(name.c_str(), kMostBytes));
    NACRE_TRY(folder_.remove(name.c_str()));
    keys_.erase(found);
    return body;
}

Result<void> ReadyKeys::clear(v1::IdentityKind identity) {
    const std::lock_guard lock{mutex_};
    while (true) {
        const auto found = std::ranges::find(keys_, identity, &Key::identity);
        if (found == keys_.end()) return {};
        NACRE_TRY(folder_.remove(found->name().c_str()));
        keys_.erase(found);
    }
}

Result<void> ReadyKeys::forget() {
    NACRE_TRY(clear(v1::IDENTITY_KIND_ACI));
    NACRE_TRY(clear(v1::IDENTITY_KIND_PNI));
    const std::lock_guard lock{mutex_};
    if (keys_.empty()) next_ = 1;
    return {};
}

std::size_t ReadyKeys::count(v1::IdentityKind identity) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count(keys_, identity, &Key::identity));
}

}  // namespace nacre::courier
