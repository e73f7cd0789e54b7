#include "daemon/vaultd/contact_blob.h"

#include <google/protobuf/io/coded_stream.h>

#include "daemon/libsignal/service_id.h"
#include "signal/signal.pb.h"

namespace nacre::vaultd {
namespace {

// The ACI in its binary or, from older primaries, its text form; empty when neither is right.
Bytes read_aci(const wire::ContactDetails& details) {
    if (details.aci_binary().size() == 16) return to_bytes(details.aci_binary());
    const auto parsed = signal::ServiceId::parse(details.aci());
    if (!parsed || parsed->kind != signal::ServiceId::Kind::aci) return {};
    return {parsed->uuid.begin(), parsed->uuid.end()};
}

}  // namespace

Result<std::vector<ContactEntry>> parse_contact_blob(ByteView blob) {
    google::protobuf::io::CodedInputStream input{blob.data(), static_cast<int>(blob.size())};
    std::vector<ContactEntry> contacts;
    while (input.CurrentPosition() < static_cast<int>(blob.size())) {
        std::uint32_t length = 0;
        if (!input.ReadVarint32(&length) || length > blob.size() - input.CurrentPosition())
            return Error{ErrorCode::bad_message, "contact blob length"};
        wire::ContactDetails details;
        const int position = input.CurrentPosition();
        if (!details.ParseFromArray(blob.data() + position, static_cast<int>(length)))
            return Error{ErrorCode::bad_message, "contact blob entry"};
        const std::uint64_t avatar = details.avatar().length();
        if (avatar > blob.size() - position - length)
            return Error{ErrorCode::bad_message, "contact blob avatar"};
        input.Skip(static_cast<int>(length + avatar));
        contacts.push_back({read_aci(details), details.number(), details.name(),
                            details.expire_timer(), details.expire_timer_version()});
    }
    return contacts;
}

}  // namespace nacre::vaultd
