#include "clients/cli/sandbox_text.h"

#include <cstdint>

namespace nacre::cli {
namespace {

// Landlock's versions (sandbox/landlock.h).
constexpr std::uint32_t kPorts = 4;
constexpr std::uint32_t kSignals = 6;

void add(std::string& missing, const char* words) {
    if (!missing.empty()) missing += "; ";
    missing += words;
}

std::string missing_from(const v1::Sandbox& sandbox) {
    std::string missing;
    if (sandbox.filter() == v1::Sandbox::FILTER_AUDITED) {
        add(missing, "FORBIDDEN SYSTEM CALLS ARE ONLY LOGGED (NACRE_SANDBOX=audit)");
    } else if (sandbox.filter() != v1::Sandbox::FILTER_ENFORCED) {
        add(missing, "no filter of system calls");
    }
    if (sandbox.landlock() == 0) {
        add(missing, "no Landlock: paths and ports are open to it");
    } else if (sandbox.landlock() < kPorts) {
        add(missing, "an old Landlock: TCP ports are open to it");
    } else if (sandbox.landlock() < kSignals) {
        add(missing, "an old Landlock: signals and abstract sockets are open to it");
    }
    if (!sandbox.refuses_written_code()) add(missing, "an old kernel: written memory may become code");
    return missing;
}

std::string or_in_force(const std::string& missing) { return missing.empty() ? "in force" : missing; }

}  // namespace

std::string sandbox_text(const v1::Sandbox& sandbox) { return or_in_force(missing_from(sandbox)); }

// Hidden where user namespaces or its unit allow it.
std::string courier_sandbox_text(const v1::Sandbox& sandbox) {
    std::string missing = missing_from(sandbox);
    if (!sandbox.hides_buses()) add(missing, "the buses' sockets are in its sight");
    return or_in_force(missing);
}

}  // namespace nacre::cli
