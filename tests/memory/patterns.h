// Patterns: many byte strings, looked for at once, whole or what is left of them.
//
// Layer:   tests/memory; includes nothing of nacre's.
// Errors:  add_* return false for a string that is too short to be told from chance.
// Threads: search() from one thread at a time.
//
// Every window of kWindow bytes of every string is in a hash table; memory is looked at in steps of
// kStep. So whatever is left of a string is found if it has kWindow + kStep - 1 = 15 bytes in a row:
// a heap that scribbles over the first bytes of a freed block hides nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::memory {

inline constexpr std::size_t kWindow = 12;
inline constexpr std::size_t kStep = 4;
inline constexpr std::size_t kShortest = kWindow + kStep - 1;

class Patterns {
public:
    // ASCII text, looked for as UTF-8, UTF-16LE and UTF-16BE.
    bool add_text(std::string_view name, std::string_view text);
    // A key, looked for raw, in hex of either case, and in base64.
    bool add_key(std::string_view name, std::string_view bytes);

    // Calls `hit` with the number of a form and where in `bytes` it begins or would begin; each
    // occurrence once. `bytes` begins at an address divisible by kStep.
    void search(std::span<const std::uint8_t> bytes,
                const std::function<void(std::size_t form, std::size_t at)>& hit);

    // "text 17, UTF-16LE".
    const std::string& name(std::size_t form) const { return forms_[form].name; }

private:
    struct Form {
        std::string name;
        std::string bytes;
    };
    struct Window {
        std::uint32_t form = kNone;
        std::uint32_t offset = 0;
    };
    static constexpr std::uint32_t kNone = 0xffffffff;
    static constexpr unsigned kFilterBits = 22;

    bool add(std::string name, std::string bytes);
    void build();
    void insert(std::uint32_t form, std::uint32_t offset);
    bool same_form(const std::uint8_t* at, const Window& window) const;

    std::vector<Form> forms_;
    std::vector<std::uint64_t> filter_;
    std::vector<Window> table_;
    std::size_t mask_ = 0;
};

}  // namespace nacre::memory
