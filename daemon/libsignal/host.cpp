#include "daemon/libsignal/host.h"

#include "daemon/libsignal/call.h"
#include "daemon/libsignal/library.h"
#include "daemon/libsignal/napi/addon.h"

namespace nacre::signal {
namespace {

// Operations with stores never wait for anybody else, so this is only ever met by a bug.
constexpr std::chrono::seconds kAwaitLimit{60};

}  // namespace

Host::Host(std::unique_ptr<Library> library) : library_{std::move(library)} {}

Host::~Host() = default;

Result<std::unique_ptr<Host>> Host::open(const std::filesystem::path& addon) {
    auto library = NACRE_TRY(Library::load(addon));
    return std::unique_ptr<Host>{new Host{std::move(library)}};
}

int Host::event_fd() const { return library_->environment().queue().descriptor(); }

void Host::pump() { library_->environment().pump(); }

bool Host::run_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    return library_->environment().run_until(done, limit);
}

void Host::post(std::function<void()> work) {
    library_->environment().run_soon(std::move(work));
}

std::size_t Host::live_values() const { return library_->environment().live_values(); }

Result<void> preload(const std::filesystem::path& addon) { return napi::preload_addon(addon); }

std::filesystem::path default_addon_path() {
    std::error_code failed;
    const auto executable = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (!failed) {
        // Of <prefix>/bin/… and of <prefix>/libexec/nacre/….
        const auto above = executable.parent_path().parent_path();
        for (const auto& prefix : {above, above.parent_path()}) {
            auto installed = prefix / "lib/nacre/libsignal.node";
            if (std::filesystem::exists(installed, failed)) return installed;
        }
    }
    return NACRE_LIBSIGNAL_ADDON;
}

Result<napi::Value*> await(Host& host, napi::Promise& promise, Literal name) {
    using State = napi::Promise::State;
    const auto settled = [&promise] { return promise.state() != State::pending; };
    if (!host.run_until(settled, kAwaitLimit)) return Error{ErrorCode::timed_out, name};
    if (promise.state() == State::rejected) return error_from(promise.outcome(), name);
    return promise.outcome();
}

}  // namespace nacre::signal
