// SlotsService: the ways into the vault. Every change is preceded by one secret that opens it.
#include "api/base/clock.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/secret_call.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/slots.grpc.pb.h"
#include "vault/client_store.h"

namespace nacre::vaultd {
namespace {

constexpr std::uint32_t kLeastTargetMs = 50;
constexpr std::uint32_t kMostTargetMs = 10'000;

static_assert(v1::Slot::TYPE_DURESS == static_cast<int>(vault::SlotType::duress));
static_assert(v1::Slot::TYPE_DURESS == vault::kNewestSlotType);

std::int64_t now_ms() { return system_clock().wall_ms(); }

using ServiceBase = v1::SlotsService::WithCallbackMethod_AddSlot<
    v1::SlotsService::WithCallbackMethod_RemoveSlot<
        v1::SlotsService::WithCallbackMethod_RotateSlot<
            v1::SlotsService::WithCallbackMethod_TestSlot<
                v1::SlotsService::WithCallbackMethod_CalibrateSlots<v1::SlotsService::Service>>>>>;

class SlotsService final : public ServiceBase {
public:
    explicit SlotsService(RpcContext& context) : context_{context} {}

    grpc::Status ListSlots(grpc::ServerContext* call, const v1::ListSlotsRequest*,
                           v1::ListSlotsResponse* reply) override {
        return serve(context_.gate, "nacre.v1.SlotsService/ListSlots", *call,
                     [&](const Caller&) { return list(*reply); });
    }

    grpc::ServerWriteReactor<v1::AddSlotResponse>* AddSlot(
        grpc::CallbackServerContext* call, const v1::AddSlotRequest* request) override {
        return serve_stream<v1::AddSlotResponse>(
            context_.gate, "nacre.v1.SlotsService/AddSlot", *call,
            [this, request = *request, token = token_of(*call)](const Caller&, auto& stream) {
                return add(request, token, stream);
            });
    }

    grpc::ServerWriteReactor<v1::RemoveSlotResponse>* RemoveSlot(
        grpc::CallbackServerContext* call, const v1::RemoveSlotRequest* request) override {
        return serve_stream<v1::RemoveSlotResponse>(
            context_.gate, "nacre.v1.SlotsService/RemoveSlot", *call,
            [this, request = *request](const Caller&, auto& stream) {
                return remove(request, stream);
            });
    }

    grpc::ServerWriteReactor<v1::RotateSlotResponse>* RotateSlot(
        grpc::CallbackServerContext* call, const v1::RotateSlotRequest* request) override {
        return serve_stream<v1::RotateSlotResponse>(
            context_.gate, "nacre.v1.SlotsService/RotateSlot", *call,
            [this, request = *request](const Caller&, auto& stream) {
                return rotate(request, stream);
            });
    }

    grpc::ServerWriteReactor<v1::TestSlotResponse>* TestSlot(
        grpc::CallbackServerContext* call, const v1::TestSlotRequest*) override {
        return serve_stream<v1::TestSlotResponse>(
            context_.gate, "nacre.v1.SlotsService/TestSlot", *call,
            [this](const Caller&, auto& stream) { return test(stream); });
    }

    grpc::ServerWriteReactor<v1::CalibrateSlotsResponse>* CalibrateSlots(
        grpc::CallbackServerContext* call, const v1::CalibrateSlotsRequest* request) override {
        return serve_stream<v1::CalibrateSlotsResponse>(
            context_.gate, "nacre.v1.SlotsService/CalibrateSlots", *call,
            [this, target = request->target_ms()](const Caller&, auto& stream) {
                return calibrate(target, stream);
            });
    }

private:
    // The caller's, for the vault that a duress slot opens.
    static vault::TokenHash token_of(const grpc::CallbackServerContext& call) {
        return vault::hash_token(bearer_token(call.client_metadata())).value_or(vault::TokenHash{});
    }

    Result<std::shared_ptr<vault::Vault>> open_vault() const {
        auto vault = context_.operations.vault();
        if (vault == nullptr) return Error{ErrorCode::vault_locked, "slots"};
        return vault;
    }

    Result<void> list(v1::ListSlotsResponse& reply) const {
        const auto vault = NACRE_TRY(open_vault());
        for (const auto& slot : vault->slots()) fill(*reply.add_slots(), slot, vault->opened_slot());
        const vault::KdfParameters kdf = vault->kdf();
        reply.set_kdf_memory_mib(kdf.memory_kib / 1024);
        reply.set_kdf_passes(kdf.passes);
        reply.set_kdf_lanes(kdf.lanes);
        return {};
    }

    Result<vault::SlotInfo> find(std::size_t number) const {
        const auto vault = NACRE_TRY(open_vault());
        for (const auto& slot : vault->slots()) {
            if (slot.number == number) return slot;
        }
        return Error{ErrorCode::not_found, "slot"};
    }

    Result<void> send_slot(std::size_t number, v1::Slot& out) const {
        fill(out, NACRE_TRY(find(number)), NACRE_TRY(open_vault())->opened_slot());
        return {};
    }

    Result<void> add(const v1::AddSlotRequest& request, const vault::TokenHash& token,
                     ReplyStream<v1::AddSlotResponse>& stream) {
        const bool known = request.type() >= v1::Slot::TYPE_PASSPHRASE &&
                           request.type() <= v1::Slot::TYPE_DURESS;
        if (!known || request.label().size() > vault::kMostLabelBytes) {
            return Error{ErrorCode::invalid_argument, "slot's type or label"};
        }
        vault::NewSlot slot{static_cast<vault::SlotType>(request.type()), request.label(), now_ms(),
                            {}};
        if (slot.type == vault::SlotType::duress) slot.token = token;
        SecretCall call{context_, stream};
        NACRE_TRY(call.ask_current());
        const Passphrase secret = NACRE_TRY(call.ask(v1::SecretNeeded::WHICH_NEW));
        call.tell("Deriving the slot's key");
        const auto change = NACRE_TRY(context_.operations.change_slots(
            [&](const vault::Vault& vault) { return vault.add_slot(slot, secret); }));
        v1::AddSlotResponse reply;
        NACRE_TRY(send_slot(change.number, *reply.mutable_added()));
        return stream.send(reply);
    }

    // Whether a slot may go is judged before anybody is asked for anything.
    Result<void> check_removable(std::size_t number) const {
        NACRE_TRY(NACRE_TRY(open_vault())->remove_slot(number));
        return {};
    }

    Result<void> remove(const v1::RemoveSlotRequest& request,
                        ReplyStream<v1::RemoveSlotResponse>& stream) {
        NACRE_TRY(check_removable(request.number()));
        SecretCall call{context_, stream};
        NACRE_TRY(call.ask_current());
        if (request.rekey()) return remove_and_rekey(request.number(), stream);
        NACRE_TRY(context_.operations.change_slots([&](const vault::Vault& vault) {
            return vault.remove_slot(request.number());
        }));
        v1::RemoveSlotResponse reply;
        reply.mutable_removed();
        return stream.send(reply);
    }

    Result<void> remove_and_rekey(std::size_t number, ReplyStream<v1::RemoveSlotResponse>& stream) {
        const auto observer = [&stream](std::uint64_t done, std::uint64_t total) {
            v1::RemoveSlotResponse reply;
            reply.mutable_rekey()->set_done_pages(done);
            reply.mutable_rekey()->set_total_pages(total);
            (void)stream.send(reply);  // the work goes on when nobody watches
        };
        const auto rekeyed = context_.operations.rekey(number, observer);
        if (rekeyed.outcome.ok()) {
            v1::RemoveSlotResponse reply;
            reply.mutable_removed()->set_locked(true);
            (void)stream.send(reply);
        }
        if (rekeyed.must_lock) (void)context_.operations.lock();
        return rekeyed.outcome;
    }

    Result<void> rotate(const v1::RotateSlotRequest& request,
                        ReplyStream<v1::RotateSlotResponse>& stream) {
        if (request.has_number()) NACRE_TRY(find(request.number()));
        SecretCall call{context_, stream};
        const auto current = NACRE_TRY(call.ask_current());
        const std::size_t number = request.has_number() ? request.number() : current.number;
        const auto slot = NACRE_TRY(find(number));
        const Passphrase secret = NACRE_TRY(call.ask(v1::SecretNeeded::WHICH_NEW, &slot));
        call.tell("Deriving the slot's key");
        NACRE_TRY(context_.operations.change_slots([&](const vault::Vault& vault) {
            return vault.rotate_slot(number, secret, now_ms());
        }));
        v1::RotateSlotResponse reply;
        NACRE_TRY(send_slot(number, *reply.mutable_rotated()));
        return stream.send(reply);
    }

    Result<void> test(ReplyStream<v1::TestSlotResponse>& stream) {
        SecretCall call{context_, stream};
        const auto slot = NACRE_TRY(call.ask_any());
        v1::TestSlotResponse reply;
        NACRE_TRY(send_slot(slot.number, *reply.mutable_opens()));
        return stream.send(reply);
    }

    Result<void> calibrate(std::uint32_t target_ms,
                           ReplyStream<v1::CalibrateSlotsResponse>& stream) {
        if (target_ms != 0 && (target_ms < kLeastTargetMs || target_ms > kMostTargetMs)) {
            return Error{ErrorCode::invalid_argument, "target time"};
        }
        SecretCall call{context_, stream};
        std::vector<Passphrase> secrets;
        for (const auto& slot : NACRE_TRY(open_vault())->slots()) {
            NACRE_TRY(call.no_wait());
            Passphrase secret = NACRE_TRY(call.ask(v1::SecretNeeded::WHICH_SLOT, &slot));
            call.tell("Trying the secret");
            const auto opened = NACRE_TRY(context_.operations.try_secret(secret));
            // Another slot's: right, but not what was asked for.
            if (opened.number != slot.number) {
                return Error{ErrorCode::wrong_passphrase, "show a slot's secret"};
            }
            secrets.push_back(std::move(secret));
        }
        call.tell("Measuring what this machine can do");
        const auto kdf = NACRE_TRY(vault::calibrate(target_ms));
        call.tell("Deriving the slots' keys");
        NACRE_TRY(context_.operations.change_slots(
            [&](const vault::Vault& vault) { return vault.set_costs(kdf, secrets); }));
        v1::CalibrateSlotsResponse reply;
        v1::SlotsCalibrated& done = *reply.mutable_calibrated();
        done.set_kdf_memory_mib(kdf.memory_kib / 1024);
        done.set_kdf_passes(kdf.passes);
        done.set_kdf_lanes(kdf.lanes);
        return stream.send(reply);
    }

    RpcContext& context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_slots_service(RpcContext& context) {
    return std::make_unique<SlotsService>(context);
}

}  // namespace nacre::vaultd
