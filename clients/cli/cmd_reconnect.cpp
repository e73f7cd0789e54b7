// nacre reconnect: takes the connection back that another one took over.
#include "clients/cli/commands.h"
#include "nacre/v1/vault.grpc.pb.h"

namespace nacre::cli {

ExitCode cmd_reconnect(Session& session) {
    v1::ReconnectResponse reply;
    const auto call = session.channel().call();
    const grpc::Status done = session.stub<v1::VaultService>()->Reconnect(call.get(), {}, &reply);
    if (!done.ok()) return session.fail(done);
    if (session.output().json()) {
        JsonObject object;
        session.output().object(object.add("state", "reconnecting"));
    } else {
        session.output().line("Connecting again; see 'nacre status'.");
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
