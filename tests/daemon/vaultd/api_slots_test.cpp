// Goal: slots change only for whoever shows a secret that opens the vault; secrets never stand in a
// message.
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <string>

#include "nacre/v1/slots.grpc.pb.h"
#include "tests/daemon/vaultd/api_fixture.h"

using namespace nacre;
using nacre::tests::ApiFixture;
using nacre::tests::code;

namespace {

constexpr char kFirst[] = "correct horse";

struct Slots {
    ApiFixture fixture;
    std::unique_ptr<v1::SlotsService::Stub> stub;

    Slots() {
        REQUIRE(fixture.create_vault(kFirst).ok());
        stub = v1::SlotsService::NewStub(fixture.channel);
    }

    // Answers each question for a secret with the next one; the last reply stays in `last`.
    template <class Reply>
    grpc::Status talk(std::unique_ptr<grpc::ClientReader<Reply>> stream,
                      std::deque<std::string> secrets, Reply& last) {
        Reply reply;
        while (stream->Read(&reply)) {
            if (reply.has_secret()) {
                REQUIRE_FALSE(secrets.empty());
                fixture.send_secret(reply.secret().ticket(), secrets.front());
                secrets.pop_front();
            }
            last = reply;
        }
        return stream->Finish();
    }

    grpc::Status add(v1::Slot::Type type, const std::string& label, std::deque<std::string> secrets,
                     v1::AddSlotResponse& last) {
        v1::AddSlotRequest request;
        request.set_type(type);
        request.set_label(label);
        const auto context = fixture.call();
        return talk(stub->AddSlot(context.get(), request), std::move(secrets), last);
    }

    grpc::Status add(v1::Slot::Type type, const std::string& label,
                     std::deque<std::string> secrets) {
        v1::AddSlotResponse last;
        return add(type, label, std::move(secrets), last);
    }

    v1::ListSlotsResponse list() {
        v1::ListSlotsResponse reply;
        const auto context = fixture.call();
        REQUIRE(stub->ListSlots(context.get(), {}, &reply).ok());
        return reply;
    }

    grpc::Status test(const std::string& secret, v1::TestSlotResponse& last) {
        const auto context = fixture.call();
        return talk(stub->TestSlot(context.get(), {}), {secret}, last);
    }

    grpc::Status remove(std::uint32_t number, bool rekey, std::deque<std::string> secrets,
                        v1::RemoveSlotResponse& last) {
        v1::RemoveSlotRequest request;
        request.set_number(number);
        request.set_rekey(rekey);
        const auto context = fixture.call();
        return talk(stub->RemoveSlot(context.get(), request), std::move(secrets), last);
    }
};

}  // namespace

TEST_CASE("api slots: added, listed, tested, removed", "[vaultd][api][rpc_slots]") {
    Slots slots;
    CHECK(slots.list().slots_size() == 1);
    CHECK(slots.list().slots(0).opened());
    v1::AddSlotResponse added;
    REQUIRE(slots.add(v1::Slot::TYPE_RECOVERY_KEY, "paper", {kFirst, "second"}, added).ok());
    CHECK(added.added().label() == "paper");
    CHECK_FALSE(added.added().opened());
    CHECK(slots.list().slots_size() == 2);
    v1::TestSlotResponse tested;
    REQUIRE(slots.test("second", tested).ok());
    CHECK(tested.opens().number() == added.added().number());
    CHECK(tested.opens().type() == v1::Slot::TYPE_RECOVERY_KEY);
    CHECK(code(slots.test("third", tested)) == ErrorCode::wrong_passphrase);
    v1::RemoveSlotResponse removed;
    REQUIRE(slots.remove(added.added().number(), false, {kFirst}, removed).ok());
    CHECK_FALSE(removed.removed().locked());
    CHECK(code(slots.test("second", tested)) == ErrorCode::wrong_passphrase);
    // Refused without asking for anything.
    CHECK(code(slots.remove(added.added().number(), false, {}, removed)) == ErrorCode::not_found);
    CHECK(code(slots.remove(slots.list().slots(0).number(), false, {}, removed)) ==
          ErrorCode::invalid_argument);
}

TEST_CASE("api slots: without a secret that opens the vault nothing changes",
          "[vaultd][api][rpc_slots]") {
    Slots slots;
    REQUIRE(slots.add(v1::Slot::TYPE_DURESS, "", {kFirst, "duress"}).ok());
    CHECK(code(slots.add(v1::Slot::TYPE_PASSPHRASE, "", {"wrong"})) == ErrorCode::wrong_passphrase);
    // One that destroys is no proof, and destroys nothing here.
    CHECK(code(slots.add(v1::Slot::TYPE_PASSPHRASE, "", {"duress"})) == ErrorCode::wrong_passphrase);
    CHECK(code(slots.add(v1::Slot::TYPE_UNSPECIFIED, "", {})) == ErrorCode::invalid_argument);
    CHECK(code(slots.add(v1::Slot::TYPE_PASSPHRASE, std::string(33, 'x'), {})) ==
          ErrorCode::invalid_argument);
    CHECK(code(slots.add(v1::Slot::TYPE_PASSPHRASE, "", {kFirst, kFirst})) ==
          ErrorCode::already_exists);
    CHECK(slots.list().slots_size() == 2);
    slots.fixture.operations.wait = 7;
    CHECK(code(slots.add(v1::Slot::TYPE_PASSPHRASE, "", {})) == ErrorCode::rate_limited);
    REQUIRE(slots.fixture.operations.lock().ok());
    CHECK(code(slots.fixture.unlock("x")) == ErrorCode::rate_limited);
}

TEST_CASE("api slots: a passphrase is changed by itself", "[vaultd][api][rpc_slots]") {
    Slots slots;
    v1::RotateSlotResponse rotated;
    const auto context = slots.fixture.call();
    REQUIRE(slots.talk(slots.stub->RotateSlot(context.get(), {}), {kFirst, "another"}, rotated).ok());
    CHECK(rotated.rotated().opened());
    REQUIRE(slots.fixture.operations.lock().ok());
    CHECK(code(slots.fixture.unlock(kFirst)) == ErrorCode::wrong_passphrase);
    REQUIRE(slots.fixture.unlock("another").ok());
}

TEST_CASE("api slots: calibrating asks for every slot's secret", "[vaultd][api][rpc_slots]") {
    Slots slots;
    REQUIRE(slots.add(v1::Slot::TYPE_PASSPHRASE, "b", {kFirst, "second"}).ok());
    const auto listed = slots.list();
    std::deque<std::string> in_order;
    for (const auto& slot : listed.slots()) in_order.push_back(slot.label() == "b" ? "second" : kFirst);
    v1::CalibrateSlotsRequest request;
    v1::CalibrateSlotsResponse last;
    request.set_target_ms(7);
    CHECK(code(slots.talk(slots.stub->CalibrateSlots(slots.fixture.call().get(), request), {}, last)) ==
          ErrorCode::invalid_argument);
    request.set_target_ms(50);
    // The right ones in the wrong order are not what was asked for.
    const auto wrong = slots.fixture.call();
    CHECK(code(slots.talk(slots.stub->CalibrateSlots(wrong.get(), request),
                          {in_order.back(), in_order.front()}, last)) == ErrorCode::wrong_passphrase);
    const auto context = slots.fixture.call();
    REQUIRE(slots.talk(slots.stub->CalibrateSlots(context.get(), request), in_order, last).ok());
    CHECK(last.calibrated().kdf_memory_mib() == slots.list().kdf_memory_mib());
    REQUIRE(slots.fixture.operations.lock().ok());
    REQUIRE(slots.fixture.unlock("second").ok());
}

TEST_CASE("api slots: removing with a rekey ends locked", "[vaultd][api][rpc_slots]") {
    Slots slots;
    v1::AddSlotResponse added;
    REQUIRE(slots.add(v1::Slot::TYPE_PASSPHRASE, "", {kFirst, "second"}, added).ok());
    v1::RemoveSlotResponse removed;
    REQUIRE(slots.remove(added.added().number(), true, {"second"}, removed).ok());
    CHECK(removed.removed().locked());
    CHECK(slots.fixture.operations.vault_state() == vaultd::VaultState::locked);
    CHECK(code(slots.fixture.unlock("second")) == ErrorCode::wrong_passphrase);
    REQUIRE(slots.fixture.unlock(kFirst).ok());
    // The token lives on in the vault's new database.
    CHECK(slots.list().slots_size() == 1);
}
