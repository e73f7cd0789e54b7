#include "daemon/courier/courier.h"

#include <curl/curl.h>
#include <sodium.h>

#include <utility>

#include "api/base/log.h"
#include "daemon/config/wire_environment.h"
#include "daemon/courier/outward.h"

namespace nacre::courier {
namespace {

// For `systemctl status`.
Literal connection_text(v1::ConnectionStatus::State state) {
    switch (state) {
        case v1::ConnectionStatus::STATE_NO_LOGIN: return "No login yet: link, or unlock the vault";
        case v1::ConnectionStatus::STATE_CONNECTING: return "Connecting";
        case v1::ConnectionStatus::STATE_CONNECTED: return "Connected";
        case v1::ConnectionStatus::STATE_CONNECTED_ELSEWHERE:
            return "Taken over by another connection";
        case v1::ConnectionStatus::STATE_UNLINKED: return "The phone removed this device";
        case v1::ConnectionStatus::STATE_ENVIRONMENT_CHANGED:
            return "Stopped: other servers than those of the link";
        case v1::ConnectionStatus::STATE_CLIENT_TOO_OLD: return "Refused: too old";
        default: return "Unknown";
    }
}

std::uint32_t random_below(std::uint32_t bound) { return randombytes_uniform(bound); }

}  // namespace

Courier::Courier(const config::Config& config, daemon::Supervision& supervision, StateFolder state)
    : supervision_{supervision},
      state_{std::move(state)},
      logins_{supervision, config::wire_environment(config), state_} {}

Result<std::unique_ptr<Courier>> Courier::start(const config::Config& config, Options options,
                                                daemon::Supervision& supervision,
                                                daemon::Descriptor kept_login) {
    if (sodium_init() < 0) return Error{ErrorCode::internal, "sodium_init"};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return Error{ErrorCode::internal, "curl_global_init"};
    StateFolder state = NACRE_TRY(StateFolder::open(options.state));
    std::unique_ptr<Courier> made{new Courier{config, supervision, std::move(state)}};
    NACRE_TRY(made->open(config, options));
    made->resume(std::move(kept_login), options.credential);
    return made;
}

Result<void> Courier::open(const config::Config& config, const Options& options) {
    const auto outward = NACRE_TRY(network_options(config));
    halted_at_start_ = NACRE_TRY(load_halt(state_));
    SpoolLimits limits;
    limits.most_bytes = config.spool.max_mib << 20;
    limits.most_records = config.spool.max_envelopes;
    spool_ = NACRE_TRY(Spool::open(state_, limits));
    ready_keys_ = NACRE_TRY(ReadyKeys::open(state_));
    feeder_ = std::make_unique<Feeder>(*spool_, options.confined);
    downloads_ = std::make_unique<Downloads>(config);
    second_opinion_ = std::make_unique<SecondOpinion>(config);
    intake_ = std::make_unique<Intake>(*spool_, intake_events());
    network_ = NACRE_TRY(NetworkThread::start(
        options.addon, outward, [this](Loop& loop, Dialer& dialer) {
            std::unique_ptr<Station> station{
                new Station{Chat{loop, dialer, system_clock(), random_below, chat_events()},
                            Unauthenticated{loop, dialer}, Provisioning{loop, dialer},
                            KeyWatch{*ready_keys_}}};
            beat(loop);
            station->keys.begin([chat = &station->chat](const signal::Request& request,
                                                        signal::OnResponse done) {
                chat->send(request, std::move(done));
            });
            return station;
        }));
    server_ = std::make_unique<LinkServer>(
        LinkParts{*network_, *intake_, *feeder_, *downloads_, logins_,
                  *ready_keys_}, options.link_lost);
    return {};
}

Courier::~Courier() {
    server_.reset();
    // The thread ends first, the object that the others post to last.
    if (network_) network_->stop();
    second_opinion_.reset();
    intake_.reset();
}

// The network is there before the first envelope is, and gone after the last.
IntakeEvents Courier::intake_events() {
    IntakeEvents events;
    events.durable = [this](std::uint64_t ticket) {
        network_->post([ticket](Station& station) {
            station.chat.acknowledge(ticket);
            station.keys.durable(ticket);
        });
    };
    events.grown = [this] { feeder_->grown(); };
    events.report = [this](const SpoolReport& report) { feeder_->set_spool(report); };
    events.overflow = [this] {
        network_->post([](Station& station) {
            station.chat.pause(Error{ErrorCode::resource_exhausted, "too much waits for the disk"});
        });
    };
    return events;
}

ChatEvents Courier::chat_events() {
    ChatEvents events;
    events.envelope = [this](std::uint64_t ticket, Envelope envelope) {
        intake_->offer(ticket, std::move(envelope));
    };
    events.queue_empty = [this] { intake_->queue_empty(); };
    events.interrupted = [this] { intake_->withdraw(); };
    events.status = [this](const v1::ConnectionStatus& status) {
        feeder_->set_connection(status);
        (void)supervision_.status(connection_text(status.state()));
        const bool up = status.state() == v1::ConnectionStatus::STATE_CONNECTED;
        network_->post([up](Station& station) { station.keys.connected(up); });
    };
    events.doubt = [this](const signal::Login& login, std::uint64_t generation) {
        second_opinion_->ask(login, [this, generation](bool known) {
            network_->post(
                [generation, known](Station& station) { station.chat.heard(generation, known); });
        });
    };
    events.halted = [this](const Halted& now) { halted(now); };
    return events;
}

// To systemd, from the loop that receives, as long as that turns.
void Courier::beat(Loop& loop) {
    const auto interval = supervision_.watchdog();
    if (!interval) return;
    (void)supervision_.alive();
    loop.after(*interval, [this, &loop] { beat(loop); });
}

void Courier::halted(const Halted& now) {
    if (now.halt == Halt::unlinked) {
        logins_.forget();
        // They belong to the device that was.
        for (const auto identity : {v1::IDENTITY_KIND_ACI, v1::IDENTITY_KIND_PNI})
            static_cast<void>(ready_keys_->clear(identity).ok());
    }
    if (const auto stored = store_halt(state_, now); !stored.ok())
        log::write(log::Level::error, "cannot remember why not to connect", stored.error());
}

void Courier::resume(daemon::Descriptor kept_login, const Result<DeviceLogin>& credential) {
    network_->post([halted = halted_at_start_](Station& station) { station.chat.resume(halted); });
    if (!credential.ok() && credential.error().code != ErrorCode::not_found)
        log::write(log::Level::error, "login credential ignored", credential.error());
    const auto report = [this](LoginKeeper::Credential worth) { feeder_->set_credential(worth); };
    const auto worth = logins_.judge(credential, report);
    report(worth);
    if (kept_login) {
        const auto login = read_login(kept_login.get());
        if (login.ok()) return use(*login);
        log::write(log::Level::warning, "kept login ignored", login.error());
    }
    if (worth == v1::ConnectionStatus::CREDENTIAL_OTHER_LOGIN)
        log::write(log::Level::warning, "login credential ignored: it is not the vault's last login");
    // For other servers: that is shown, as with a kept one.
    if (worth == v1::ConnectionStatus::CREDENTIAL_GOOD ||
        worth == v1::ConnectionStatus::CREDENTIAL_OTHER_SERVERS)
        use(*credential);
}

void Courier::use(const DeviceLogin& login) {
    network_->post([login, fits = logins_.fits(login)](Station& station) {
        station.chat.login(login, fits);
    });
}

}  // namespace nacre::courier
