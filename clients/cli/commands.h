// The commands: cmd_<verb>.cpp each.
//
// Layer:   clients/cli.
// Errors:  each reports its own through Session and returns what to exit with.
// Threads: one.
#pragma once

#include <string_view>

#include "clients/cli/exit_code.h"
#include "clients/cli/session.h"

namespace nacre::cli {

ExitCode cmd_init(Session& session);
ExitCode cmd_unlock(Session& session);
ExitCode cmd_lock(Session& session);
ExitCode cmd_panic(Session& session);
ExitCode cmd_status(Session& session);
ExitCode cmd_link(Session& session);
ExitCode cmd_reconnect(Session& session);
ExitCode cmd_accept_environment(Session& session);
ExitCode cmd_conversations(Session& session);
ExitCode cmd_recipients(Session& session);
ExitCode cmd_messages(Session& session);
ExitCode cmd_search(Session& session);
ExitCode cmd_send(Session& session);
ExitCode cmd_read(Session& session);
ExitCode cmd_accept_identity(Session& session);
ExitCode cmd_watch(Session& session);
ExitCode cmd_slot(Session& session);
ExitCode cmd_passphrase(Session& session);
ExitCode cmd_courier(Session& session);
ExitCode cmd_service(Session& session);

// cmd_lock.cpp, for cmd_panic.cpp: whether a locked daemon answers within some seconds.
bool wait_until_locked(const Session& session);

// cmd_slot.cpp, for cmd_passphrase.cpp.
ExitCode change_passphrase(Session& session);

struct Command {
    std::string_view verb;
    ExitCode (*run)(Session& session);
};

inline constexpr Command kCommands[] = {
    {"init", cmd_init},
    {"unlock", cmd_unlock},
    {"lock", cmd_lock},
    {"panic", cmd_panic},
    {"status", cmd_status},
    {"link", cmd_link},
    {"reconnect", cmd_reconnect},
    {"accept-environment", cmd_accept_environment},
    {"conversations", cmd_conversations},
    {"recipients", cmd_recipients},
    {"messages", cmd_messages},
    {"search", cmd_search},
    {"send", cmd_send},
    {"read", cmd_read},
    {"accept-identity", cmd_accept_identity},
    {"watch", cmd_watch},
    {"slot", cmd_slot},
    {"passphrase", cmd_passphrase},
    {"courier", cmd_courier},
    {"service", cmd_service},
};

}  // namespace nacre::cli
