#include "clients/cli/secret_source.h"

#include "api/base/bytes.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/tpm_source.h"
#include "clients/cli/vault_state.h"
#include "clients/common/key_file.h"
#include "clients/common/recovery_key.h"
#include "clients/common/strength.h"

namespace nacre::cli {
namespace {

constexpr int kTries = 3;

bool at_terminal(const Session& session) { return session.arguments().passphrase_fd < 0; }

ExitCode fail_key_file(const Session& session, const Error& error, const std::string& path) {
    if (error.code == ErrorCode::invalid_argument) {
        return session.fail(error.code, "A key file has at least 32 bytes, and at most 64 MiB: " + path);
    }
    return session.fail(error, path);
}

SecretOrExit from_key_file(const Session& session, const std::string& path) {
    auto secret = client::read_key_file(path);
    if (!secret.ok()) return fail_key_file(session, secret.error(), path);
    return std::move(*secret);
}

SecretOrExit ask_recovery_key(const Session& session, std::string_view question) {
    for (int i = 1;; ++i) {
        const auto typed = ask_passphrase(session, question);
        if (!typed.ok()) return fail_passphrase(session, typed.error());
        auto secret = client::parse_recovery_key(*typed);
        if (secret.ok()) return std::move(*secret);
        constexpr std::string_view kWrong =
            "That is no recovery key, or a symbol in it is wrong; the vault was not asked.";
        if (!at_terminal(session) || i == kTries) {
            return session.fail(ErrorCode::invalid_argument, kWrong);
        }
        session.output().note(kWrong);
    }
}

SecretOrExit ask_plain(const Session& session, std::string_view question) {
    auto secret = ask_passphrase(session, question);
    if (!secret.ok()) return fail_passphrase(session, secret.error());
    return std::move(*secret);
}

std::optional<ExitCode> judge(const Session& session, const Passphrase& passphrase) {
    const auto strength = client::estimate(passphrase);
    if (!strength.ok()) return session.fail(strength.error(), "The passphrase");
    if (strength->verdict == client::Verdict::hopeless && !session.arguments().force) {
        std::string sentence = "That passphrase is guessed in minutes; nothing was changed.";
        for (const std::string_view advice : strength->advice) (sentence += ' ') += advice;
        return session.fail(ErrorCode::invalid_argument, sentence + " (--force takes it all the same.)");
    }
    if (strength->verdict < client::Verdict::fair) {
        session.output().note("That passphrase is " + std::string{to_string(strength->verdict)} + ".");
        for (const std::string_view advice : strength->advice) session.output().note(advice);
    }
    return std::nullopt;
}

SecretOrExit make_recovery(const Session& session) {
    const auto shown = client::make_recovery_key();
    if (!shown.ok()) return session.fail(shown.error(), "The recovery key");
    auto secret = client::parse_recovery_key(*shown);
    if (!secret.ok()) return session.fail(secret.error(), "The recovery key");
    const std::string text{as_text(shown->view())};
    if (session.output().json()) {
        JsonObject object;
        session.output().object(object.add("recoveryKey", text));
    } else {
        session.output().line("Write this down and keep it away from the machine; it is not shown again:");
        session.output().line("");
        session.output().line("    " + text);
        session.output().line("");
    }
    return std::move(*secret);
}

SecretOrExit make_or_read_key_file(const Session& session) {
    const std::string& path = session.arguments().key_file;
    if (path.empty()) {
        return session.fail(ErrorCode::invalid_argument, "Name the key file with --key-file.");
    }
    if (session.arguments().make) {
        const auto made = client::make_key_file(path);
        if (!made.ok()) return session.fail(made.error(), path);
    }
    return from_key_file(session, path);
}

SecretOrExit make_credential(const Session& session) {
    const std::string& path = session.arguments().credential_file;
    if (path.empty()) {
        return session.fail(ErrorCode::invalid_argument, "Name the file to write with --credential.");
    }
    auto secret = client::make_credential_file(path);
    if (!secret.ok()) return session.fail(secret.error(), path);
    return std::move(*secret);
}

}  // namespace

std::string_view type_name(v1::Slot::Type type) {
    switch (type) {
        case v1::Slot::TYPE_PASSPHRASE: return "passphrase";
        case v1::Slot::TYPE_RECOVERY_KEY: return "recovery key";
        case v1::Slot::TYPE_KEY_FILE: return "key file";
        case v1::Slot::TYPE_CREDENTIAL: return "credential";
        case v1::Slot::TYPE_DEVICE: return "TPM";
        case v1::Slot::TYPE_DURESS: return "duress passphrase";
        default: return "unknown";
    }
}

std::string slot_name(const v1::Slot& slot) {
    std::string name = std::string{type_name(slot.type())} + " of slot " +
                       std::to_string(slot.number());
    if (!slot.label().empty()) name += " (" + safe_line(slot.label()) + ")";
    return name;
}

SecretOrExit ask_current_secret(Session& session, std::string_view question) {
    const Arguments& arguments = session.arguments();
    if (!arguments.with_key_file.empty()) return from_key_file(session, arguments.with_key_file);
    if (arguments.with_recovery_key) return ask_recovery_key(session, "Recovery key: ");
    if (arguments.with_tpm) return ask_tpm(session);
    return ask_plain(session, question);
}

SecretOrExit ask_new_passphrase(Session& session, std::string_view question) {
    for (int i = 0; i < kTries; ++i) {
        auto first = ask_passphrase(session, question);
        if (!first.ok()) return fail_passphrase(session, first.error());
        if (const auto refused = judge(session, *first)) return *refused;
        if (!at_terminal(session)) return std::move(*first);
        const auto again = ask_passphrase(session, "The same again: ");
        if (!again.ok()) return fail_passphrase(session, again.error());
        if (first->equals(*again)) return std::move(*first);
        session.output().note("The two differ.");
    }
    return session.fail(ErrorCode::canceled, "The two differ; nothing was changed.");
}

SecretOrExit ask_slot_secret(Session& session, const v1::Slot& slot) {
    const std::string question = "The " + slot_name(slot) + ": ";
    switch (slot.type()) {
        case v1::Slot::TYPE_RECOVERY_KEY: return ask_recovery_key(session, question);
        case v1::Slot::TYPE_KEY_FILE:
            if (session.arguments().key_file.empty()) {
                return session.fail(ErrorCode::invalid_argument,
                                    "The file of slot " + std::to_string(slot.number()) +
                                        " is needed: name it with --key-file, or remove that slot "
                                        "first. Nothing was changed.");
            }
            return from_key_file(session, session.arguments().key_file);
        case v1::Slot::TYPE_DEVICE: return ask_tpm_of(session, slot);
        default: return ask_plain(session, question);
    }
}

SecretOrExit ask_new_secret(Session& session, v1::Slot::Type type) {
    switch (type) {
        case v1::Slot::TYPE_RECOVERY_KEY: return make_recovery(session);
        case v1::Slot::TYPE_KEY_FILE: return make_or_read_key_file(session);
        case v1::Slot::TYPE_CREDENTIAL: return make_credential(session);
        case v1::Slot::TYPE_DEVICE: return make_tpm_secret(session);
        case v1::Slot::TYPE_DURESS:
            return ask_new_passphrase(session, "Passphrase that destroys the vault: ");
        default: return ask_new_passphrase(session, "New passphrase: ");
    }
}

ExitCode fail_waiting(Session& session) {
    v1::GetStatusResponse status;
    if (const auto failed = get_status(session, status)) return *failed;
    return session.fail(ErrorCode::rate_limited,
                        "Too many wrong attempts: the next one is possible in " +
                            std::to_string(status.wait_seconds()) +
                            " seconds. Restarting does not shorten that.");
}

}  // namespace nacre::cli
