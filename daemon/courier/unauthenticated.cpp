#include "daemon/courier/unauthenticated.h"

#include <utility>

namespace nacre::courier {

void Unauthenticated::send(signal::Request request, signal::OnResponse done) {
    if (line_) {
        line_->send(request, std::move(done));
        return;
    }
    waiting_.push_back({std::move(request), std::move(done)});
    if (!dialing_) dial();
}

void Unauthenticated::dial() {
    dialing_ = true;
    const std::uint64_t generation = ++generation_;
    LineListener listener;
    listener.interrupted = [this, generation](std::optional<Error>) {
        loop_.post([this, generation] { ended(generation); });
    };
    cancel_ = dialer_.unauthenticated(
        std::move(listener), [this, generation](Result<std::unique_ptr<Line>> line) {
            dialed(generation, std::move(line));
        });
}

void Unauthenticated::dialed(std::uint64_t generation, Result<std::unique_ptr<Line>> line) {
    if (generation != generation_ || !dialing_) return;
    dialing_ = false;
    std::vector<Waiting> waiting = std::exchange(waiting_, {});
    if (line.ok()) line_ = std::move(line).value();
    for (Waiting& each : waiting) {
        if (line_)
            line_->send(each.request, std::move(each.done));
        else
            each.done(line.error());
    }
}

void Unauthenticated::ended(std::uint64_t generation) {
    if (generation != generation_) return;
    line_.reset();
    if (!std::exchange(dialing_, false)) return;
    // Ended before it began.
    for (Waiting& each : std::exchange(waiting_, {}))
        each.done(Error{ErrorCode::unavailable, "connection ended at once"});
}

void Unauthenticated::stop() {
    ++generation_;
    dialing_ = false;
    if (cancel_) cancel_();
    line_.reset();
    for (Waiting& each : std::exchange(waiting_, {}))
        each.done(Error{ErrorCode::canceled, "courier stops"});
}

}  // namespace nacre::courier
