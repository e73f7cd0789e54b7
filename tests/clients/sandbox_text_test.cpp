// Goal: what a machine lacks of the sandbox is said, and nothing when all is there.
#include "clients/cli/sandbox_text.h"

#include <catch2/catch_test_macros.hpp>

namespace nacre::cli {
namespace {

v1::Sandbox whole() {
    v1::Sandbox sandbox;
    sandbox.set_filter(v1::Sandbox::FILTER_ENFORCED);
    sandbox.set_landlock(6);
    sandbox.set_refuses_written_code(true);
    sandbox.set_hides_buses(true);
    return sandbox;
}

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

TEST_CASE("sandbox text: all of it", "[cli]") {
    CHECK(sandbox_text(whole()) == "in force");
    CHECK(courier_sandbox_text(whole()) == "in force");
}

TEST_CASE("sandbox text: each thing that is missing", "[cli]") {
    v1::Sandbox sandbox = whole();
    sandbox.set_landlock(0);
    CHECK(says(sandbox_text(sandbox), "no Landlock"));
    sandbox.set_landlock(3);
    CHECK(says(sandbox_text(sandbox), "TCP ports"));
    sandbox.set_landlock(5);
    CHECK(says(sandbox_text(sandbox), "signals"));
    sandbox = whole();
    sandbox.set_filter(v1::Sandbox::FILTER_AUDITED);
    CHECK(says(sandbox_text(sandbox), "ONLY LOGGED"));
    sandbox.set_filter(v1::Sandbox::FILTER_UNSPECIFIED);
    CHECK(says(sandbox_text(sandbox), "no filter"));
    sandbox = whole();
    sandbox.set_refuses_written_code(false);
    CHECK(says(sandbox_text(sandbox), "may become code"));
    sandbox.set_landlock(0);
    CHECK(says(sandbox_text(sandbox), "; "));
}

TEST_CASE("sandbox text: the buses are the courier's matter", "[cli]") {
    v1::Sandbox sandbox = whole();
    sandbox.set_hides_buses(false);
    CHECK(sandbox_text(sandbox) == "in force");
    CHECK(says(courier_sandbox_text(sandbox), "buses"));
}

}  // namespace
}  // namespace nacre::cli
