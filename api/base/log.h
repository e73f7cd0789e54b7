// Log: one line a fact, to stderr with the journal's priority prefix.
//
// Layer:   api/base.
// Secrets: cannot enter by construction: a line is made of literals, numbers, and error values.
//          There is no overload for strings. Message text, identifiers and message times have no
//          way in; do not encode them as numbers either.
// Threads: any; a line is one write(2).
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>

#include "api/base/error.h"

namespace nacre::log {

enum class Level : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// A named number: field("waiting", count).
struct Field {
    Literal key;
    long long value;
};

template <std::integral T>
constexpr Field field(Literal key, T value) {
    return {key, static_cast<long long>(value)};
}

// In main, before threads, once the lines of this log are the only ones wanted: libraries print what
// they like to stderr, such as Rust the text of a panic. From then on that goes nowhere, and so does
// stdout. Not under sanitizers, which report there.
void silence_others();

// Set once in main, before threads: prefixes each line ("nacre-vaultd"), and drops lines above
// the level (info unless told).
void open(Literal process, Level most = Level::info);

void write(Level level, Literal what, std::initializer_list<Field> fields = {});

// One line for an error: where, code, errno, libsignal's name.
void write(Level level, Literal what, const Error& error);

}  // namespace nacre::log
