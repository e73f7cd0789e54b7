// nacre-vaultd: holds the vault, serves the API, connects nowhere.
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "api/base/log.h"
#include "daemon/base/link_source.h"
#include "daemon/base/lock_signal.h"
#include "daemon/base/stop_signal.h"
#include "daemon/config/places.h"
#include "daemon/vaultd/api_server.h"
#include "daemon/vaultd/confine.h"
#include "daemon/vaultd/daemon.h"
#include "daemon/vaultd/lock_socket.h"
#include "sandbox/limits.h"
#include "sandbox/memory_lock.h"
#include "sandbox/stack.h"
#include "sandbox/wipe.h"

namespace nacre::vaultd {
namespace {

// From the request to the wiped end of the process it takes 200 ms at most. Within them: for
// replies under way, and for the writer.
constexpr std::chrono::milliseconds kReplyTime{40};
constexpr std::chrono::milliseconds kWriterTime{50};
// Whatever else blocks, such as a journal or a disk that does not take anything.
constexpr std::chrono::milliseconds kMostTime{150};

// Stacks hold plaintext, and are wiped: no larger than needed. Few arenas keep the heap together.
constexpr std::size_t kThreadStack = std::size_t{1} << 20;
constexpr int kHeapArenas = 2;

int refuse(Literal what, const Error& error) {
    log::write(log::Level::error, what, error);
    return 1;
}

// Takes one link after the other, until nacred is gone or `stop_fd` is readable.
void take_links(daemon::LinkSource& source, int stop_fd, Daemon& daemon, int ended_fd) {
    for (;;) {
        auto link = source.next(stop_fd);
        if (!link) break;
        const auto attached = daemon.attach(std::move(*link));
        if (!attached) log::write(log::Level::warning, "link to the courier", attached.error());
    }
    eventfd_write(ended_fd, 1);
}

MemoryStatus protect_memory() {
    mallopt(M_ARENA_MAX, kHeapArenas);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kThreadStack);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
    const MemoryStatus memory{sandbox::lock_memory(), sandbox::active_swap()};
    if (memory.lock != sandbox::MemoryLock::all && memory.swap == sandbox::Swap::plain) {
        log::write(log::Level::warning,
                   "memory may reach unencrypted swap: raise the memlock limit, or encrypt swap");
    }
    return memory;
}

// nacred starts nacre-overwrite, and hands over where it tells its progress; systemd does neither.
void say_not_overwritten(const config::LockRules& rules, const daemon::Descriptor& progress) {
    if (rules.overwrite_percent == 0 || progress) return;
    log::write(log::Level::notice,
               "lock.overwrite_free_memory has no effect: only nacred starts nacre-overwrite");
}

// For `systemctl status`, before anything is open.
Literal closed_text(VaultState state) {
    switch (state) {
        case VaultState::none: return "There is no vault yet";
        case VaultState::unusable: return "The vault cannot be used";
        default: return "The vault is locked";
    }
}

// Until something says that this process should end; a signal or the time may be what says to lock.
void wait_for_end(int stop_fd, int ended_fd, const daemon::LockSignal& signal,
                  const AutoLock& auto_lock, Daemon& daemon, daemon::Supervision& systemd) {
    const int watchdog = systemd.watchdog() ? static_cast<int>(systemd.watchdog()->count()) : -1;
    pollfd waits[] = {{stop_fd, POLLIN, 0},
                      {ended_fd, POLLIN, 0},
                      {signal.fd(), POLLIN, 0},
                      {auto_lock.fd(), POLLIN, 0}};
    for (;;) {
        // This is the loop that decides to lock: a process in which it hangs is better ended.
        (void)systemd.alive();
        if (poll(waits, std::size(waits), watchdog) <= 0) continue;
        if (waits[0].revents != 0 || waits[1].revents != 0) return;
        const bool asked = waits[2].revents != 0 && signal.take();
        const bool due = waits[3].revents != 0 && auto_lock.is_due();
        if (!asked && !due) continue;
        const bool locked = daemon.lock().ok();
        log::write(log::Level::info, !locked ? Literal{"nothing to lock"}
                                     : asked ? Literal{"locking: SIGUSR1"}
                                             : Literal{"locking: the time is over"});
    }
}

int serve(const config::Places& places, const config::Config& config, MemoryStatus memory,
          sandbox::InForce sandbox) {
    auto listen_fds = daemon::ListenFds::inherit();
    auto supervision = daemon::Supervision::inherit(listen_fds);
    if (!supervision) return refuse("supervision", supervision.error());
    const auto stop = daemon::StopSignal::open();
    if (!stop) return refuse("signals", stop.error());
    const auto lock_signal = daemon::LockSignal::open();
    if (!lock_signal) return refuse("signals", lock_signal.error());
    auto timer = daemon::BootTimer::open();
    if (!timer) return refuse("timer", timer.error());
    auto source = daemon::vault_link_source(*supervision, listen_fds, config.link.allowed_uids);
    if (!source) return refuse("link", source.error());
    ApiSockets sockets{listen_fds.take("api"), listen_fds.take("secret")};
    daemon::Descriptor lock_listening = listen_fds.take("lock");
    if (!sockets.api || !sockets.secret || !lock_listening)
        return refuse("sockets", {ErrorCode::not_found, "no api, secret or lock socket was passed"});

    // Readable when a client asked to lock, or when there is nobody left to serve for.
    const daemon::Descriptor ended{eventfd(0, EFD_CLOEXEC)};
    std::atomic<bool> locking = false;
    const daemon::Descriptor overwritten = listen_fds.take(overwrite::kProgressName);
    say_not_overwritten(config.lock, overwritten);
    Daemon::Hooks hooks;
    hooks.opening = [&] { (void)supervision->unlocked(); };
    hooks.opened = [&] { (void)supervision->status("The vault is open"); };
    hooks.locking = sandbox::wipe_within;
    hooks.panicking = sandbox::extend_wipe;
    hooks.lock = [&] {
        locking = true;
        eventfd_write(ended.get(), 1);
    };
    hooks.overwritten = [&] { return overwrite::read_progress(overwritten.get()); };
    Daemon daemon{config, places.state, system_clock(), memory, std::move(hooks)};
    AutoLock auto_lock{config.lock, system_clock(), std::move(*timer)};
    daemon.set_auto_lock(auto_lock);
    PeerRule peers;
    peers.also = config.api.allowed_uids;
    peers.groups = config.api.allowed_gids;
    (void)supervision->status(closed_text(daemon.vault_state()));
    // Every descriptor is open, and nobody has been served yet.
    if (const auto filtered = filter_calls(sandbox); !filtered)
        return refuse("system call filter", filtered.error());
    daemon.set_sandbox(sandbox);
    daemon.unlock_by_credential();
    sandbox::burn_stack();  // of Argon2, on the one thread that lives as long as the process
    // Whoever says "lock" meanwhile waits in the queue, and meets an open vault.
    PeerRule lockers = peers;
    lockers.also.insert(lockers.also.end(), config.lock.allowed_uids.begin(),
                        config.lock.allowed_uids.end());
    const auto lock_socket = LockSocket::start(
        std::move(lock_listening), std::move(lockers),
        {[&] { return daemon.nothing_to_lock(); }, [&] { return daemon.lock(); }});
    if (!lock_socket) return refuse("lock socket", lock_socket.error());
    auto server = ApiServer::start(std::move(sockets), std::move(peers), daemon);
    if (!server) return refuse("API", server.error());
    std::thread links{[&] { take_links(**source, stop->fd(), daemon, ended.get()); }};
    if (const auto ready = supervision->ready(); !ready) refuse("ready", ready.error());

    wait_for_end(stop->fd(), ended.get(), *lock_signal, auto_lock, daemon, *supervision);
    sandbox::wipe_within(kMostTime);
    if (locking) (void)supervision->locking();
    const auto until = std::chrono::steady_clock::now() + kWriterTime;
    (void)(*server)->stop(kReplyTime);
    daemon.finish(until);
    // Locking is process death: whatever still runs (a call, a link wait, Argon2) stops where it is.
    // Everything acknowledged is durable; there is nothing to flush.
    sandbox::wipe_and_exit(0);
}

}  // namespace
}  // namespace nacre::vaultd

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-vaultd");
    vaultd::clear_grpc_environment();
    const auto places = config::places_from(config::Program::vaultd, argc, argv);
    if (const auto* refused = std::get_if<config::Refused>(&places)) {
        std::fprintf(refused->status == 0 ? stdout : stderr, "%s\n", refused->text.c_str());
        return refused->status;
    }
    if (const auto opened = sandbox::open_for_wipe(); !opened)
        return vaultd::refuse("wiping", opened.error());
    if (const auto hardened = sandbox::harden_process(sandbox::Process::vaultd); !hardened)
        return vaultd::refuse("hardening", hardened.error());
    const auto loaded = config::load(std::get<config::Places>(places).config);
    if (const auto* wrong = std::get_if<config::ConfigError>(&loaded)) {
        std::fprintf(stderr, "nacre-vaultd: %s\n", wrong->text().c_str());
        return 1;
    }
    const auto& config = std::get<config::Config>(loaded);
    log::open("nacre-vaultd", config.log_level);
    log::silence_others();
    const vaultd::MemoryStatus memory = vaultd::protect_memory();
    const auto sandbox = vaultd::restrict_paths(std::get<config::Places>(places));
    if (!sandbox) return vaultd::refuse("path rules", sandbox.error());
    // The first thread: restricted like all to come.
    if (const auto wiper = sandbox::start_wiper(); !wiper)
        return vaultd::refuse("wiping", wiper.error());
    return vaultd::serve(std::get<config::Places>(places), config, memory, *sandbox);
}
