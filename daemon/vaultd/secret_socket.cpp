#include "daemon/vaultd/secret_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

#include "api/base/log.h"

namespace nacre::vaultd {
namespace {

using std::chrono::steady_clock;

// Between two reads of one message; a client sends it whole.
constexpr timeval kReceiveTimeout{.tv_sec = 5, .tv_usec = 0};

}  // namespace

SecretSocket::Ticket::~Ticket() {
    if (waiting_ != nullptr) socket_->withdraw(waiting_);
}

const std::array<std::uint8_t, kTicketSize>& SecretSocket::Ticket::bytes() const {
    return waiting_->bytes;
}

Result<Passphrase> SecretSocket::Ticket::wait(std::stop_token stop) {
    std::unique_lock lock{socket_->mutex_};
    const bool there = socket_->arrived_.wait_until(
        lock, stop, waiting_->until, [this] { return waiting_->passphrase.has_value(); });
    if (!there) {
        const bool stopped = stop.stop_requested();
        return Error{stopped ? ErrorCode::canceled : ErrorCode::timed_out, "passphrase"};
    }
    Passphrase passphrase = std::move(*waiting_->passphrase);
    waiting_->passphrase.reset();
    return passphrase;
}

Result<std::unique_ptr<SecretSocket>> SecretSocket::start(daemon::Descriptor listening,
                                                          PeerRule peers,
                                                          std::chrono::milliseconds life) {
    std::unique_ptr<SecretSocket> socket{new SecretSocket{life}};
    auto take = [self = socket.get()](daemon::Descriptor connection) {
        self->take(std::move(connection));
    };
    socket->acceptor_ =
        NACRE_TRY(Acceptor::start(std::move(listening), std::move(peers), false, std::move(take)));
    return socket;
}

SecretSocket::~SecretSocket() { stop(); }

void SecretSocket::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        if (connection_ >= 0) shutdown(connection_, SHUT_RDWR);
    }
    if (acceptor_ != nullptr) acceptor_->stop();
}

Result<SecretSocket::Ticket> SecretSocket::issue() {
    auto waiting = std::make_shared<Waiting>();
    fill_with_random(waiting->bytes);
    waiting->until = steady_clock::now() + life_;
    const std::lock_guard lock{mutex_};
    if (waiting_.size() >= kMaxTickets) return Error{ErrorCode::resource_exhausted, "tickets"};
    waiting_.push_back(waiting);
    return Ticket{*this, std::move(waiting)};
}

void SecretSocket::take(daemon::Descriptor connection) {
    if (setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kReceiveTimeout,
                   sizeof kReceiveTimeout) != 0) {
        return;
    }
    {
        const std::lock_guard lock{mutex_};
        if (stopping_) return;
        connection_ = connection.get();
    }
    std::array<std::uint8_t, kTicketSize> ticket{};
    Result<Passphrase> passphrase = Passphrase::receive(connection.get(), ticket);
    {
        const std::lock_guard lock{mutex_};
        connection_ = -1;
    }
    if (!passphrase.ok()) {
        log::write(log::Level::notice, "secret refused", passphrase.error());
        return;
    }
    deliver(ticket, std::move(*passphrase));
}

void SecretSocket::deliver(const std::array<std::uint8_t, kTicketSize>& bytes,
                           Passphrase passphrase) {
    const std::lock_guard lock{mutex_};
    const auto now = steady_clock::now();
    for (auto place = waiting_.begin(); place != waiting_.end(); ++place) {
        Waiting& waiting = **place;
        if (waiting.until < now || !equal_in_constant_time(waiting.bytes, bytes)) continue;
        waiting.passphrase = std::move(passphrase);
        waiting_.erase(place);  // used up
        arrived_.notify_all();
        return;
    }
    log::write(log::Level::notice, "secret refused",
               Error{ErrorCode::unauthenticated, "unknown ticket"});
}

void SecretSocket::withdraw(const std::shared_ptr<Waiting>& waiting) {
    const std::lock_guard lock{mutex_};
    waiting_.remove(waiting);
}

}  // namespace nacre::vaultd
