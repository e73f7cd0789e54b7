// nacre status: how things are, in any state.
#include "api/status_map.h"
#include "clients/cli/commands.h"
#include "clients/cli/lock_triggers.h"
#include "clients/cli/memory_text.h"
#include "clients/cli/records.h"
#include "clients/cli/sandbox_text.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/vault_state.h"
#include "clients/common/error_text.h"

namespace nacre::cli {
namespace {

using Status = v1::GetStatusResponse;
using Rows = std::vector<std::vector<std::string>>;

std::string sentence_of(const std::string& reason) {
    ErrorCode code{};
    if (!api::from_reason(reason, code)) return safe_line(reason);
    return std::string{client::error_text(code)};
}

std::string envelopes(std::uint64_t count) {
    return count == 1 ? "1 envelope" : std::to_string(count) + " envelopes";
}

std::string vault_text(const Status& status) {
    switch (status.vault()) {
        case Status::VAULT_STATE_NONE: return "none yet: make one with 'nacre init'";
        case Status::VAULT_STATE_LOCKED: return "locked";
        case Status::VAULT_STATE_UNLOCKED: return "open";
        case Status::VAULT_STATE_UNUSABLE: return "unusable. " + sentence_of(status.problem());
        default: return "unknown";
    }
}

std::string connection_text(const Status& status) {
    switch (status.connection()) {
        case Status::CONNECTION_NONE:
            return status.vault() == Status::VAULT_STATE_LOCKED
                       ? "none: the courier has no login until the vault is unlocked"
                       : "none: no account is linked";
        case Status::CONNECTION_CONNECTING: return "connecting";
        case Status::CONNECTION_CONNECTED: return "connected";
        case Status::CONNECTION_CONNECTED_ELSEWHERE:
            return "taken over by another connection: 'nacre reconnect' takes it back";
        case Status::CONNECTION_UNLINKED: return "the phone removed this device: 'nacre link'";
        case Status::CONNECTION_ENVIRONMENT_CHANGED:
            return "stopped: the configured servers are not those of the link";
        case Status::CONNECTION_CLIENT_TOO_OLD: return "refused: this nacre is too old";
        case Status::CONNECTION_NO_COURIER: return "none: the courier is not running";
        default: return "unknown";
    }
}

// What the courier does about its credential, if it has one.
std::string credential_text(const Status& status) {
    const std::string anew = "; 'nacre courier credential' makes it anew";
    switch (status.login_credential()) {
        case Status::LOGIN_CREDENTIAL_GOOD:
            return "with the courier: it connects after a reboot while the vault is locked";
        case Status::LOGIN_CREDENTIAL_UNREADABLE: return "not used: it cannot be read" + anew;
        case Status::LOGIN_CREDENTIAL_OTHER_LOGIN:
            return "not used: it is not the login that the vault has" + anew;
        case Status::LOGIN_CREDENTIAL_OTHER_SERVERS:
            return "not used: it is for other servers than those configured" + anew;
        default: return {};
    }
}

std::string account_text(const Status& status) {
    switch (status.account()) {
        case Status::ACCOUNT_STATE_NOT_LINKED: return "not linked: 'nacre link'";
        case Status::ACCOUNT_STATE_LINKED:
            return safe_line(status.number()) + ", device " + std::to_string(status.device_id());
        case Status::ACCOUNT_STATE_UNLINKED:
            return safe_line(status.number()) + ", removed by the phone: 'nacre link'";
        default: return {};
    }
}

void add_sandbox(const Status& status, Rows& rows) {
    rows.push_back({"sandbox", "of the vault: " + sandbox_text(status.vault_sandbox())});
    if (!status.has_courier_sandbox()) return;
    rows.push_back({"", "of the courier: " + courier_sandbox_text(status.courier_sandbox())});
}

void add_account(const Status& status, Rows& rows) {
    if (status.account() == Status::ACCOUNT_STATE_UNSPECIFIED) return;
    rows.push_back({"account", account_text(status)});
    rows.push_back({"messages", std::to_string(status.messages())});
    if (status.outbox() > 0) rows.push_back({"to be sent", std::to_string(status.outbox())});
    if (status.quarantined() > 0) {
        rows.push_back({"quarantine", envelopes(status.quarantined()) + " that could not be handled"});
    }
    if (status.lost_envelopes() > 0) {
        rows.push_back({"lost", envelopes(status.lost_envelopes()) +
                                    " that waited while the vault was locked, by damage to the spool: "
                                    "'nacre watch --after 0' names them"});
    }
    if (status.possible_orphan_device()) {
        rows.push_back({"note", "An interrupted link may have left a device that nobody uses: look "
                                "at the phone's list of linked devices."});
    }
}

}  // namespace

ExitCode cmd_status(Session& session) {
    Status status;
    if (const auto failed = get_status(session, status)) return *failed;
    if (session.output().json()) {
        session.output().object(to_json(status));
        return ExitCode::success;
    }
    Rows rows;
    rows.push_back({"vault", vault_text(status)});
    if (status.wait_seconds() > 0) {
        rows.push_back({"note", "Too many wrong passphrases: the next attempt is possible in " +
                                    std::to_string(status.wait_seconds()) + " seconds."});
    }
    add_account(status, rows);
    rows.push_back({"connection", connection_text(status)});
    if (const std::string text = credential_text(status); !text.empty())
        rows.push_back({"credential", text});
    if (status.waiting_envelopes() > 0) {
        rows.push_back({"waiting", envelopes(status.waiting_envelopes()) +
                                       (status.draining() ? ", being taken in" : "")});
    }
    if (!status.spool_problem().empty()) {
        rows.push_back({"spool", "cannot be written (" + safe_line(status.spool_problem()) +
                                     "); the server keeps what comes"});
    }
    if (const std::string text = memory_text(status); !text.empty()) rows.push_back({"memory", text});
    if (status.spool_full())
        rows.push_back({"spool", "full; the server keeps what comes until the vault is unlocked"});
    if (const std::string text = free_memory_text(status); !text.empty())
        rows.push_back({"free memory", text});
    for (const std::string& alert : status.alerts()) rows.push_back({"server says", safe_line(alert)});
    const std::string locks = lock_triggers_text(status);
    if (!locks.empty()) rows.push_back({"locks", locks});
    add_sandbox(status, rows);
    rows.push_back({"version", safe_line(status.version())});
    for (const std::string& line : align(rows)) session.output().line(line);
    return ExitCode::success;
}

}  // namespace nacre::cli
