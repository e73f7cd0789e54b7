#include "api/base/bytes.h"

#include <sodium.h>

namespace nacre {

std::string to_hex(ByteView bytes) {
    std::string out(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
    out.pop_back();
    return out;
}

std::string to_base64(ByteView bytes) {
    std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    out.pop_back();
    return out;
}

bool from_hex(std::string_view text, Bytes& out) {
    out.resize(text.size() / 2);
    std::size_t length = 0;
    const char* end = nullptr;
    const int rc = sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr,
                                  &length, &end);
    if (rc == 0 && end == text.data() + text.size() && length * 2 == text.size()) return true;
    out.clear();
    return false;
}

bool from_base64(std::string_view text, Bytes& out) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    out.resize(text.size() / 4 * 3 + 3);
    std::size_t length = 0;
    const char* end = nullptr;
    const int rc = sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr,
                                     &length, &end, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    const bool ok = rc == 0 && end == text.data() + text.size();
    out.resize(ok ? length : 0);
    return ok;
}

}  // namespace nacre
