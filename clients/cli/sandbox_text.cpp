#include "clients/cli/sandbox_text.h"

#include <cstdint>

namespace nacre::cli {
namespace {

// Landlock's versions (sandbox/landlock.h).
constexpr std::uint32_t kPorts = 4;
constexpr std::uint32_t kSignals = 6;

}  // namespace

std::string sandbox_text(const v1::Sandbox& sandbox) {
    std::string missing;
    const auto add = [&missing](const char* words) {
        if (!missing.empty()) missing += "; ";
        missing += words;
    };
    if (sandbox.filter() == v1::Sandbox::FILTER_AUDITED) {
        add("FORBIDDEN SYSTEM CALLS ARE ONLY LOGGED (NACRE_SANDBOX=audit)");
    } else if (sandbox.filter() != v1::Sandbox::FILTER_ENFORCED) {
        add("no filter of system calls");
    }
    if (sandbox.landlock() == 0) {
        add("no Landlock: paths and ports are open to it");
    } else if (sandbox.landlock() < kPorts) {
        add("an old Landlock: TCP ports are open to it");
    } else if (sandbox.landlock() < kSignals) {
        add("an old Landlock: signals and abstract sockets are open to it");
    }
    if (!sandbox.refuses_written_code()) add("an old kernel: written memory may become code");
    return missing.empty() ? "in force" : missing;
}

}  // namespace nacre::cli
