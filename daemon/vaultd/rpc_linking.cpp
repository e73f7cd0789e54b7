// LinkingService: one stream, from the first QR code to the linked account; and the account's login,
// for whoever shows a secret that opens the vault: a stolen token must not become this device.
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/secret_call.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/linking.grpc.pb.h"

namespace nacre::vaultd {
namespace {

constexpr std::size_t kMaxDeviceName = 100;

using ServiceBase = v1::LinkingService::WithCallbackMethod_Link<
    v1::LinkingService::WithCallbackMethod_ExportLogin<v1::LinkingService::Service>>;

class LinkingService final : public ServiceBase {
public:
    explicit LinkingService(RpcContext& context) : context_{context} {}

    grpc::ServerWriteReactor<v1::LinkResponse>* Link(grpc::CallbackServerContext* call,
                                                     const v1::LinkRequest* request) override {
        return serve_stream<v1::LinkResponse>(
            context_.gate, "nacre.v1.LinkingService/Link", *call,
            [this, name = request->device_name()](const Caller&, auto& stream) {
                return link(name, stream);
            });
    }

    grpc::ServerWriteReactor<v1::ExportLoginResponse>* ExportLogin(
        grpc::CallbackServerContext* call, const v1::ExportLoginRequest*) override {
        return serve_stream<v1::ExportLoginResponse>(
            context_.gate, "nacre.v1.LinkingService/ExportLogin", *call,
            [this](const Caller&, auto& stream) { return export_login(stream); });
    }

private:
    Result<void> export_login(ReplyStream<v1::ExportLoginResponse>& stream) {
        SecretCall call{context_, stream};
        NACRE_TRY(call.ask_current());
        v1::ExportLoginResponse reply;
        reply.set_login(NACRE_TRY(context_.operations.export_login()));
        return stream.send(reply);
    }

    Result<void> link(const std::string& device_name, ReplyStream<v1::LinkResponse>& stream) {
        if (device_name.empty() || device_name.size() > kMaxDeviceName) {
            return Error{ErrorCode::invalid_argument, "device name"};
        }
        LinkObserver observer;
        observer.on_uri = [&stream](const std::string& uri) {
            v1::LinkResponse reply;
            reply.mutable_uri()->set_uri(uri);
            return stream.send(reply).ok();
        };
        observer.on_step = [&stream](LinkStep step) {
            v1::LinkResponse reply;
            reply.mutable_progress()->set_step(static_cast<v1::LinkProgress::Step>(step));
            return stream.send(reply).ok();
        };
        const LinkedAccount account =
            NACRE_TRY(context_.operations.link(device_name, observer, stream.stop_token()));
        v1::LinkResponse reply;
        v1::Linked& linked = *reply.mutable_linked();
        linked.set_number(account.number);
        linked.set_aci(account.aci);
        linked.set_device_id(account.device_id);
        return stream.send(reply);
    }

    RpcContext& context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_linking_service(RpcContext& context) {
    return std::make_unique<LinkingService>(context);
}

}  // namespace nacre::vaultd
