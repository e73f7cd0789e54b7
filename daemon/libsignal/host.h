// Host: libsignal loaded into this process, with the one thread that may call it.
//
// Layer:   daemon/libsignal. The typed wrappers (keys.h, session.h, sealed.h, chat.h, …) take a
//          Host&; nothing outside daemon/libsignal sees what is behind it.
// Secrets: array buffers that libsignal and the wrappers exchange are zeroed when freed.
// Errors:  open(): not_found (no addon there), unsupported (not libsignal's, or too new).
// Threads: a Host belongs to the thread that opened it; every call from another thread aborts,
//          save post() and what is said to be callable from anywhere. Several Hosts on several
//          threads are fine and share nothing. Everything made with a Host (connections,
//          acknowledgements, ciphertexts) must be gone before it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "api/base/result.h"

namespace nacre::signal {

class Library;  // library.h

class Host {
public:
    // Loads the addon (once a process; 1-40 ms) and registers our error class with it.
    static Result<std::unique_ptr<Host>> open(const std::filesystem::path& addon);

    // Ends the environment: pending calls fail with canceled, every handle is freed.
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // Readable whenever pump() has something to do. For epoll; never read it yourself.
    int event_fd() const;

    // Runs what has been queued so far: results of asynchronous calls, listeners, post()ed
    // closures. Never blocks. Callbacks run inside it, so a callback must not destroy the Host.
    void pump();

    // Pumps until `done()` is true; false when `limit` passed first. Dispatches unrelated events
    // meanwhile, as pump() does.
    bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit);

    // Any thread: has `work` run by a later pump(). Closures still queued when the Host ends are
    // destroyed, on the owner thread, without running.
    void post(std::function<void()> work);

    // Values alive in the environment; a test of leaks compares two readings.
    std::size_t live_values() const;

    // For the wrappers.
    Library& library() { return *library_; }

private:
    explicit Host(std::unique_ptr<Library> library);

    std::unique_ptr<Library> library_;
};

// Maps the addon's code and does no more: for a process that may load no code later (sandbox/filter.h).
// Errors as open()'s, which gives them again.
Result<void> preload(const std::filesystem::path& addon);

// The addon to load: <prefix>/lib/nacre/libsignal.node if this executable is <prefix>/bin/… and
// the file is there, else the pinned one of the build tree.
std::filesystem::path default_addon_path();

}  // namespace nacre::signal
