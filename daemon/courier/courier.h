// Courier: the process put together: spool, connections, link.
//
// Layer:   daemon/courier.
// Secrets: see the parts.
// Errors:  start(): of the state folder, the addon and the configuration.
// Threads: one owner (main). Below it: the network thread, the intake's, the feeder's, the link's
//          two, and one for each download.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "daemon/courier/link_server.h"
#include "daemon/courier/second_opinion.h"
#include "sandbox/in_force.h"

namespace nacre::courier {

class Courier {
public:
    struct Options {
        std::filesystem::path state;
        std::filesystem::path addon;
        std::function<void()> link_lost = [] {};
        // The owner's; not_found: there is none.
        Result<DeviceLogin> credential = Error{ErrorCode::not_found, "login credential"};
        sandbox::InForce confined{};  // for the vault's status
    };

    // `kept_login`: the memfd from before, or empty; it is newer than the credential. Connects if
    // there is a login that may be used.
    static Result<std::unique_ptr<Courier>> start(const config::Config& config, Options options,
                                                  daemon::Supervision& supervision,
                                                  daemon::Descriptor kept_login);
    // Disconnects orderly, then ends every thread.
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    Result<void> accept(daemon::Descriptor link) { return server_->accept(std::move(link)); }

private:
    Courier(const config::Config& config, daemon::Supervision& supervision, StateFolder state);
    Result<void> open(const config::Config& config, const Options& options);
    IntakeEvents intake_events();
    ChatEvents chat_events();
    void halted(const Halted& halted);
    void resume(daemon::Descriptor kept_login, const Result<DeviceLogin>& credential);
    void use(const DeviceLogin& login);
    void beat(Loop& loop);

    daemon::Supervision& supervision_;
    StateFolder state_;
    LoginKeeper logins_;
    Halted halted_at_start_;
    std::unique_ptr<Spool> spool_;
    std::unique_ptr<ReadyKeys> ready_keys_;
    std::unique_ptr<Feeder> feeder_;
    std::unique_ptr<Downloads> downloads_;
    std::unique_ptr<Intake> intake_;
    std::unique_ptr<SecondOpinion> second_opinion_;
    std::unique_ptr<NetworkThread> network_;
    std::unique_ptr<LinkServer> server_;
};

}  // namespace nacre::courier
