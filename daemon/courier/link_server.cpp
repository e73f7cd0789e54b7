#include "daemon/courier/link_server.h"

#include <algorithm>
#include <utility>

#include "api/base/log.h"
#include "daemon/courier/routes.h"
#include "daemon/link/failed.h"

namespace nacre::courier {
namespace {

// A reply that cannot be delivered has nobody to tell: the link is gone.
void answer(const link::Reply& reply, const Result<void>& result) {
    if (!result.ok()) log::write(log::Level::notice, "request failed", result.error());
    static_cast<void>((result.ok() ? reply.done() : reply.fail(result.error())).ok());
}

void answer_response(const link::Reply& reply, const Result<signal::Response>& response) {
    if (!response.ok()) return answer(reply, response.error());
    auto content = reply_from(*response);
    if (!content.ok()) return answer(reply, content.error());
    link::Frame frame;
    *frame.mutable_chat_reply() = std::move(content).value();
    static_cast<void>(reply.send(std::move(frame)).ok());
}

}  // namespace

Result<void> LinkServer::accept(daemon::Descriptor link) {
    close();
    link::Handlers handlers;
    handlers.on_frame = [this](link::Frame frame) { one_way(frame); };
    handlers.on_request = [this](link::Frame frame, const link::Reply& reply) {
        request(std::move(frame), reply);
    };
    handlers.on_close = [this](const Error& why) { ended(why); };
    channel_ = NACRE_TRY(link::Channel::open(std::move(link), link::Side::courier,
                                             parts_.logins.environment(), std::move(handlers)));
    parts_.feeder.attach(channel_);
    return {};
}

void LinkServer::close() {
    if (!channel_) return;
    channel_->close();
    release();
    channel_.reset();
}

void LinkServer::ended(const Error& why) {
    log::write(log::Level::notice, "link to the vault ended", why);
    release();
    lost_();
}

// Nobody is there for what the link had asked for.
void LinkServer::release() {
    parts_.feeder.detach();
    parts_.downloads.cancel_all();
    parts_.network.post([](Station& station) {
        station.provisioning.stop();
        station.keys.vault_open(false);
    });
}

void LinkServer::one_way(const link::Frame& frame) {
    switch (frame.body_case()) {
        case link::Frame::kCommitted: parts_.intake.commit(frame.committed().sequence()); break;
        case link::Frame::kCredit:
            if (frame.request_id() == 0)
                parts_.feeder.credit(frame.credit().count());
            else
                parts_.downloads.credit(frame.request_id(), frame.credit().count());
            break;
        case link::Frame::kCancel: {
            const std::uint64_t target = frame.cancel().target_id();
            parts_.downloads.cancel(target);
            parts_.network.post(
                [target](Station& station) { station.provisioning.cancel(target); });
            break;
        }
        default: break;  // the channel lets nothing else through
    }
}

void LinkServer::request(link::Frame frame, const link::Reply& reply) {
    switch (frame.body_case()) {
        case link::Frame::kLogin: return login(frame.login(), reply);
        case link::Frame::kLogout: return logout(reply);
        case link::Frame::kConnect: return connect(reply);
        case link::Frame::kProvision: return provision(reply);
        case link::Frame::kChat: return chat(frame.chat(), reply);
        case link::Frame::kDownload: return download(frame.download(), reply);
        case link::Frame::kEpoch: return epoch(frame.epoch(), reply);
        case link::Frame::kLeaveKeys: return leave_keys(frame.leave_keys(), reply);
        default: return answer(reply, Error{ErrorCode::unsupported, "link request"});
    }
}

void LinkServer::login(const v1::LoginRequest& request, const link::Reply& reply) {
    auto made = login_from(request);
    if (!made.ok()) return answer(reply, made.error());
    const bool fits = parts_.logins.fits(*made);
    Result<void> kept{};
    // One that does not fit is not kept, but its state is shown.
    if (fits) kept = parts_.logins.keep(*made);
    if (!kept.ok()) return answer(reply, kept);
    parts_.network.post([login = std::move(*made), fits, reply](Station& station) {
        station.chat.login(login, fits);
        answer(reply, fits ? Result<void>{}
                           : Error{ErrorCode::environment_changed, "login: other environment"});
    });
}

void LinkServer::logout(const link::Reply& reply) {
    parts_.logins.forget();
    if (const auto forgotten = parts_.ready_keys.forget(); !forgotten.ok())
        log::write(log::Level::warning, "ready keys may still be there", forgotten.error());
    parts_.network.post([reply](Station& station) {
        station.chat.logout();
        answer(reply, {});
    });
}

void LinkServer::connect(const link::Reply& reply) {
    parts_.network.post(
        [reply](Station& station) { answer(reply, station.chat.reconnect()); });
}

void LinkServer::provision(const link::Reply& reply) {
    parts_.network.post([reply](Station& station) {
        const auto sink = [reply](const v1::ProvisionEvent& event) {
            link::Frame frame;
            *frame.mutable_provision_event() = event;
            return reply.send(std::move(frame)).ok();
        };
        const auto started = station.provisioning.start(reply.request_id(), sink);
        if (!started.ok()) answer(reply, started);
    });
}

void LinkServer::chat(const v1::ChatRequest& request, const link::Reply& reply) {
    auto routed = route(request);
    if (!routed.ok()) return answer(reply, routed.error());
    parts_.network.post([routed = std::move(*routed), reply](Station& station) {
        const auto done = [reply](const Result<signal::Response>& response) {
            answer_response(reply, response);
        };
        if (routed.authenticated)
            station.chat.send(routed.request, done);
        else
            station.anonymous.send(routed.request, done);
    });
}

void LinkServer::download(const v1::DownloadRequest& request, const link::Reply& reply) {
    const auto on_chunk = [reply](ByteView data, bool last) {
        link::Frame frame;
        frame.mutable_chunk()->set_data(data.data(), data.size());
        frame.mutable_chunk()->set_last(last);
        return reply.send(std::move(frame)).ok();
    };
    const auto on_failed = [reply](const Error& error) { answer(reply, error); };
    const auto started = parts_.downloads.start(reply.request_id(), request, on_chunk, on_failed);
    if (!started.ok()) answer(reply, started);
}

void LinkServer::epoch(const v1::EpochRequest& request, const link::Reply& reply) {
    spool::PublicKey key;
    if (request.epoch() == 0 || request.public_key().size() != key.size())
        return answer(reply, Error{ErrorCode::invalid_argument, "epoch request"});
    std::copy_n(as_bytes(request.public_key()).begin(), key.size(), key.begin());
    parts_.intake.set_epoch(request.epoch(), key, request.committed(),
                            [&network = parts_.network, reply](const Result<void>& result) {
                                if (result.ok())
                                    network.post(
                                        [](Station& station) { station.keys.vault_open(true); });
                                answer(reply, result);
                            });
}

void LinkServer::leave_keys(const v1::LeaveKeysRequest& request, const link::Reply& reply) {
    const v1::IdentityKind identity = request.identity();
    if (identity != v1::IDENTITY_KIND_ACI && identity != v1::IDENTITY_KIND_PNI)
        return answer(reply, Error{ErrorCode::invalid_argument, "leave keys"});
    ReadyKeys& keys = parts_.ready_keys;
    if (request.replace())
        if (const auto cleared = keys.clear(identity); !cleared.ok()) return answer(reply, cleared);
    if (!request.body().empty())
        if (const auto added = keys.add(identity, as_bytes(request.body())); !added.ok())
            return answer(reply, added);
    link::Frame frame;
    frame.mutable_keys_left()->set_uploads(static_cast<std::uint32_t>(keys.count(identity)));
    static_cast<void>(reply.send(std::move(frame)).ok());
}

}  // namespace nacre::courier
