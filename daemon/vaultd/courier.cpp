#include "daemon/vaultd/courier.h"

#include <algorithm>

#include <future>

#include "api/base/log.h"

namespace nacre::vaultd {
namespace {

using courier::v1::ConnectionStatus;
using link::Frame;

// Requests that the courier answers by itself.
constexpr std::chrono::seconds kLocalTimeout{15};
// The courier's own limit for a chat request, and some time for the link.
constexpr std::uint32_t kChatTimeoutMs = 30'000;
constexpr std::chrono::milliseconds kLinkSlack{10'000};
constexpr std::chrono::minutes kDownloadTimeout{5};
constexpr std::uint64_t kDownloadWindowBytes = 512 * 1024;

Connection to_connection(ConnectionStatus::State state) {
    switch (state) {
        case ConnectionStatus::STATE_NO_LOGIN: return Connection::none;
        case ConnectionStatus::STATE_CONNECTING: return Connection::connecting;
        case ConnectionStatus::STATE_CONNECTED: return Connection::connected;
        case ConnectionStatus::STATE_CONNECTED_ELSEWHERE: return Connection::connected_elsewhere;
        case ConnectionStatus::STATE_UNLINKED: return Connection::unlinked;
        case ConnectionStatus::STATE_ENVIRONMENT_CHANGED: return Connection::environment_changed;
        case ConnectionStatus::STATE_CLIENT_TOO_OLD: return Connection::client_too_old;
        default: return Connection::no_courier;
    }
}

LoginCredential to_credential(ConnectionStatus::Credential credential) {
    switch (credential) {
        case ConnectionStatus::CREDENTIAL_GOOD: return LoginCredential::good;
        case ConnectionStatus::CREDENTIAL_UNREADABLE: return LoginCredential::unreadable;
        case ConnectionStatus::CREDENTIAL_OTHER_LOGIN: return LoginCredential::other_login;
        case ConnectionStatus::CREDENTIAL_OTHER_SERVERS: return LoginCredential::other_servers;
        default: return LoginCredential::none;
    }
}

// Whether waiting may still end in `connected`.
bool may_connect(Connection state) {
    return state == Connection::none || state == Connection::connecting ||
           state == Connection::connected || state == Connection::no_courier;
}

sandbox::InForce to_in_force(const courier::v1::Sandbox& sandbox) {
    const auto most = static_cast<std::uint32_t>(sandbox::Filter::audited);
    return {static_cast<sandbox::Filter>(std::min(sandbox.filter(), most)),
            static_cast<int>(std::min(sandbox.landlock(), 1000U)), sandbox.refuses_written_code(),
            sandbox.hides_buses()};
}

}  // namespace

Courier::Courier(CourierListener listener) : listener_{std::move(listener)} {}

Courier::~Courier() { close(); }

Result<void> Courier::attach(daemon::Descriptor socket) {
    std::shared_ptr<link::Channel> old;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock{mutex_};
        old = std::move(channel_);
        number = ++link_;
        // What waited waits still, until the new link says otherwise.
        const auto waiting = status_.waiting_envelopes;
        status_ = {};
        status_.waiting_envelopes = waiting;
    }
    if (old) old->close();
    link::Handlers handlers;
    handlers.on_frame = [this, number](Frame frame) { take(number, std::move(frame)); };
    handlers.on_close = [this, number](const Error& why) {
        log::write(log::Level::notice, "link to the courier ended", why);
        lost(number);
    };
    std::shared_ptr<link::Channel> opened =
        NACRE_TRY(link::Channel::open(std::move(socket), link::Side::vault, {}, std::move(handlers)));
    {
        const std::lock_guard lock{mutex_};
        if (closed_ || link_ != number) return Error{ErrorCode::canceled, "attach"};
        channel_ = opened;
    }
    changed_.notify_all();
    listener_.on_link(number);
    return {};
}

void Courier::lost(std::uint64_t number) {
    {
        const std::lock_guard lock{mutex_};
        if (link_ != number) return;
        status_.connection = Connection::no_courier;
    }
    changed_.notify_all();
    listener_.on_connection({});
}

void Courier::overrun(std::uint64_t number) {
    const auto open = channel();
    if (!open || link() != number) return;
    log::write(log::Level::warning, "the courier sends more than it may; link closed");
    open->close();  // from its own reader thread it only begins
    lost(number);
}

void Courier::take(std::uint64_t number, Frame frame) {
    switch (frame.body_case()) {
        case Frame::kSpoolSegment:
            return listener_.on_segment(number, to_bytes(frame.spool_segment().header()));
        case Frame::kSpoolRecord:
            if (!listener_.on_record(number, frame.spool_record().sequence(),
                                     to_bytes(frame.spool_record().sealed())))
                overrun(number);
            return;
        case Frame::kSpoolLost:
            if (!listener_.on_lost(number, frame.spool_lost().first(), frame.spool_lost().last()))
                overrun(number);
            return;
        case Frame::kSpoolStatus: {
            {
                const std::lock_guard lock{mutex_};
                if (link_ != number) return;
                status_.waiting_envelopes = frame.spool_status().waiting();
                const courier::v1::Failed& failed = frame.spool_status().failed();
                status_.spool_full = failed.name() == "SpoolFull";
                status_.spool_problem = status_.spool_full ? "" : failed.code();
                status_.courier_sandbox = to_in_force(frame.spool_status().sandbox());
            }
            changed_.notify_all();
            return listener_.on_spool(frame.spool_status());
        }
        case Frame::kConnectionStatus: {
            const ConnectionStatus& status = frame.connection_status();
            {
                const std::lock_guard lock{mutex_};
                if (link_ != number) return;
                status_.connection = to_connection(status.state());
                status_.alerts = {status.alerts().begin(), status.alerts().end()};
                status_.login_credential = to_credential(status.credential());
            }
            changed_.notify_all();
            return listener_.on_connection(status);
        }
        default: return;  // daemon/link has closed on everything else
    }
}

std::shared_ptr<link::Channel> Courier::channel() const {
    const std::lock_guard lock{mutex_};
    return channel_;
}

Result<void> Courier::call(Frame frame) {
    const auto open = channel();
    if (!open) return Error{ErrorCode::unavailable, "no link to the courier"};
    NACRE_TRY(open->call(std::move(frame), kLocalTimeout));
    return {};
}

void Courier::post(const Frame& frame) {
    // A lost link loses it; the next one begins with the committed sequence again.
    if (const auto open = channel()) (void)open->post(frame);
}

Result<void> Courier::login(const courier::v1::LoginRequest& request) {
    Frame frame;
    *frame.mutable_login() = request;
    return call(std::move(frame));
}

Result<void> Courier::logout() {
    Frame frame;
    frame.mutable_logout();
    return call(std::move(frame));
}

Result<void> Courier::connect() {
    Frame frame;
    frame.mutable_connect();
    return call(std::move(frame));
}

Result<void> Courier::begin_epoch(std::uint64_t epoch, ByteView public_key, std::uint64_t committed) {
    Frame frame;
    frame.mutable_epoch()->set_epoch(epoch);
    frame.mutable_epoch()->set_public_key(public_key.data(), public_key.size());
    frame.mutable_epoch()->set_committed(committed);
    return call(std::move(frame));
}

Result<std::uint32_t> Courier::leave_keys(courier::v1::IdentityKind identity, bool replace,
                                          ByteView body) {
    const auto open = channel();
    if (!open) return Error{ErrorCode::unavailable, "no link to the courier"};
    Frame frame;
    frame.mutable_leave_keys()->set_identity(identity);
    frame.mutable_leave_keys()->set_replace(replace);
    frame.mutable_leave_keys()->set_body(body.data(), body.size());
    const Frame answer = NACRE_TRY(open->call(std::move(frame), kLocalTimeout));
    return answer.keys_left().uploads();
}

Result<courier::v1::ChatReply> Courier::chat(const courier::v1::ChatRequest& request) {
    const auto open = channel();
    if (!open) return Error{ErrorCode::unavailable, "no link to the courier"};
    Frame frame;
    *frame.mutable_chat() = request;
    if (request.timeout_ms() == 0) frame.mutable_chat()->set_timeout_ms(kChatTimeoutMs);
    const auto limit = std::chrono::milliseconds{frame.chat().timeout_ms()} + kLinkSlack;
    Frame answer = NACRE_TRY(open->call(std::move(frame), limit));
    if (!answer.has_chat_reply()) return Error{ErrorCode::bad_message, "chat reply"};
    return std::move(*answer.mutable_chat_reply());
}

Result<Bytes> Courier::download(const courier::v1::DownloadRequest& request, std::size_t most) {
    const auto open = channel();
    if (!open) return Error{ErrorCode::unavailable, "no link to the courier"};
    struct Transfer {
        std::mutex mutex;
        Bytes blob;
        std::size_t fresh = 0;
        std::condition_variable changed;
        std::optional<Result<void>> end;
    };
    const auto transfer = std::make_shared<Transfer>();
    Frame frame;
    *frame.mutable_download() = request;
    frame.mutable_download()->set_max_bytes(most);
    link::Stream stream = NACRE_TRY(open->open_stream(
        std::move(frame), [transfer, most](Result<Frame> piece, bool last) {
            const std::lock_guard lock{transfer->mutex};
            if (!piece) {
                transfer->end = piece.error();
            } else {
                const std::string& data = piece->chunk().data();
                transfer->fresh += data.size();
                transfer->blob.insert(transfer->blob.end(), data.begin(), data.end());
                if (transfer->blob.size() > most)
                    transfer->end = Error{ErrorCode::bad_message, "download is larger than allowed"};
                else if (last)
                    transfer->end = Result<void>{};
            }
            transfer->changed.notify_one();
        }));
    NACRE_TRY(stream.credit(kDownloadWindowBytes));
    const auto deadline = std::chrono::steady_clock::now() + kDownloadTimeout;
    std::unique_lock lock{transfer->mutex};
    while (!transfer->end) {
        if (transfer->changed.wait_until(lock, deadline) == std::cv_status::timeout)
            return Error{ErrorCode::timed_out, "download"};
        const std::size_t taken = std::exchange(transfer->fresh, 0);
        if (transfer->end || taken == 0) continue;
        lock.unlock();
        NACRE_TRY(stream.credit(taken));
        lock.lock();
    }
    NACRE_TRY(*transfer->end);
    return std::move(transfer->blob);
}

Result<link::Stream> Courier::provision(ProvisionCallback callback) {
    const auto open = channel();
    if (!open) return Error{ErrorCode::unavailable, "no link to the courier"};
    Frame frame;
    frame.mutable_provision();
    return open->open_stream(std::move(frame), [callback = std::move(callback)](Result<Frame> event, bool) {
        if (!event) return callback(event.error());
        if (event->has_provision_event()) callback(std::move(*event->mutable_provision_event()));
    });
}

void Courier::committed(std::uint64_t sequence) {
    Frame frame;
    frame.mutable_committed()->set_sequence(sequence);
    post(frame);
}

void Courier::credit(std::uint64_t number, std::uint64_t count) {
    std::shared_ptr<link::Channel> open;
    {
        const std::lock_guard lock{mutex_};
        if (link_ == number) open = channel_;
    }
    Frame frame;
    frame.mutable_credit()->set_count(count);
    if (open) (void)open->post(frame);
}

std::uint64_t Courier::link() const {
    const std::lock_guard lock{mutex_};
    return channel_ ? link_ : 0;
}

std::optional<courier::v1::Environment> Courier::environment() const {
    const auto open = channel();
    if (!open) return std::nullopt;
    return open->peer_environment();
}

DaemonStatus Courier::status() const {
    const std::lock_guard lock{mutex_};
    return status_;
}

Result<void> Courier::wait_connected(std::chrono::milliseconds limit) const {
    std::unique_lock lock{mutex_};
    const bool settled = changed_.wait_for(lock, limit, [this] {
        return closed_ || status_.connection == Connection::connected ||
               !may_connect(status_.connection);
    });
    if (status_.connection == Connection::connected) return {};
    if (!settled || closed_) return Error{ErrorCode::unavailable, "wait for the connection"};
    return Error{status_.connection == Connection::environment_changed
                     ? ErrorCode::environment_changed
                     : ErrorCode::unavailable,
                 "the connection ended"};
}

void Courier::close() {
    std::shared_ptr<link::Channel> old;
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        old = std::move(channel_);
    }
    changed_.notify_all();
    if (old) old->close();
}

}  // namespace nacre::vaultd
