// nacre lock: ends the process that holds the keys, and waits for the locked one.
#include <poll.h>

#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "nacre/v1/vault.grpc.pb.h"

namespace nacre::cli {
namespace {

using Status = v1::GetStatusResponse;

// The new process answers on the same socket; until then the old one may, or nobody.
constexpr int kTries = 100;
constexpr int kPauseMs = 50;

}  // namespace

bool wait_until_locked(const Session& session) {
    for (int i = 0; i < kTries; ++i) {
        auto channel = client::Channel::open(session.places().api_socket, {});
        if (channel.ok()) {
            Status status;
            const auto call = channel->call(std::chrono::seconds{2});
            const auto stub = v1::VaultService::NewStub(channel->grpc());
            const bool answered = stub->GetStatus(call.get(), {}, &status).ok();
            if (answered && status.vault() == Status::VAULT_STATE_LOCKED) return true;
        }
        poll(nullptr, 0, kPauseMs);
    }
    return false;
}

ExitCode cmd_lock(Session& session) {
    v1::LockResponse reply;
    const auto call = session.channel().call();
    const grpc::Status done = session.stub<v1::VaultService>()->Lock(call.get(), {}, &reply);
    const ErrorCode code = done.ok() ? ErrorCode::unavailable : api::from_status(done);
    if (code == ErrorCode::vault_locked) {
        session.output().note("The vault was locked already.");
    } else if (code != ErrorCode::unavailable && code != ErrorCode::canceled) {
        return session.fail(done);
    } else if (!wait_until_locked(session)) {
        // A process that ends may take its answer with it; that none comes back is another matter.
        return session.fail(ErrorCode::timed_out,
                            "Locking was asked for, but no locked daemon answers: see its journal.");
    }
    if (session.output().json()) {
        JsonObject object;
        session.output().object(object.add("state", "locked"));
    } else {
        session.output().line("The vault is locked.");
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
