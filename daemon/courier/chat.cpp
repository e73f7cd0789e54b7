#include "daemon/courier/chat.h"

#include <string_view>
#include <utility>

#include "api/base/log.h"
#include "daemon/base/crash_point.h"
#include "daemon/courier/routes.h"
#include "daemon/link/failed.h"
#include "daemon/spool/format.h"

namespace nacre::courier {
namespace {

using Status = v1::ConnectionStatus;

// A connection that held this long was a good one: the next pause is a short one again.
constexpr std::int64_t kGoodMs = 10'000;
constexpr std::chrono::milliseconds kWhoamiTimeout{20'000};
constexpr std::uint16_t kTooLarge = 413;  // not 2xx: the server keeps it

Halt halt_for(const Error& reason) {
    const std::string_view name{reason.name};
    if (name == "ConnectedElsewhere") return Halt::connected_elsewhere;
    if (name == "AppExpired") return Halt::client_too_old;
    return reason.code == ErrorCode::unlinked ? Halt::unlinked : Halt::none;
}

Status::State state_of(Halt halt) {
    switch (halt) {
        case Halt::connected_elsewhere: return Status::STATE_CONNECTED_ELSEWHERE;
        case Halt::unlinked: return Status::STATE_UNLINKED;
        case Halt::client_too_old: return Status::STATE_CLIENT_TOO_OLD;
        case Halt::none: break;
    }
    return Status::STATE_NO_LOGIN;
}

}  // namespace

Chat::Chat(Loop& loop, Dialer& dialer, const Clock& clock, Random random, ChatEvents events)
    : loop_{loop},
      dialer_{dialer},
      clock_{clock},
      backoff_{std::move(random)},
      events_{std::move(events)} {
    status_.set_state(Status::STATE_NO_LOGIN);
}

void Chat::resume(const Halted& halted) {
    halted_ = halted;
    set_state(state_of(halted.halt));
}

void Chat::login(const DeviceLogin& login, bool environment_fits) {
    const bool same = login_ && login_->same_device(login) && environment_fits_ == environment_fits;
    login_ = login;
    environment_fits_ = environment_fits;
    if (same) return;
    drop();
    if (halted_.halt == Halt::unlinked || halted_.device != login.fingerprint()) leave_halt();
    if (!environment_fits)
        set_state(Status::STATE_ENVIRONMENT_CHANGED);
    else if (halted_.halt != Halt::none)
        set_state(state_of(halted_.halt));
    else
        connect();
}

void Chat::logout() {
    drop();
    login_.reset();
    leave_halt();
    set_state(Status::STATE_NO_LOGIN);
}

Result<void> Chat::reconnect() {
    if (!login_)
        return Error{halted_.halt == Halt::unlinked ? ErrorCode::unlinked : ErrorCode::not_linked,
                     "reconnect"};
    if (!environment_fits_) return Error{ErrorCode::environment_changed, "reconnect"};
    leave_halt();
    if (line_ && live_) return {};
    drop();
    backoff_.reset();
    silent_closes_ = 0;
    connect();
    return {};
}

void Chat::connect() {
    const std::uint64_t generation = ++generation_;
    live_ = true;
    confirmed_ = false;
    status_.clear_alerts();
    status_.set_server_timestamp(0);
    set_state(Status::STATE_CONNECTING);
    cancel_ = dialer_.authenticated(
        login_->for_signal(), listener(generation),
        [this, generation](Result<std::unique_ptr<Line>> line) {
            connected(generation, std::move(line));
        });
}

// What a superseded connection still says is not about this one.
LineListener Chat::listener(std::uint64_t generation) {
    LineListener out;
    out.message = [this, generation](Bytes envelope, std::int64_t server_ms, Acknowledge answer) {
        if (current(generation)) message(std::move(envelope), server_ms, std::move(answer));
    };
    out.queue_empty = [this, generation] {
        if (!current(generation)) return;
        confirmed();
        events_.queue_empty();
    };
    out.alerts = [this, generation](const std::vector<std::string>& alerts) {
        if (!current(generation)) return;
        status_.mutable_alerts()->Assign(alerts.begin(), alerts.end());
        push();
    };
    out.server_time = [this, generation](std::int64_t server_ms) {
        if (!current(generation) || status_.server_timestamp() != 0) return;
        status_.set_server_timestamp(server_ms);
        push();
    };
    out.interrupted = [this, generation](std::optional<Error> reason) {
        loop_.post([this, generation, reason] { ended(generation, reason); });
    };
    return out;
}

void Chat::connected(std::uint64_t generation, Result<std::unique_ptr<Line>> line) {
    if (!current(generation)) return;
    if (!line.ok()) return ended(generation, line.error());
    line_ = std::move(line).value();
    connected_ms_ = clock_.boot_ms();
    signal::Request request = whoami();
    request.timeout = kWhoamiTimeout;
    line_->send(request, [this, generation](Result<signal::Response> response) {
        answered(generation, response);
    });
}

void Chat::answered(std::uint64_t generation, const Result<signal::Response>& response) {
    if (!current(generation) || !response.ok()) return;  // the end of the connection says why
    if (response->status == 401 || response->status == 403) {
        loop_.post([this, generation] {
            ended(generation, Error{ErrorCode::unlinked, "whoami"});
        });
        return;
    }
    confirmed();
}

void Chat::confirmed() {
    if (std::exchange(confirmed_, true)) return;
    silent_closes_ = 0;
    status_.clear_failed();
    log::write(log::Level::info, "connected", {log::field("generation", generation_)});
    set_state(Status::STATE_CONNECTED);
}

void Chat::message(Bytes envelope, std::int64_t server_ms, Acknowledge answer) {
    confirmed();
    if (envelope.size() > spool::kMaxEnvelopeBytes) {
        log::write(log::Level::warning, "envelope refused: too large",
                   {log::field("bytes", envelope.size())});
        answer(kTooLarge);
        return;
    }
    waiting_.push_back({++ticket_, std::move(answer)});
    events_.envelope(ticket_, {clock_.wall_ms(), server_ms, std::move(envelope)});
}

void Chat::acknowledge(std::uint64_t ticket) {
    while (!waiting_.empty() && waiting_.front().ticket <= ticket) {
        daemon::crash_point("before_ack");
        waiting_.front().acknowledge(200);
        daemon::crash_point("after_ack");
        waiting_.pop_front();
    }
}

void Chat::send(const signal::Request& request, signal::OnResponse done) {
    if (!line_ || !live_) return done(Error{ErrorCode::unavailable, "not connected"});
    line_->send(request, std::move(done));
}

void Chat::pause(const Error& why) {
    if (live_) ended(generation_, why);
}

void Chat::ended(std::uint64_t generation, const std::optional<Error>& reason) {
    if (!current(generation)) return;
    const bool silent = line_ != nullptr && !confirmed_;
    if (confirmed_ && clock_.boot_ms() - connected_ms_ >= kGoodMs) backoff_.reset();
    drop();
    if (reason)
        log::write(log::Level::notice, "connection ended", *reason);
    else
        log::write(log::Level::notice, "connection ended");
    if (reason)
        if (const Halt reached = halt_for(*reason); reached != Halt::none)
            return halt(reached, *reason);
    silent_closes_ = silent ? silent_closes_ + 1 : 0;
    retry(reason);
    if (silent_closes_ >= kDoubtfulCloses) events_.doubt(login_->for_signal(), generation_);
}

void Chat::heard(std::uint64_t generation, bool known) {
    if (known || !login_ || confirmed_ || generation > generation_ || silent_closes_ == 0) return;
    drop();
    halt(Halt::unlinked, Error{ErrorCode::unlinked, "the server does not know this device"});
}

void Chat::retry(const std::optional<Error>& reason) {
    auto delay = backoff_.next();
    if (reason && reason->code == ErrorCode::rate_limited) delay = std::max(delay, Backoff::kLast);
    if (reason) *status_.mutable_failed() = link::to_failed(*reason);
    set_state(Status::STATE_CONNECTING);
    status_.set_next_try(clock_.wall_ms() + delay.count());
    push();
    timer_ = loop_.after(delay, [this] { connect(); });
}

void Chat::halt(Halt halt, const Error& reason) {
    log::write(log::Level::warning, "no further connection by itself", reason);
    halted_ = {halt, login_->fingerprint()};
    if (halt == Halt::unlinked) login_.reset();
    silent_closes_ = 0;
    *status_.mutable_failed() = link::to_failed(reason);
    events_.halted(halted_);
    set_state(state_of(halt));
}

void Chat::leave_halt() {
    if (std::exchange(halted_, {}).halt != Halt::none) events_.halted(halted_);
}

// Gives up the connection, the attempt and the wait for it, whichever there is.
void Chat::drop() {
    loop_.cancel(std::exchange(timer_, 0));
    waiting_.clear();
    if (!std::exchange(live_, false)) return;
    if (cancel_) std::exchange(cancel_, nullptr)();
    // It may be one of its own callbacks that has led here.
    if (line_)
        loop_.post([ending = std::shared_ptr<Line>{std::move(line_)}] {
            static_cast<void>(ending);
        });
    line_.reset();
    events_.interrupted();
}

void Chat::stop(std::function<void()> done) {
    if (!line_) {
        drop();
        return done();
    }
    Line* line = line_.get();
    waiting_.clear();
    live_ = false;
    events_.interrupted();
    line->disconnect(std::move(done));
}

void Chat::set_state(State state) {
    status_.set_state(state);
    status_.set_generation(generation_);
    status_.set_next_try(0);
    push();
}

void Chat::push() { events_.status(status_); }

}  // namespace nacre::courier
