#include "daemon/courier/provisioning.h"

#include <algorithm>
#include <utility>

#include "api/base/log.h"
#include "daemon/link/failed.h"

namespace nacre::courier {

Result<void> Provisioning::start(std::uint64_t id, Sink sink) {
    if (sink_) return Error{ErrorCode::already_exists, "provisioning is under way"};
    id_ = id;
    sink_ = std::move(sink);
    opened_ = 0;
    open();
    return {};
}

void Provisioning::cancel(std::uint64_t id) {
    if (sink_ && id == id_) finish(Error{ErrorCode::canceled, "provisioning"});
}

void Provisioning::stop() {
    if (sink_) finish(Error{ErrorCode::canceled, "courier stops"});
}

void Provisioning::open() {
    ++opened_;
    const std::uint64_t number = ++slots_;
    if (open_.size() >= kProvisionMostOpen) remove(open_.front().number);
    open_.push_back({number, nullptr, nullptr});
    loop_.cancel(timer_);
    timer_ = loop_.after(rotation_, [this] { rotate(); });
    auto cancel = dialer_.provisioning(listener(number),
                                       [this, number](Result<std::unique_ptr<Line>> line) {
                                           dialed(number, std::move(line));
                                       });
    if (Slot* slot = find(number)) slot->cancel = std::move(cancel);
}

// All of it is posted: what ends a connection must not run in its own callback.
ProvisioningListener Provisioning::listener(std::uint64_t number) {
    ProvisioningListener out;
    out.address = [this, number](std::string text, const Acknowledge& acknowledge) {
        acknowledge(200);
        loop_.post([this, number, text = std::move(text)] { address(number, text); });
    };
    out.envelope = [this, number](Bytes bytes, const Acknowledge& acknowledge) {
        acknowledge(200);
        loop_.post([this, number, bytes = std::move(bytes)] {
            if (find(number) != nullptr) envelope(bytes);
        });
    };
    out.interrupted = [this, number](std::optional<Error> reason) {
        loop_.post([this, number, reason] { ended(number, reason); });
    };
    return out;
}

void Provisioning::dialed(std::uint64_t number, Result<std::unique_ptr<Line>> line) {
    Slot* slot = find(number);
    if (slot == nullptr) return;
    if (!line.ok()) return ended(number, line.error());
    slot->line = std::move(line).value();
}

void Provisioning::address(std::uint64_t number, const std::string& address) {
    if (find(number) == nullptr) return;
    v1::ProvisionEvent event;
    event.set_address(address);
    if (!sink_(event)) finish(Error{ErrorCode::canceled, "provisioning"});
}

void Provisioning::envelope(const Bytes& envelope) {
    const Sink sink = std::exchange(sink_, nullptr);
    release();
    v1::ProvisionEvent event;
    event.set_envelope(envelope.data(), envelope.size());
    sink(event);
}

void Provisioning::ended(std::uint64_t number, const std::optional<Error>& reason) {
    const Slot* slot = find(number);
    if (slot == nullptr) return;
    const bool newest = number == open_.back().number;
    const bool reached = slot->line != nullptr;
    remove(number);
    if (!newest) return;
    // Its address was shown and is dead now. One that was never reached need not be tried at once,
    // and not at all while there is no other.
    if (reached)
        rotate();
    else if (open_.empty())
        finish(reason ? *reason : Error{ErrorCode::unavailable, "provisioning connection"});
}

void Provisioning::rotate() {
    if (!sink_) return;
    if (opened_ < kProvisionMostAddresses) return open();
    finish(Error{ErrorCode::timed_out, "no code was scanned"});
}

void Provisioning::remove(std::uint64_t number) {
    const auto found = std::ranges::find(open_, number, &Slot::number);
    if (found == open_.end()) return;
    if (found->cancel) found->cancel();
    // This may run inside a callback of the connection.
    if (found->line)
        loop_.post([ending = std::shared_ptr<Line>{std::move(found->line)}] {
            static_cast<void>(ending);
        });
    open_.erase(found);
}

void Provisioning::finish(const Error& why) {
    const Sink sink = std::exchange(sink_, nullptr);
    release();
    v1::ProvisionEvent event;
    *event.mutable_closed() = link::to_failed(why);
    sink(event);
}

void Provisioning::release() {
    loop_.cancel(std::exchange(timer_, 0));
    while (!open_.empty()) remove(open_.back().number);
}

Provisioning::Slot* Provisioning::find(std::uint64_t number) {
    const auto found = std::ranges::find(open_, number, &Slot::number);
    return found == open_.end() ? nullptr : &*found;
}

}  // namespace nacre::courier
