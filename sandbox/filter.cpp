#include "sandbox/filter.h"

#include <unistd.h>

#include <string>

#ifdef NACRE_SANITIZED  // whose run time makes calls of its own

namespace nacre::sandbox {

Result<Filter> filter_calls(Process, Circumstances) { return Filter::none; }

}  // namespace nacre::sandbox

#else

#include <seccomp.h>

#include <cerrno>
#include <memory>

#include "sandbox/filter_mode.h"

namespace nacre::sandbox {
namespace {

// Numbers given since libseccomp's oldest release in use (2.5.4): the same on every architecture.
constexpr int kFirstNew = 451;
constexpr int kLastNew = 511;

struct Release {
    void operator()(void* context) const { seccomp_release(context); }
};

class Builder {
public:
    Builder(Process process, Circumstances circumstances)
        : process_{process}, circumstances_{circumstances} {}

    Result<void> load(FilterMode mode) {
        context_.reset(seccomp_init(otherwise(mode)));
        if (!context_) return Error{ErrorCode::resource_exhausted, "make a filter"};
        NACRE_TRY(set(SCMP_FLTATR_CTL_TSYNC, 1));
        // A binary tree, so that a call costs no more for a longer page.
        NACRE_TRY(set(SCMP_FLTATR_CTL_OPTIMIZE, 2));
        // Of another architecture (x32, i386).
        NACRE_TRY(set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
        NACRE_TRY(add_all());
        if (mode == FilterMode::calls && process_ == Process::sentry) NACRE_TRY(bear_umockdev());
        return checked("load the filter", seccomp_load(context_.get()));
    }

private:
    static std::uint32_t otherwise(FilterMode mode) {
        switch (mode) {
            case FilterMode::report:
            case FilterMode::calls: return SCMP_ACT_TRAP;
            case FilterMode::audit: return SCMP_ACT_LOG;
            case FilterMode::kill:
            case FilterMode::off: break;
        }
        return SCMP_ACT_KILL_PROCESS;
    }

    // Its preloaded library clears a socket's path away, and does not mind if it cannot.
    Result<void> bear_umockdev() {
        return checked("refuse a call", seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(EPERM),
                                                         SCMP_SYS(unlink), 0));
    }

    static Result<void> checked(Literal what, int status) {
        if (status == 0) return {};
        return os_error(what, -status);
    }

    Result<void> set(scmp_filter_attr attribute, std::uint32_t value) {
        return checked("set up a filter", seccomp_attr_set(context_.get(), attribute, value));
    }

    bool holds(Who who, When when) const {
        const auto needed = static_cast<Circumstances>(when);
        return among(process_, who) && (circumstances_ & needed) == needed;
    }

    Result<void> add_all() {
        for (const Calls& row : policy().calls) {
            if (holds(row.who, row.when)) NACRE_TRY(add(SCMP_ACT_ALLOW, row.names, {}));
        }
        for (const Call& row : policy().filtered) {
            if (holds(row.who, row.when))
                NACRE_TRY(add(SCMP_ACT_ALLOW, row.name, {row.first, row.second, row.third}));
        }
        for (const Refusal& row : policy().refused) {
            const bool allowed = row.unless != When::always && holds(row.who, row.unless);
            if (among(process_, row.who) && !allowed)
                NACRE_TRY(add(SCMP_ACT_ERRNO(row.error), row.names, {row.first, row.second}));
        }
        for (int number = kFirstNew; number <= kLastNew; ++number)
            NACRE_TRY(add(SCMP_ACT_ERRNO(ENOSYS), number, {}));
        return {};
    }

    using Matches = std::array<Match, 3>;

    Result<void> add(std::uint32_t action, const char* names, const Matches& matches) {
        std::string_view rest{names};
        while (!rest.empty()) {
            const std::string name{rest.substr(0, rest.find(' '))};
            rest.remove_prefix(std::min(name.size() + 1, rest.size()));
            const int number = seccomp_syscall_resolve_name(name.c_str());
            if (number == __NR_SCMP_ERROR)
                return Error{ErrorCode::internal, "name of a system call"};
            // Another architecture's alone: below zero.
            if (number >= 0) NACRE_TRY(add(action, number, matches));
        }
        return {};
    }

    Result<void> add(std::uint32_t action, int number, const Matches& matches) {
        scmp_arg_cmp compared[3];
        unsigned int count = 0;
        for (const Match& match : matches) {
            if (match.argument == Match::kNone) continue;
            const std::uint64_t value =
                match.value == Match::kOwnPid ? static_cast<std::uint64_t>(getpid()) : match.value;
            compared[count++] = {match.argument, SCMP_CMP_MASKED_EQ, match.mask, value};
        }
        return checked("allow a call", seccomp_rule_add_array(context_.get(), action, number, count,
                                                              compared));
    }

    const Process process_;
    const Circumstances circumstances_;
    std::unique_ptr<void, Release> context_;
};

}  // namespace

Result<Filter> filter_calls(Process process, Circumstances circumstances) {
    const FilterMode mode = filter_mode();
    if (mode == FilterMode::off) return Filter::none;
    if (mode == FilterMode::report || mode == FilterMode::calls) watch_forbidden_calls();
    NACRE_TRY(Builder(process, circumstances).load(mode));
    return mode == FilterMode::audit ? Filter::audited : Filter::enforced;
}

}  // namespace nacre::sandbox

#endif
