// VaultService: the states of the vault, and the ways between them.
#include <mutex>

#include "api/base/version.h"
#include "daemon/vaultd/content.h"
#include "daemon/vaultd/reader.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/vault.grpc.pb.h"
#include "vault/account_store.h"
#include "vault/message_store.h"
#include "vault/outbox_store.h"
#include "vault/quarantine_store.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kMaxClientName = 64;

Result<void> check_client_name(const std::string& name) {
    if (name.size() > kMaxClientName) return Error{ErrorCode::invalid_argument, "client name"};
    return {};
}

// A stream's first reply, then the passphrase over the other socket.
template <class Reply>
Result<Passphrase> ask_passphrase(SecretSocket& secrets, ReplyStream<Reply>& stream) {
    SecretSocket::Ticket ticket = NACRE_TRY(secrets.issue());
    Reply reply;
    reply.set_ticket(ticket.bytes().data(), ticket.bytes().size());
    NACRE_TRY(stream.send(reply));
    return ticket.wait(stream.stop_token());
}

// Progress is for whoever watches; the work goes on when nobody does.
template <class Reply>
Operations::Progress progress_to(ReplyStream<Reply>& stream) {
    return [&stream](Literal sentence) {
        Reply reply;
        reply.set_progress(sentence.c_str());
        (void)stream.send(reply);
    };
}

using ServiceBase = v1::VaultService::WithCallbackMethod_CreateVault<
    v1::VaultService::WithCallbackMethod_Unlock<v1::VaultService::Service>>;

void set_sandbox(const sandbox::InForce& in_force, v1::Sandbox& out) {
    out.set_filter(static_cast<v1::Sandbox::Filter>(in_force.filter));
    out.set_landlock(static_cast<std::uint32_t>(in_force.landlock));
    out.set_refuses_written_code(in_force.refuses_written_code);
    out.set_hides_buses(in_force.hides_buses);
}

v1::GetStatusResponse::Memory memory_of(sandbox::MemoryLock lock) {
    switch (lock) {
        case sandbox::MemoryLock::all: return v1::GetStatusResponse::MEMORY_LOCKED;
        case sandbox::MemoryLock::arena_only: return v1::GetStatusResponse::MEMORY_KEYS_LOCKED;
        default: return v1::GetStatusResponse::MEMORY_NOT_LOCKED;
    }
}

class VaultService final : public ServiceBase {
public:
    explicit VaultService(RpcContext& context) : context_{context} {}

    grpc::Status GetStatus(grpc::ServerContext* call, const v1::GetStatusRequest*,
                           v1::GetStatusResponse* reply) override {
        return serve(context_.gate, "nacre.v1.VaultService/GetStatus", *call,
                     [&](const Caller& caller) { return get_status(caller, *reply); });
    }

    grpc::ServerWriteReactor<v1::CreateVaultResponse>* CreateVault(
        grpc::CallbackServerContext* call, const v1::CreateVaultRequest* request) override {
        return serve_stream<v1::CreateVaultResponse>(
            context_.gate, "nacre.v1.VaultService/CreateVault", *call,
            [this, name = request->client_name()](const Caller&, auto& stream) {
                return create_vault(name, stream);
            });
    }

    grpc::ServerWriteReactor<v1::UnlockResponse>* Unlock(
        grpc::CallbackServerContext* call, const v1::UnlockRequest* request) override {
        return serve_stream<v1::UnlockResponse>(
            context_.gate, "nacre.v1.VaultService/Unlock", *call,
            [this, request = *request](const Caller&, auto& stream) {
                return unlock(request, stream);
            });
    }

    grpc::Status Lock(grpc::ServerContext* call, const v1::LockRequest*,
                      v1::LockResponse*) override {
        return serve(context_.gate, "nacre.v1.VaultService/Lock", *call,
                     [&](const Caller&) { return context_.operations.lock(); });
    }

    grpc::Status Panic(grpc::ServerContext* call, const v1::PanicRequest*,
                       v1::PanicResponse* reply) override {
        return serve(context_.gate, "nacre.v1.VaultService/Panic", *call,
                     [&](const Caller&) -> Result<void> {
                         reply->set_slots_destroyed(NACRE_TRY(context_.operations.panic()));
                         return {};
                     });
    }

    grpc::Status AcceptEnvironment(grpc::ServerContext* call, const v1::AcceptEnvironmentRequest*,
                                   v1::AcceptEnvironmentResponse*) override {
        return serve(context_.gate, "nacre.v1.VaultService/AcceptEnvironment", *call,
                     [&](const Caller&) { return context_.operations.accept_environment(); });
    }

    grpc::Status Reconnect(grpc::ServerContext* call, const v1::ReconnectRequest*,
                           v1::ReconnectResponse*) override {
        return serve(context_.gate, "nacre.v1.VaultService/Reconnect", *call,
                     [&](const Caller&) { return context_.operations.reconnect(); });
    }

private:
    Result<void> get_status(const Caller& caller, v1::GetStatusResponse& reply) {
        const DaemonStatus status = context_.operations.status();
        const VaultState state = context_.operations.vault_state();
        reply.set_vault(static_cast<v1::GetStatusResponse::VaultState>(state));
        if (state == VaultState::unusable && status.vault_problem) {
            reply.set_problem(std::string{api::reason(*status.vault_problem)});
        }
        if (status.waiting_envelopes) reply.set_waiting_envelopes(*status.waiting_envelopes);
        reply.set_connection(static_cast<v1::GetStatusResponse::Connection>(status.connection));
        reply.set_version(std::string{version()});
        reply.set_draining(status.draining);
        reply.set_spool_problem(status.spool_problem);
        reply.set_wait_seconds(context_.operations.wait_seconds());
        reply.set_memory(memory_of(status.memory.lock));
        reply.set_free_memory(
            static_cast<v1::GetStatusResponse::FreeMemory>(status.overwritten.state));
        reply.set_free_memory_percent(status.overwritten.percent);
        reply.set_plain_swap(status.memory.swap == sandbox::Swap::plain);
        reply.set_spool_full(status.spool_full);
        reply.set_login_credential(
            static_cast<v1::GetStatusResponse::LoginCredential>(status.login_credential));
        set_sandbox(status.vault_sandbox, *reply.mutable_vault_sandbox());
        if (status.courier_sandbox)
            set_sandbox(*status.courier_sandbox, *reply.mutable_courier_sandbox());
        if (state != VaultState::unlocked || !caller.scopes.has(vault::Scope::read)) return {};
        for (const std::string& alert : status.alerts) reply.add_alerts(alert);
        for (const LockTrigger& trigger : status.lock_triggers) {
            v1::LockTrigger& added = *reply.add_lock_triggers();
            added.set_name(std::string{trigger.name});
            added.set_delay_seconds(trigger.delay_seconds);
        }
        const Result<void> account = get_account(reply);
        // It may be locked between the two; the reply is right for a moment ago.
        if (!account.ok() && account.error().code == ErrorCode::vault_locked) return {};
        return account;
    }

    Result<void> get_account(v1::GetStatusResponse& reply) {
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        vault::AccountStore accounts{reader.database()};
        const vault::LinkState link = NACRE_TRY(accounts.link_state());
        reply.set_account(static_cast<v1::GetStatusResponse::AccountState>(link));
        if (link != vault::LinkState::not_linked) {
            const auto account = NACRE_TRY(accounts.account());
            if (account) {
                reply.set_number(account->number);
                reply.set_aci(vault::uuid_text(account->aci));
                reply.set_device_id(account->device_id);
            }
        }
        const auto lost = NACRE_TRY(accounts.meta_number(kSpoolLost));
        reply.set_lost_envelopes(static_cast<std::uint64_t>(lost.value_or(0)));
        reply.set_possible_orphan_device(NACRE_TRY(accounts.possible_orphan()));
        reply.set_messages(NACRE_TRY(vault::MessageStore{reader.database()}.count()));
        reply.set_outbox(NACRE_TRY(vault::OutboxStore{reader.database()}.count()));
        reply.set_quarantined(NACRE_TRY(vault::QuarantineStore{reader.database()}.count()));
        return {};
    }

    Result<void> create_vault(const std::string& name,
                              ReplyStream<v1::CreateVaultResponse>& stream) {
        if (name.empty()) return Error{ErrorCode::invalid_argument, "client name"};
        NACRE_TRY(check_client_name(name));
        const Passphrase passphrase = NACRE_TRY(ask_passphrase(context_.secrets, stream));
        const std::lock_guard one_at_a_time{attempts_};
        const auto made = NACRE_TRY(
            context_.operations.create_vault(passphrase, name,
                                             progress_to<v1::CreateVaultResponse>(stream)));
        context_.on_unlocked();
        v1::CreateVaultResponse reply;
        v1::VaultCreated& created = *reply.mutable_created();
        created.set_token(made.token);
        created.set_kdf_memory_mib(made.kdf_memory_mib);
        created.set_kdf_passes(made.kdf_passes);
        return stream.send(reply);
    }

    Result<void> unlock(const v1::UnlockRequest& request,
                        ReplyStream<v1::UnlockResponse>& stream) {
        NACRE_TRY(check_client_name(request.client_name()));
        if (is_open()) return open_already(request, stream);
        // Before anybody types for nothing.
        if (context_.operations.wait_seconds() > 0) {
            return Error{ErrorCode::rate_limited, "unlock: too soon"};
        }
        const Passphrase passphrase = NACRE_TRY(ask_passphrase(context_.secrets, stream));
        const std::lock_guard one_at_a_time{attempts_};
        // Somebody else's passphrase may have opened it while this one waited.
        if (is_open()) return open_already(request, stream);
        const auto done = NACRE_TRY(
            context_.operations.unlock(passphrase, request.accept_older_header(),
                                       progress_to<v1::UnlockResponse>(stream)));
        context_.on_unlocked();
        std::string token;
        if (!request.client_name().empty()) {
            token = NACRE_TRY(context_.operations.new_token(request.client_name()));
            context_.gate.forget_tokens();
        }
        return unlocked(done.waiting_envelopes, token, stream);
    }

    bool is_open() { return context_.operations.vault_state() == VaultState::unlocked; }

    // Nothing to try a passphrase on. That the vault is open, GetStatus says to anyone; a token must
    // not be had for a passphrase that nobody has checked.
    Result<void> open_already(const v1::UnlockRequest& request,
                              ReplyStream<v1::UnlockResponse>& stream) {
        if (!request.client_name().empty()) return Error{ErrorCode::permission_denied, "unlock"};
        return unlocked(context_.operations.status().waiting_envelopes, {}, stream);
    }

    static Result<void> unlocked(std::optional<std::uint64_t> waiting, const std::string& token,
                                 ReplyStream<v1::UnlockResponse>& stream) {
        v1::UnlockResponse reply;
        if (waiting) reply.mutable_unlocked()->set_waiting_envelopes(*waiting);
        reply.mutable_unlocked()->set_token(token);
        return stream.send(reply);
    }

    RpcContext& context_;
    std::mutex attempts_;  // each takes all the memory Argon2 may have
};

}  // namespace

std::unique_ptr<grpc::Service> make_vault_service(RpcContext& context) {
    return std::make_unique<VaultService>(context);
}

}  // namespace nacre::vaultd
