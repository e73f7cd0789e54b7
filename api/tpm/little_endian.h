// Numbers as nacre's files have them: least significant byte first.
//
// Layer:   api/tpm.
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "api/base/bytes.h"

namespace nacre::tpm {

inline void put(Bytes& out, std::uint32_t value, std::size_t size) {
    for (std::size_t byte = 0; byte < size; ++byte) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * byte)));
    }
}

inline void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// Of at most four bytes.
inline std::uint32_t get(ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t byte = bytes.size(); byte-- > 0;) value = value << 8 | bytes[byte];
    return value;
}

}  // namespace nacre::tpm
