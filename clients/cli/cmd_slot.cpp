// nacre slot …: the ways into the vault.
#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "clients/cli/local_time.h"
#include "clients/cli/secret_source.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/tpm_source.h"
#include "clients/common/passphrase.h"
#include "nacre/v1/slots.grpc.pb.h"

namespace nacre::cli {
namespace {

using v1::Slot;

JsonObject to_json(const Slot& slot) {
    JsonObject object;
    object.add("number", slot.number())
        .add("type", type_name(slot.type()))
        .add("label", slot.label())
        .add("createdMs", slot.created_ms())
        .add("opened", slot.opened());
    return object;
}

Slot::Type type_of(const v1::SecretNeeded& needed, Slot::Type new_type) {
    return needed.has_slot() ? needed.slot().type() : new_type;
}

SecretOrExit answer(Session& session, const v1::SecretNeeded& needed, Slot::Type new_type) {
    switch (needed.which()) {
        case v1::SecretNeeded::WHICH_NEW:
            return ask_new_secret(session, type_of(needed, new_type));
        case v1::SecretNeeded::WHICH_SLOT: return ask_slot_secret(session, needed.slot());
        default: return ask_current_secret(session, "Passphrase of the vault: ");
    }
}

ExitCode fail_slots(Session& session, const grpc::Status& status) {
    switch (api::from_status(status)) {
        case ErrorCode::rate_limited: return fail_waiting(session);
        case ErrorCode::wrong_passphrase:
            return session.fail(ErrorCode::wrong_passphrase,
                                "That opens no slot, or another one; nothing was changed.");
        case ErrorCode::already_exists:
            return session.fail(ErrorCode::already_exists,
                                "The new secret opens a slot already, or the label is taken; nothing "
                                "was changed.");
        case ErrorCode::resource_exhausted:
            return session.fail(ErrorCode::resource_exhausted,
                                "All 16 slots are in use, or memory is short: remove one first.");
        default: return session.fail(status);
    }
}

// Reads a call's replies: secrets are asked for and sent, progress is noted, `take` gets the rest.
template <class Reply, class Take>
std::optional<ExitCode> follow(Session& session, grpc::ClientContext& call,
                               grpc::ClientReader<Reply>& stream, Slot::Type new_type, Take take) {
    Reply reply;
    bool made_tpm = false;
    while (stream.Read(&reply)) {
        if (!reply.progress().empty()) session.output().note(reply.progress());
        if (!reply.has_secret()) {
            take(reply);
            continue;
        }
        made_tpm = made_tpm || (reply.secret().which() == v1::SecretNeeded::WHICH_NEW &&
                                type_of(reply.secret(), new_type) == Slot::TYPE_DEVICE);
        auto secret = answer(session, reply.secret(), new_type);
        if (const auto* failed = std::get_if<ExitCode>(&secret)) {
            call.TryCancel();
            return *failed;
        }
        const auto sent = client::send_passphrase(session.places().secret_socket,
                                                  reply.secret().ticket(),
                                                  *std::get_if<Passphrase>(&secret));
        if (!sent.ok()) {
            call.TryCancel();
            return session.fail(sent.error(), "The daemon's secret socket");
        }
    }
    const grpc::Status done = stream.Finish();
    // Where nobody knows what the vault has, both of a TPM slot's files stay.
    if (!done.ok() && made_tpm && api::from_status(done) != ErrorCode::unavailable) {
        drop_tpm_slot(session);
    }
    if (!done.ok()) return fail_slots(session, done);
    return std::nullopt;
}

std::optional<ExitCode> get_slots(Session& session, v1::ListSlotsResponse& reply) {
    const auto call = session.channel().call();
    const auto done = session.stub<v1::SlotsService>()->ListSlots(call.get(), {}, &reply);
    if (!done.ok()) return session.fail(done);
    return std::nullopt;
}

// By number, or by label.
std::optional<ExitCode> find_slot(Session& session, Slot& out) {
    v1::ListSlotsResponse listed;
    if (const auto failed = get_slots(session, listed)) return failed;
    const std::string& wanted = session.arguments().slot;
    for (const Slot& slot : listed.slots()) {
        if (std::to_string(slot.number()) == wanted || (!slot.label().empty() && slot.label() == wanted)) {
            out = slot;
            return std::nullopt;
        }
    }
    return session.fail(ErrorCode::not_found, "There is no slot of that number or label.");
}

void show(const Session& session, const Slot& slot, std::string_view done) {
    if (session.output().json()) return session.output().object(to_json(slot));
    std::string line{done};
    line += " the ";
    session.output().line(line + slot_name(slot) + ".");
}

ExitCode list(Session& session) {
    v1::ListSlotsResponse reply;
    if (const auto failed = get_slots(session, reply)) return *failed;
    if (session.output().json()) {
        for (const Slot& slot : reply.slots()) session.output().object(to_json(slot));
        return ExitCode::success;
    }
    std::vector<std::vector<std::string>> rows;
    for (const Slot& slot : reply.slots()) {
        rows.push_back({std::to_string(slot.number()), std::string{type_name(slot.type())},
                        safe_line(slot.label()),
                        slot.created_ms() == 0 ? "" : local_time(slot.created_ms()),
                        slot.opened() ? "the vault is open by it" : ""});
    }
    for (const std::string& line : align(rows)) session.output().line(line);
    session.output().line("Each guess costs " + std::to_string(reply.kdf_memory_mib()) +
                          " MiB and " + std::to_string(reply.kdf_passes()) + " passes.");
    return ExitCode::success;
}

Slot::Type wanted_type(const Arguments& arguments) {
    if (arguments.new_recovery_key) return Slot::TYPE_RECOVERY_KEY;
    if (!arguments.key_file.empty()) return Slot::TYPE_KEY_FILE;
    if (!arguments.credential_file.empty()) return Slot::TYPE_CREDENTIAL;
    if (arguments.new_tpm) return Slot::TYPE_DEVICE;
    if (arguments.duress) return Slot::TYPE_DURESS;
    return Slot::TYPE_PASSPHRASE;
}

void say_how_to_go_on(const Session& session, Slot::Type type) {
    const Output& output = session.output();
    if (type == Slot::TYPE_CREDENTIAL) {
        output.note("Now encrypt it for this machine, and remove the file:\n"
                    "  systemd-creds encrypt --name=nacre.unlock " +
                    session.arguments().credential_file +
                    " /etc/credstore.encrypted/nacre.unlock\n"
                    "and let the service load it: LoadCredentialEncrypted=nacre.unlock");
    }
    if (type == Slot::TYPE_DURESS) {
        output.note("Typed at 'nacre unlock', it destroys all other slots and opens an empty vault. "
                    "Nothing brings the old one back, except copies of its files made before.");
    }
}

std::optional<ExitCode> check_tpm_change(Session& session, std::optional<std::uint32_t> slot) {
    v1::ListSlotsResponse listed;
    if (const auto failed = get_slots(session, listed)) return failed;
    return check_tpm_file(session, listed, slot);
}

ExitCode add(Session& session) {
    const Slot::Type type = wanted_type(session.arguments());
    if (type == Slot::TYPE_DEVICE) {
        if (const auto failed = check_tpm_change(session, std::nullopt)) return *failed;
    }
    v1::AddSlotRequest request;
    request.set_type(type);
    request.set_label(session.arguments().label);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::SlotsService>();
    const auto stream = stub->AddSlot(call.get(), request);
    Slot added;
    auto failed = follow(session, *call, *stream, type,
                         [&](const v1::AddSlotResponse& reply) { added = reply.added(); });
    if (!failed && type == Slot::TYPE_DEVICE) failed = keep_tpm_slot(session, added.number());
    if (failed) return *failed;
    show(session, added, "Added");
    say_how_to_go_on(session, type);
    return ExitCode::success;
}

std::optional<ExitCode> check_last(Session& session, const Slot& slot) {
    v1::ListSlotsResponse listed;
    if (const auto failed = get_slots(session, listed)) return failed;
    for (const Slot& other : listed.slots()) {
        if (other.number() != slot.number() && other.type() != Slot::TYPE_DURESS) return std::nullopt;
    }
    return session.fail(ErrorCode::invalid_argument,
                        "It is the last slot that leads to the vault: add another one first, or change "
                        "its secret with 'nacre slot rotate'.");
}

ExitCode remove(Session& session) {
    Slot slot;
    if (const auto failed = find_slot(session, slot)) return *failed;
    if (const auto failed = check_last(session, slot)) return *failed;
    v1::RemoveSlotRequest request;
    request.set_number(slot.number());
    request.set_rekey(session.arguments().rekey);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::SlotsService>();
    const auto stream = stub->RemoveSlot(call.get(), request);
    v1::SlotRemoved removed;
    bool done = false;
    std::uint64_t told = 0;
    const auto failed = follow(session, *call, *stream, slot.type(), [&](const auto& reply) {
        if (reply.has_rekey() && reply.rekey().total_pages() > 0) {
            const auto percent = reply.rekey().done_pages() * 100 / reply.rekey().total_pages();
            if (percent / 10 > told) {
                told = percent / 10;
                session.output().note("Encrypting anew: " + std::to_string(percent) + " %");
            }
        }
        done = done || reply.has_removed();
        if (reply.has_removed()) removed = reply.removed();
    });
    // The vault locks after the last reply and may take the call's end with it.
    if (failed && !done) return *failed;
    if (const auto kept = forget_tpm_slot(session, slot)) return *kept;
    if (session.output().json()) {
        JsonObject object;
        session.output().object(
            object.add("removed", slot.number()).add("locked", removed.locked()));
        return ExitCode::success;
    }
    show(session, slot, "Removed");
    session.output().line(removed.locked()
                              ? "Everything is encrypted under a new key, and the vault is locked: "
                                "'nacre unlock' opens it."
                              : "An old copy of the header still opens with it: 'nacre slot remove "
                                "--rekey' makes that worthless.");
    return ExitCode::success;
}

ExitCode rotate_slot(Session& session, const Slot* slot) {
    const bool tpm = slot != nullptr && slot->type() == Slot::TYPE_DEVICE;
    v1::RotateSlotRequest request;
    if (slot != nullptr) request.set_number(slot->number());
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::SlotsService>();
    const auto stream = stub->RotateSlot(call.get(), request);
    Slot rotated;
    auto failed = follow(session, *call, *stream, Slot::TYPE_PASSPHRASE,
                         [&](const auto& reply) { rotated = reply.rotated(); });
    if (!failed && tpm) failed = keep_tpm_slot(session, rotated.number());
    if (failed) return *failed;
    show(session, rotated, "Changed");
    return ExitCode::success;
}

ExitCode rotate(Session& session) {
    Slot slot;
    if (const auto failed = find_slot(session, slot)) return *failed;
    if (slot.type() == Slot::TYPE_DEVICE) {
        if (const auto failed = check_tpm_change(session, slot.number())) return *failed;
    }
    return rotate_slot(session, &slot);
}

ExitCode test(Session& session) {
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::SlotsService>();
    const auto stream = stub->TestSlot(call.get(), {});
    Slot opens;
    const auto failed = follow(session, *call, *stream, Slot::TYPE_PASSPHRASE,
                               [&](const auto& reply) { opens = reply.opens(); });
    if (failed) return *failed;
    show(session, opens, "It is");
    return ExitCode::success;
}

ExitCode calibrate(Session& session) {
    v1::ListSlotsResponse listed;
    if (const auto failed = get_slots(session, listed)) return *failed;
    if (listed.slots_size() > 1) {
        session.output().note("All slots share one cost, so the secret of each of the " +
                              std::to_string(listed.slots_size()) +
                              " is needed. What cannot be shown has to be removed first.");
    }
    v1::CalibrateSlotsRequest request;
    request.set_target_ms(session.arguments().target_ms);
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::SlotsService>();
    const auto stream = stub->CalibrateSlots(call.get(), request);
    v1::SlotsCalibrated costs;
    const auto failed = follow(session, *call, *stream, Slot::TYPE_PASSPHRASE,
                               [&](const auto& reply) { costs = reply.calibrated(); });
    if (failed) return *failed;
    if (session.output().json()) {
        JsonObject object;
        session.output().object(object.add("kdfMemoryMib", costs.kdf_memory_mib())
                                    .add("kdfPasses", costs.kdf_passes())
                                    .add("kdfLanes", costs.kdf_lanes()));
        return ExitCode::success;
    }
    session.output().line("Each guess costs " + std::to_string(costs.kdf_memory_mib()) +
                          " MiB and " + std::to_string(costs.kdf_passes()) + " passes now.");
    return ExitCode::success;
}

}  // namespace

ExitCode cmd_slot(Session& session) {
    const std::string& action = session.arguments().action;
    if (action == "list") return list(session);
    if (action == "add") return add(session);
    if (action == "remove") return remove(session);
    if (action == "rotate") return rotate(session);
    if (action == "test") return test(session);
    return calibrate(session);
}

ExitCode change_passphrase(Session& session) { return rotate_slot(session, nullptr); }

}  // namespace nacre::cli
