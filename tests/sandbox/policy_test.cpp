#include "sandbox/policy.h"

#include <seccomp.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace nacre::sandbox {
namespace {

constexpr Who kChildren = bit(Process::vaultd) | bit(Process::courier) | bit(Process::sentry) |
                          bit(Process::overwrite);

std::vector<std::string> words(const char* names) {
    std::istringstream stream{names};
    std::vector<std::string> made;
    for (std::string word; stream >> word;) made.push_back(word);
    return made;
}

// Whether a process may make a call, with whatever arguments.
bool may(Process process, const std::string& name) {
    for (const Calls& row : policy().calls) {
        const auto named = words(row.names);
        if (among(process, row.who) && std::ranges::find(named, name) != named.end()) return true;
    }
    return std::ranges::any_of(policy().filtered, [&](const Call& row) {
        return among(process, row.who) && name == row.name;
    });
}

TEST_CASE("policy: every name is a system call that libseccomp knows", "[sandbox][policy]") {
    std::vector<std::string> all;
    for (const Calls& row : policy().calls) std::ranges::copy(words(row.names), std::back_inserter(all));
    for (const Call& row : policy().filtered) all.emplace_back(row.name);
    for (const Refusal& row : policy().refused)
        std::ranges::copy(words(row.names), std::back_inserter(all));
    CHECK(all.size() > 100);
    for (const std::string& name : all) {
        CAPTURE(name);
        CHECK(seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR);
    }
}

TEST_CASE("policy: nacred's rules leave its children what theirs allow", "[sandbox][policy]") {
    for (const Calls& row : policy().calls) {
        if ((row.who & kChildren) == 0) continue;
        for (const std::string& name : words(row.names)) {
            CAPTURE(name);
            CHECK(may(Process::nacred, name));
        }
    }
    for (const Call& row : policy().filtered) {
        CAPTURE(row.name);
        if ((row.who & kChildren) != 0) CHECK(may(Process::nacred, row.name));
    }
}

TEST_CASE("policy: nobody gets what breaks out of a sandbox", "[sandbox][policy]") {
    for (const Process process : {Process::vaultd, Process::courier, Process::nacred, Process::sentry,
                                  Process::overwrite, Process::command, Process::slot}) {
        for (const char* name : {"ptrace", "process_vm_readv", "process_vm_writev", "io_uring_setup", "bpf",
                                 "keyctl", "add_key", "userfaultfd", "perf_event_open", "unshare", "mount",
                                 "pivot_root", "chroot", "init_module", "kexec_load", "clone3",
                                 "open_by_handle_at", "pidfd_getfd", "personality", "execveat"}) {
            CAPTURE(name_of(process), name);
            CHECK_FALSE(may(process, name));
        }
    }
}

TEST_CASE("policy: vaultd makes no sockets, connections, processes or files elsewhere",
          "[sandbox][policy]") {
    for (const char* name : {"socket", "socketpair", "connect", "bind", "listen", "execve", "fork", "vfork",
                             "kill", "tkill", "setns", "memfd_create"}) {
        CAPTURE(name);
        CHECK_FALSE(may(Process::vaultd, name));
    }
    for (const PathRule& rule : policy().paths) {
        if (!among(Process::vaultd, rule.who) || rule.access != Access::write) continue;
        CHECK(std::string_view{rule.place} == "<state>");
    }
}

}  // namespace
}  // namespace nacre::sandbox
