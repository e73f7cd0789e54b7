// Drain: a vault's view of a spool: everything in it, opened and checked, as the link would carry it.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/courier/spool_cursor.h"
#include "daemon/spool/open.h"

namespace nacre::tests {

struct Drained {
    std::vector<spool::OpenedRecord> records;
    int unreadable = 0;                                         // sent, but does not open
    std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;  // as the cursor tells it

    std::vector<std::string> texts() const {
        std::vector<std::string> out;
        for (const auto& record : records) out.push_back(to_string(record.envelope));
        return out;
    }
};

// Takes what the cursor has. Keeps the reader between calls.
class Drain {
public:
    Drain(const courier::Spool& spool, const spool::EpochKeys& keys)
        : cursor_{spool}, keys_{&keys} {}

    Drained all() {
        Drained drained;
        while (auto item = cursor_.next()) {
            using Kind = courier::SpoolItem::Kind;
            if (item->kind == Kind::lost) {
                drained.lost.emplace_back(item->first, item->last);
                continue;
            }
            if (item->kind == Kind::header) {
                auto reader = spool::SegmentReader::begin(item->bytes, *keys_);
                if (reader.ok())
                    reader_.emplace(std::move(reader).value());
                else
                    reader_.reset();
                continue;
            }
            auto record = reader_ ? reader_->open(item->first, item->bytes)
                                  : Error{ErrorCode::bad_message, "no segment"};
            if (record.ok())
                drained.records.push_back(std::move(record).value());
            else
                ++drained.unreadable;
        }
        return drained;
    }

private:
    courier::SpoolCursor cursor_;
    const spool::EpochKeys* keys_;
    std::optional<spool::SegmentReader> reader_;
};

// Sequences without a gap from `first`, each chained to the one before.
inline void require_continuous(const std::vector<spool::OpenedRecord>& records,
                               std::uint64_t first) {
    for (std::size_t i = 0; i < records.size(); ++i) {
        REQUIRE(records[i].sequence == first + i);
        if (i > 0) REQUIRE(records[i].hash_before == records[i - 1].hash);
    }
}

}  // namespace nacre::tests
