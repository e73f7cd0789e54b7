#include "tests/memory/patterns.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace nacre::memory {
namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;

std::uint64_t hash_of(const void* window) {
    std::uint64_t head = 0;
    std::memcpy(&head, window, sizeof head);
    return head * kMultiplier;
}

std::string utf16(std::string_view text, bool big_endian) {
    std::string out;
    for (const char c : text) {
        if (big_endian) out += '\0';
        out += c;
        if (!big_endian) out += '\0';
    }
    return out;
}

std::string hex(std::string_view bytes, const char* digits) {
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t three = static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) << 16 |
                                    static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i + 1])) << 8 |
                                    static_cast<std::uint8_t>(bytes[i + 2]);
        for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[three >> shift & 63];
    }
    return out;
}

}  // namespace

bool Patterns::add_text(std::string_view name, std::string_view text) {
    const std::string prefix{name};
    return add(prefix + ", UTF-8", std::string{text}) &&
           add(prefix + ", UTF-16LE", utf16(text, false)) &&
           add(prefix + ", UTF-16BE", utf16(text, true));
}

bool Patterns::add_key(std::string_view name, std::string_view bytes) {
    const std::string prefix{name};
    return add(prefix + ", raw", std::string{bytes}) &&
           add(prefix + ", hex", hex(bytes, "0123456789abcdef")) &&
           add(prefix + ", HEX", hex(bytes, "0123456789ABCDEF")) &&
           add(prefix + ", base64", base64(bytes));
}

bool Patterns::add(std::string name, std::string bytes) {
    if (bytes.size() < kShortest) return false;
    forms_.push_back({std::move(name), std::move(bytes)});
    table_.clear();
    return true;
}

void Patterns::build() {
    std::size_t windows = 0;
    for (const Form& form : forms_) windows += form.bytes.size() - kWindow + 1;
    const std::size_t size = std::bit_ceil(windows * 2 + 1);
    table_.assign(size, {});
    mask_ = size - 1;
    filter_.assign((std::size_t{1} << kFilterBits) / 64, 0);
    for (std::uint32_t form = 0; form < forms_.size(); ++form) {
        const auto last = static_cast<std::uint32_t>(forms_[form].bytes.size() - kWindow);
        for (std::uint32_t offset = 0; offset <= last; ++offset) insert(form, offset);
    }
}

void Patterns::insert(std::uint32_t form, std::uint32_t offset) {
    const std::uint64_t hash = hash_of(forms_[form].bytes.data() + offset);
    const std::uint64_t bit = hash >> (64 - kFilterBits);
    filter_[bit / 64] |= std::uint64_t{1} << bit % 64;
    std::size_t slot = hash >> 20 & mask_;
    while (table_[slot].form != kNone) slot = (slot + 1) & mask_;
    table_[slot] = {form, offset};
}

bool Patterns::same_form(const std::uint8_t* at, const Window& window) const {
    return std::memcmp(at, forms_[window.form].bytes.data() + window.offset, kWindow) == 0;
}

void Patterns::search(std::span<const std::uint8_t> bytes,
                      const std::function<void(std::size_t, std::size_t)>& hit) {
    if (table_.empty()) build();
    if (bytes.size() < kWindow) return;
    std::size_t last_form = std::numeric_limits<std::size_t>::max();
    std::size_t last_end = 0;
    for (std::size_t at = 0; at + kWindow <= bytes.size(); at += kStep) {
        const std::uint64_t hash = hash_of(bytes.data() + at);
        const std::uint64_t bit = hash >> (64 - kFilterBits);
        if ((filter_[bit / 64] >> bit % 64 & 1) == 0) continue;
        for (std::size_t slot = hash >> 20 & mask_; table_[slot].form != kNone;
             slot = (slot + 1) & mask_) {
            const Window& found = table_[slot];
            if (!same_form(bytes.data() + at, found)) continue;
            // The next windows of the same occurrence are not counted again.
            if (found.form != last_form || at >= last_end) {
                hit(found.form, at > found.offset ? at - found.offset : 0);
            }
            last_form = found.form;
            last_end = at - std::min<std::size_t>(at, found.offset) + forms_[found.form].bytes.size();
            break;
        }
    }
}

}  // namespace nacre::memory
