#include "daemon/supervisor/child.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "api/base/log.h"

namespace nacre::supervisor {
namespace {

using daemon::ControlKind;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

// A child that does not read must not stop nacred.
Result<void> set_nonblocking(int fd) {
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0) return {};
    return os_error("control socket", errno);
}

}  // namespace

void Child::start(Clock::time_point now) {
    ready_ = locking_ = unlocked_ = wants_link_ = wanted_ = false;
    started_ = now;
    const auto begin = [this]() -> Result<void> {
        auto [ours, theirs] = NACRE_TRY(daemon::seqpacket_pair());
        NACRE_TRY(set_nonblocking(ours.get()));
        std::vector<Inherited> descriptors = descriptors_;
        descriptors.push_back({"control", theirs.get()});
        if (login_) descriptors.push_back({"login", login_.get()});
        process_ = NACRE_TRY(spawn(program_, descriptors));
        control_ = std::move(ours);
        return {};
    };
    const Result<void> begun = begin();
    if (begun.ok()) {
        log::write(log::Level::info, name_, {log::field("started_pid", process_.pid)});
        return;
    }
    log::write(log::Level::error, name_, begun.error());
    due_ = now + backoff_.after({}, false);
}

std::optional<Clock::time_point> Child::due() const {
    if (running() || (kind_ == Kind::task && !wanted_)) return std::nullopt;
    return due_;
}

void Child::read_control() {
    auto message = daemon::receive_control(control_.get());
    if (message.ok() && *message) return take(std::move(**message));
    // Its end of file comes with or before its death; nothing more is to be read.
    if (!message.ok()) {
        log::write(log::Level::error, name_, message.error());
        signal(SIGKILL);
    }
    control_.reset();
}

void Child::take(daemon::ControlMessage message) {
    switch (message.kind) {
        case ControlKind::ready: ready_ = true; return;
        case ControlKind::locking: locking_ = true; return;
        case ControlKind::unlocked:
            if (kind_ != Kind::vault) break;
            unlocked_ = true;
            return;
        case ControlKind::want_link:
            if (kind_ != Kind::courier) break;
            wants_link_ = true;
            return;
        case ControlKind::keep_login:
            if (kind_ != Kind::courier) break;
            login_ = std::move(message.descriptor);
            return;
        case ControlKind::forget_login:
            if (kind_ != Kind::courier) break;
            login_.reset();
            return;
        case ControlKind::link: break;
    }
    log::write(log::Level::error, name_,
               {ErrorCode::bad_message, "control message not for it to send"});
    signal(SIGKILL);
}

void Child::send_link(int descriptor) {
    const Result<void> sent = daemon::send_control(control_.get(), ControlKind::link, descriptor);
    if (sent.ok() || sent.error().code == ErrorCode::unavailable) return;  // dying: a new one comes
    log::write(log::Level::error, name_, sent.error());
    signal(SIGKILL);
}

void Child::reap(Clock::time_point now) {
    // What it sent before it died counts: the login, and whether it meant to lock. Before waitid,
    // so that the number still is this child's.
    while (control_) read_control();
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(process_.pid), &info, WEXITED) != 0) {
        if (errno == EINTR) continue;
        log::write(log::Level::error, name_, os_error("waitid", errno));
        break;
    }
    log_death(info.si_code, info.si_status);
    exposed_ = exposed_ || unlocked_;
    const bool on_purpose = locking_ && info.si_code == CLD_EXITED && info.si_status == 0;
    const auto life = duration_cast<milliseconds>(now - started_);
    due_ = on_purpose ? now : now + backoff_.after(life, ready_);
    process_ = {};
    ready_ = false;
}

void Child::log_death(int code, int status) const {
    if (locking_)
        return log::write(log::Level::info, name_, {log::field("locked_pid", process_.pid)});
    const Literal how = code == CLD_EXITED ? Literal{"ended_status"} : Literal{"killed_signal"};
    const auto level = code == CLD_EXITED && status == 0 ? log::Level::info : log::Level::warning;
    log::write(level, name_, {log::field("pid", process_.pid), log::field(how, status)});
}

void Child::signal(int number) const {
    if (running()) kill(process_.pid, number);
}

}  // namespace nacre::supervisor
