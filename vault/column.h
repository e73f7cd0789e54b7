// Columns: fixed-size and optional values in and out of statements.
//
// Layer:   vault, for the stores' sources only.
// Threads: as the statement.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/database.h"
#include "vault/id.h"
#include "vault/service_id.h"

namespace nacre::vault {

// The schema checks lengths; a shorter blob would leave zeros, a longer one be cut.
template <std::size_t N>
std::array<std::uint8_t, N> array_column(const Statement& row, int column) {
    std::array<std::uint8_t, N> out{};
    const ByteView blob = row.blob(column);
    std::copy_n(blob.begin(), std::min(N, blob.size()), out.begin());
    return out;
}

inline Id id_column(const Statement& row, int column) { return {array_column<16>(row, column)}; }

inline std::optional<Id> optional_id_column(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return id_column(row, column);
}

inline std::optional<Uuid> optional_uuid_column(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return array_column<16>(row, column);
}

inline Bytes bytes_column(const Statement& row, int column) { return to_bytes(row.blob(column)); }

inline std::string text_column(const Statement& row, int column) {
    return std::string{row.text(column)};
}

template <class T>
T number_column(const Statement& row, int column) {
    return static_cast<T>(row.integer(column));
}

inline Statement& bind_optional(Statement& row, int index, const std::optional<Uuid>& value) {
    return value ? row.bind(index, ByteView{*value}) : row.bind_null(index);
}

inline Statement& bind_optional(Statement& row, int index, const std::optional<Id>& value) {
    return value ? row.bind(index, ByteView{value->bytes}) : row.bind_null(index);
}

// NULL for an empty text, where the column is unique among those that have one.
inline Statement& bind_optional(Statement& row, int index, std::string_view value) {
    return value.empty() ? row.bind_null(index) : row.bind(index, value);
}

// The one number that a statement yields; 0 when it yields no row.
inline Result<std::int64_t> only_number(Statement row) {
    if (!NACRE_TRY(row.step())) return std::int64_t{0};
    return row.integer(0);
}

}  // namespace nacre::vault
