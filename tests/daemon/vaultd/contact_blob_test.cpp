#include "daemon/vaultd/contact_blob.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <catch2/catch_test_macros.hpp>

#include "signal/signal.pb.h"
#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::vaultd;
using nacre::tests::FailsWith;

namespace {

void add(std::string& blob, const wire::ContactDetails& details, std::string_view avatar = {}) {
    google::protobuf::io::StringOutputStream stream{&blob};
    google::protobuf::io::CodedOutputStream out{&stream};
    out.WriteVarint32(static_cast<std::uint32_t>(details.ByteSizeLong()));
    out.WriteString(details.SerializeAsString());
    out.WriteString(std::string{avatar});
}

wire::ContactDetails contact(std::string_view name) {
    wire::ContactDetails details;
    details.set_name(std::string{name});
    details.set_number("+15550002");
    details.set_aci_binary(std::string(16, '\7'));
    return details;
}

}  // namespace

TEST_CASE("contact blob: entries with and without avatars, ids in both forms", "[vaultd][contact_blob]") {
    std::string blob;
    wire::ContactDetails with_avatar = contact("Ada");
    with_avatar.mutable_avatar()->set_length(5);
    add(blob, with_avatar, "12345");
    wire::ContactDetails text_id = contact("Bea");
    text_id.clear_aci_binary();
    text_id.set_aci("00010203-0405-0607-0809-0A0B0C0D0E0F");
    text_id.set_expire_timer(60);
    add(blob, text_id);
    const auto contacts = parse_contact_blob(as_bytes(blob));
    REQUIRE(contacts.ok());
    REQUIRE(contacts->size() == 2);
    CHECK(contacts->at(0).name == "Ada");
    CHECK(contacts->at(0).aci == Bytes(16, 7));
    CHECK(to_hex(contacts->at(1).aci) == "000102030405060708090a0b0c0d0e0f");
    CHECK(contacts->at(1).expire_timer_s == 60);
}

TEST_CASE("contact blob: an empty one has no contacts", "[vaultd][contact_blob]") {
    CHECK(parse_contact_blob({}).value().empty());
}

TEST_CASE("contact blob: cut anywhere, nothing of it is kept", "[vaultd][contact_blob]") {
    std::string blob;
    wire::ContactDetails details = contact("Ada");
    details.mutable_avatar()->set_length(3);
    add(blob, details, "abc");
    for (std::size_t length = 1; length < blob.size(); ++length) {
        CAPTURE(length);
        CHECK_THAT(parse_contact_blob(as_bytes(blob.substr(0, length))), FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("contact blob: lengths beyond the end are refused", "[vaultd][contact_blob]") {
    CHECK_THAT(parse_contact_blob(as_bytes("\xff\xff\xff\xff\x0f")), FailsWith(ErrorCode::bad_message));
    std::string blob;
    wire::ContactDetails details = contact("Ada");
    details.mutable_avatar()->set_length(0xffffffff);
    add(blob, details);
    CHECK_THAT(parse_contact_blob(as_bytes(blob)), FailsWith(ErrorCode::bad_message));
}
