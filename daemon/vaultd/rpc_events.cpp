// EventsService: the event log from a cursor on, then what comes.
#include "daemon/vaultd/reader.h"
#include "daemon/vaultd/rpc.h"
#include "daemon/vaultd/serve.h"
#include "nacre/v1/events.grpc.pb.h"
#include "vault/event_store.h"

namespace nacre::vaultd {
namespace {

constexpr std::uint32_t kBatch = 256;

void present(const vault::EventRow& row, v1::Event& out) {
    out.set_sequence(row.sequence);
    out.set_at(row.at_ms);
    out.set_kind(static_cast<v1::Event::Kind>(row.kind));
    if (row.conversation) out.set_conversation_id(row.conversation->text());
    if (row.message) out.set_message_id(row.message->text());
    if (row.gap) {
        out.set_first_lost(row.gap->first);
        out.set_last_lost(row.gap->last);
    }
    if (row.recipient) out.set_recipient_id(row.recipient->text());
}

class EventsService final
    : public v1::EventsService::WithCallbackMethod_WatchEvents<v1::EventsService::Service> {
public:
    explicit EventsService(RpcContext& context) : context_{context} {}

    grpc::ServerWriteReactor<v1::Event>* WatchEvents(
        grpc::CallbackServerContext* call, const v1::WatchEventsRequest* request) override {
        return serve_stream<v1::Event>(
            context_.gate, "nacre.v1.EventsService/WatchEvents", *call,
            [this, request = *request](const Caller&, auto& stream) {
                return watch_events(request, stream);
            });
    }

private:
    Result<void> watch_events(const v1::WatchEventsRequest& request,
                              ReplyStream<v1::Event>& stream) {
        std::uint64_t after = request.after();
        if (request.from_now()) after = NACRE_TRY(last_sequence());
        // The client may rely on it: what happens after it has the headers, it gets.
        NACRE_TRY(stream.send_headers());
        const std::stop_token stop = stream.stop_token();
        while (!stop.stop_requested()) {
            const auto rows = NACRE_TRY(list_after(after));
            for (const vault::EventRow& row : rows) {
                v1::Event event;
                present(row, event);
                NACRE_TRY(stream.send(event));
                after = row.sequence;
            }
            // No reader is held here: the vault must be able to close.
            if (rows.empty()) context_.operations.wait_event(after, stop);
        }
        return Error{ErrorCode::canceled, "watch"};
    }

    Result<std::uint64_t> last_sequence() {
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        return vault::EventStore{reader.database()}.last_sequence();
    }

    Result<std::vector<vault::EventRow>> list_after(std::uint64_t after) {
        Reader reader = NACRE_TRY(Reader::open(context_.operations));
        return vault::EventStore{reader.database()}.list(after, kBatch);
    }

    RpcContext& context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_events_service(RpcContext& context) {
    return std::make_unique<EventsService>(context);
}

}  // namespace nacre::vaultd
