#include "daemon/supervisor/supervisor.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "api/base/log.h"
#include "daemon/overwrite/progress.h"

namespace nacre::supervisor {
namespace {

using std::chrono::milliseconds;

int poll_timeout(std::optional<Clock::time_point> deadline) {
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

}  // namespace

Supervisor::Supervisor(Children children, Signals signals, daemon::Supervision& systemd)
    : own_{std::move(children)},
      children_{&vault_, &courier_},
      signals_{signals},
      systemd_{systemd} {
    if (own_.sentry) children_.push_back(&*own_.sentry);
    if (own_.overwriter) children_.push_back(&*own_.overwriter);
}

Result<void> Supervisor::run() {
    (void)systemd_.status("Starting the vault and its courier");
    for (;;) {
        start_due();
        tell_systemd();
        (void)systemd_.alive();
        std::optional<Clock::time_point> deadline = link_due();
        for (const Child* child : children_) {
            if (child->due()) deadline = std::min(deadline.value_or(*child->due()), *child->due());
        }
        if (const auto interval = systemd_.watchdog())
            deadline = std::min(deadline.value_or(Clock::time_point::max()), Clock::now() + *interval);
        if (NACRE_TRY(wait(deadline, false))) return stop();
    }
}

void Supervisor::start_due() {
    bool started = false;
    const Clock::time_point now = Clock::now();
    for (Child* child : children_) {
        if (!child->due() || *child->due() > now) continue;
        // Not what the run before this one came to, even if this one ends before it says a word.
        if (is_overwriter(child))
            overwrite::write_progress(own_.progress, {overwrite::Progress::State::running, 0});
        child->start(now);
        const bool linked = child == &vault_ || child == &courier_;
        started = started || (linked && child->running());
    }
    if (started && vault_.running() && courier_.running()) link();
    if (const auto due = link_due(); due && *due <= now) link();
}

bool Supervisor::is_overwriter(const Child* child) const {
    return own_.overwriter && child == &*own_.overwriter;
}

std::optional<Clock::time_point> Supervisor::link_due() const {
    if (!link_wanted_ || !vault_.running() || !courier_.running()) return std::nullopt;
    return linked_ + kLinkPause;
}

void Supervisor::link() {
    link_wanted_ = false;
    linked_ = Clock::now();
    auto ends = daemon::stream_pair();
    if (!ends.ok()) return log::write(log::Level::error, "link", ends.error());
    vault_.send_link(ends->first.get());
    courier_.send_link(ends->second.get());
}

void Supervisor::tell_systemd() {
    const bool ready = vault_.ready() && courier_.ready();
    if (ready == was_ready_) return;
    was_ready_ = ready;
    // A restart after READY=1 is told as status alone.
    (void)systemd_.status(ready ? Literal{"The vault and its courier are running"}
                                : Literal{"Waiting for the vault or its courier"});
    if (!ready || told_ready_) return;
    told_ready_ = true;
    const Result<void> told = systemd_.ready();
    if (!told.ok()) log::write(log::Level::warning, "tell systemd", told.error());
    log::write(log::Level::info, "ready");
}

Result<bool> Supervisor::wait(std::optional<Clock::time_point> deadline, bool stopping) {
    // A descriptor of -1 is passed over.
    std::vector<pollfd> items{{stopping ? -1 : signals_.stop.fd(), POLLIN, 0},
                              {signals_.lock.fd(), POLLIN, 0}};
    const std::size_t first = items.size();
    for (const Child* child : children_) {
        items.push_back({child->control_fd(), POLLIN, 0});
        items.push_back({child->pidfd(), POLLIN, 0});
    }
    if (poll(items.data(), items.size(), poll_timeout(deadline)) < 0) {
        if (errno == EINTR) return false;
        return os_error("poll", errno);
    }
    if (items[1].revents != 0 && signals_.lock.take()) vault_.signal(SIGUSR1);
    for (std::size_t i = 0; i < children_.size(); ++i) {
        if (items[first + 2 * i].revents != 0) children_[i]->read_control();
        if (items[first + 2 * i + 1].revents == 0) continue;
        children_[i]->reap(Clock::now());
        // It is the first that the kernel kills.
        if (is_overwriter(children_[i])) overwrite::end_progress(own_.progress);
    }
    link_wanted_ = courier_.take_want_link() || link_wanted_;
    if (vault_.take_exposed() && own_.overwriter) own_.overwriter->want();
    return items[0].revents != 0;
}

void Supervisor::signal_all(int number) const {
    for (const Child* child : children_) child->signal(number);
}

Result<void> Supervisor::stop() {
    log::write(log::Level::info, "stopping");
    (void)systemd_.locking();
    const Clock::time_point deadline = Clock::now() + kStopTime;
    signal_all(SIGTERM);
    bool killed = false;
    const auto running = [](const Child* child) { return child->running(); };
    while (std::any_of(children_.begin(), children_.end(), running)) {
        if (!killed && Clock::now() >= deadline) {
            killed = true;
            log::write(log::Level::warning, "children do not end, killing them");
            signal_all(SIGKILL);
        }
        (void)NACRE_TRY(wait(killed ? std::nullopt : std::optional{deadline}, true));
    }
    return {};
}

}  // namespace nacre::supervisor
