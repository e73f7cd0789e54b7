#include "clients/cli/tpm_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "clients/cli/vault_state.h"
#include "clients/common/slot_program.h"
#include "clients/common/tpm_file.h"

namespace nacre::cli {
namespace {

constexpr int kTries = 3;
constexpr std::string_view kUseAnother = " Open the vault by another slot, then 'nacre slot rotate' "
                                         "renews this one.";

client::TpmFile file_of(const Session& session) {
    return client::TpmFile{session.places().token_file};
}

std::string list_of(tpm::Registers registers) {
    std::string text;
    for (int number = 0; number < 32; ++number) {
        if ((registers >> number & 1) == 0) continue;
        if (!text.empty()) text += ", ";
        text += std::to_string(number);
    }
    return text;
}

std::string code_text(std::uint32_t code) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), code, 16);
    return "0x" + std::string{digits.data(), end.ptr};
}

std::string sentence_for(const Session& session, const tpm::Reply& reply, tpm::Registers registers) {
    const std::string& address = session.arguments().tpm_address;
    switch (*reply.failed) {
        case ErrorCode::unavailable:
            return "There is no TPM at " + address + ", or it does not answer.";
        case ErrorCode::permission_denied:
            return "The TPM at " + address + " may not be opened: on Debian members of the group 'tss' "
                   "may.";
        case ErrorCode::unsupported:
            return "This TPM does not keep those registers by SHA-256, or lacks P-256 or AES.";
        case ErrorCode::environment_changed:
            return "The boot state changed: what was measured into the TPM's registers (" +
                   list_of(registers) + ") is not what it was when the slot was made." +
                   std::string{kUseAnother};
        case ErrorCode::not_found:
            return "The slot was made with another TPM, or this one was cleared since." +
                   std::string{kUseAnother};
        case ErrorCode::wrong_passphrase: return "The passphrase is wrong, and the TPM counts it.";
        case ErrorCode::rate_limited:
            return "The TPM is locked after too many wrong passphrases; it opens again by itself, "
                   "after minutes or hours. Meanwhile another slot opens the vault.";
        case ErrorCode::unauthenticated:
            return "The TPM's owner hierarchy has a password, and there is no storage root key at "
                   "0x81000001 to use in its place.";
        case ErrorCode::resource_exhausted: return "The TPM, or this machine, has no memory left for it.";
        default: return "The TPM failed with code " + code_text(reply.tpm_code) + ".";
    }
}

Result<client::SlotAnswer> ask_program(Session& session, const tpm::Request& request,
                                       const std::optional<Passphrase>& passphrase) {
    if (!session.slot_program().ok()) return session.slot_program().error();
    return session.slot_program()->ask(request, passphrase ? &*passphrase : nullptr);
}

ExitCode fail_program(const Session& session, const Error& error) {
    if (error.code == ErrorCode::unsupported) {
        return session.fail(error.code, "nacre-slot, which talks to the TPM, is not installed.");
    }
    return session.fail(error, "nacre-slot");
}

ExitCode fail_file(const Session& session, const Error& error) {
    const std::string path = file_of(session).path().string();
    switch (error.code) {
        case ErrorCode::not_found:
            return session.fail(error.code, "This command keeps no TPM slot: there is no " + path +
                                                ". 'nacre slot add --tpm' makes one.");
        case ErrorCode::bad_message:
            return session.fail(error.code,
                                "The TPM slot's file " + path + " is damaged." + std::string{kUseAnother});
        default: return session.fail(error, path);
    }
}

// The file; if there is none, the one that an interrupted command left.
Result<tpm::SlotFile> read_file(const Session& session) {
    const auto file = file_of(session).read();
    if (file.ok() || file.error().code != ErrorCode::not_found) return file;
    if (!take_newer_tpm_slot(session)) return file;
    return file_of(session).read();
}

struct Tried {
    std::optional<Passphrase> secret;
    std::optional<ExitCode> failed;  // none of both: another passphrase may be tried
};

Tried try_file(Session& session, const tpm::SlotFile& file, bool last) {
    std::optional<Passphrase> passphrase;
    if (file.stretch) {
        auto typed = ask_passphrase(session, "Passphrase that goes with the TPM: ");
        if (!typed.ok()) return {{}, fail_passphrase(session, typed.error())};
        passphrase = std::move(*typed);
    }
    auto answer = ask_program(session, {{}, passphrase.has_value(), serialize(file)}, passphrase);
    if (!answer.ok()) return {{}, fail_program(session, answer.error())};
    if (!answer->reply.failed) return {std::move(answer->secret), {}};
    const ErrorCode code = *answer->reply.failed;
    if (code == ErrorCode::environment_changed && take_newer_tpm_slot(session)) return {};
    if (code == ErrorCode::bad_message) return {{}, fail_file(session, {code, "unseal"})};
    const std::string sentence = sentence_for(session, answer->reply, file.registers);
    if (code != ErrorCode::wrong_passphrase || last) return {{}, session.fail(code, sentence)};
    session.output().note(sentence);
    return {};
}

void warn_of_blank(const Session& session, tpm::Registers blank) {
    if (blank == 0) return;
    session.output().note("Nothing has been measured into the TPM's registers " + list_of(blank) +
                          ": they tell one boot of this machine from no other.");
}

tpm::Registers wanted_registers(const Session& session, const Result<tpm::SlotFile>& old) {
    tpm::Registers registers = 0;
    for (const std::uint32_t number : session.arguments().registers) registers |= 1U << number;
    if (registers != 0) return registers;
    return old.ok() ? old->registers : tpm::kDefaultRegisters;
}

}  // namespace

SecretOrExit ask_tpm(Session& session) {
    const bool asks = session.arguments().passphrase_fd < 0;
    for (int i = 1;; ++i) {
        const auto file = read_file(session);
        if (!file.ok()) return fail_file(session, file.error());
        Tried tried = try_file(session, *file, !asks || i >= kTries);
        if (tried.failed) return *tried.failed;
        if (tried.secret) return std::move(*tried.secret);
    }
}

SecretOrExit ask_tpm_of(Session& session, const v1::Slot& slot) {
    const auto file = read_file(session);
    if (file.ok() && file->slot.value_or(slot.number()) == slot.number()) return ask_tpm(session);
    return session.fail(ErrorCode::invalid_argument,
                        "This command does not keep the file of slot " + std::to_string(slot.number()) +
                            ": remove that slot first. Nothing was changed.");
}

std::optional<ExitCode> check_tpm_file(Session& session, const v1::ListSlotsResponse& slots,
                                       std::optional<std::uint32_t> slot) {
    const auto file = file_of(session).read();
    if (!file.ok()) return std::nullopt;  // none, or none that is of use
    for (const v1::Slot& other : slots.slots()) {
        if (other.type() != v1::Slot::TYPE_DEVICE) continue;
        if (file->slot.value_or(other.number()) != other.number() || other.number() == slot) continue;
        return session.fail(ErrorCode::already_exists,
                            "This command keeps the " + slot_name(other) + " already: 'nacre slot "
                            "rotate' renews it, 'nacre slot remove' makes room.");
    }
    return std::nullopt;
}

SecretOrExit make_tpm_secret(Session& session) {
    const auto old = session.arguments().action == "rotate" ? file_of(session).read()
                                                            : Error{ErrorCode::not_found, "new"};
    tpm::Request request{wanted_registers(session, old), false, {}};
    std::optional<Passphrase> passphrase;
    if (session.arguments().tpm_passphrase || (old.ok() && old->stretch)) {
        auto typed = ask_new_passphrase(session, "New passphrase, to go with the TPM: ");
        if (const auto* failed = std::get_if<ExitCode>(&typed)) return *failed;
        passphrase = std::move(*std::get_if<Passphrase>(&typed));
        request.with_passphrase = true;
    }
    auto answer = ask_program(session, request, passphrase);
    if (!answer.ok()) return fail_program(session, answer.error());
    const tpm::Reply& reply = answer->reply;
    if (reply.failed) {
        return session.fail(*reply.failed, sentence_for(session, reply, *request.seal));
    }
    const client::TpmFile file = file_of(session);
    const auto written = file.write_new(reply.file);
    if (!written.ok()) return session.fail(written.error(), file.path().string());
    warn_of_blank(session, reply.blank);
    return std::move(*answer->secret);
}

std::optional<ExitCode> keep_tpm_slot(Session& session, std::uint32_t slot) {
    const client::TpmFile file = file_of(session);
    const auto taken = file.take_new(slot);
    if (taken.ok() && *taken) return std::nullopt;
    const Error error = taken.ok() ? Error{ErrorCode::io_failed, "keep a TPM slot"} : taken.error();
    return session.fail(error, file.path().string());
}

void drop_tpm_slot(const Session& session) { file_of(session).drop_new(); }

bool take_newer_tpm_slot(const Session& session) {
    const auto taken = file_of(session).take_new(std::nullopt);
    return taken.ok() && *taken;
}

std::optional<ExitCode> forget_tpm_slot(Session& session, const v1::Slot& slot) {
    const client::TpmFile file = file_of(session);
    const auto kept = file.read();
    if (!kept.ok() || kept->slot != slot.number()) return std::nullopt;
    const auto removed = file.remove();
    if (removed.ok()) return std::nullopt;
    return session.fail(removed.error(), file.path().string());
}

}  // namespace nacre::cli
