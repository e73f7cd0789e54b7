#include "vault/id.h"

#include <sodium.h>

#include <algorithm>

namespace nacre::vault {
namespace {

constexpr std::size_t kTextLength = 22;
constexpr int kSeriesLength = 256;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

Id Id::random() {
    Id id;
    randombytes_buf(id.bytes.data(), id.bytes.size());
    return id;
}

Id IdSeries::next() {
    if (left_ == 0) {
        randombytes_buf(shared_.data(), shared_.size());
        left_ = kSeriesLength;
    }
    --left_;
    Id id = Id::random();
    std::copy(shared_.begin(), shared_.end(), id.bytes.begin());
    return id;
}

Result<Id> Id::parse(std::string_view text) {
    Id id;
    std::size_t length = 0;
    // libsodium refuses set bits past the 16 bytes, so that each id has one text only.
    if (text.size() != kTextLength ||
        sodium_base642bin(id.bytes.data(),
                          id.bytes.size(),
                          text.data(),
                          text.size(),
                          nullptr,
                          &length,
                          nullptr,
                          kVariant) != 0 ||
        length != id.bytes.size()) {
        return Error{ErrorCode::invalid_argument, "parse id"};
    }
    return id;
}

std::string Id::text() const {
    std::array<char, kTextLength + 1> out{};
    sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), kVariant);
    return out.data();
}

}  // namespace nacre::vault
