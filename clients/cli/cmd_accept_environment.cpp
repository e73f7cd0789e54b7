// nacre accept-environment: the configured servers replace those that were fixed at link time.
#include "clients/cli/commands.h"
#include "nacre/v1/vault.grpc.pb.h"

namespace nacre::cli {

ExitCode cmd_accept_environment(Session& session) {
    v1::AcceptEnvironmentResponse reply;
    const auto call = session.channel().call();
    const grpc::Status done =
        session.stub<v1::VaultService>()->AcceptEnvironment(call.get(), {}, &reply);
    if (!done.ok()) return session.fail(done);
    if (session.output().json()) {
        JsonObject object;
        session.output().object(object.add("state", "accepted"));
    } else {
        session.output().line("The configured servers are accepted for this vault.");
    }
    return ExitCode::success;
}

}  // namespace nacre::cli
