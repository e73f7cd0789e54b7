// Goal: what may reach swap is said as it is, and so is how far the overwriting of free memory came.
#include "clients/cli/memory_text.h"

#include <catch2/catch_test_macros.hpp>

#include "clients/cli/records.h"

namespace nacre::cli {
namespace {

using Status = v1::GetStatusResponse;

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

TEST_CASE("memory text: what is not kept out of swap", "[cli]") {
    Status status;
    status.set_memory(Status::MEMORY_LOCKED);
    CHECK(memory_text(status).empty());
    CHECK(says(to_json(status).text(), R"("keysLocked":true)"));
    status.set_memory(Status::MEMORY_KEYS_LOCKED);
    CHECK(says(memory_text(status), "only keys are kept out of swap"));
    CHECK_FALSE(says(memory_text(status), "not encrypted"));
    CHECK(says(to_json(status).text(), R"("memoryLocked":false)"));
    CHECK(says(to_json(status).text(), R"("keysLocked":true)"));
    status.set_memory(Status::MEMORY_NOT_LOCKED);
    status.set_plain_swap(true);
    CHECK(says(memory_text(status), "not even keys are kept out of swap"));
    CHECK(says(memory_text(status), "not encrypted"));
    CHECK(says(to_json(status).text(), R"("keysLocked":false)"));
}

TEST_CASE("memory text: how far free memory is overwritten", "[cli]") {
    Status status;
    CHECK(free_memory_text(status).empty());
    status.set_free_memory(Status::FREE_MEMORY_OVERWRITING);
    status.set_free_memory_percent(37);
    CHECK(free_memory_text(status) == "being overwritten, 37 %");
    status.set_free_memory(Status::FREE_MEMORY_ENDED_EARLY);
    CHECK(says(free_memory_text(status), "ended early, at 37 %"));
    status.set_free_memory(Status::FREE_MEMORY_OVERWRITTEN);
    CHECK(free_memory_text(status) == "overwritten");
}

}  // namespace
}  // namespace nacre::cli
