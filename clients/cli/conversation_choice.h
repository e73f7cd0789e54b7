// Which conversation, or which person, is meant by what was typed: an id, a number, or the exact
// title or name. What fits several is listed and refused.
//
// Layer:   clients/cli.
// Errors:  reported through Session; `failure` is what to exit with.
// Threads: one.
#pragma once

#include <optional>
#include <string_view>

#include "clients/cli/session.h"
#include "nacre/v1/conversations.grpc.pb.h"

namespace nacre::cli {

enum class Missing : std::uint8_t {
    fails,
    is_opened,  // with the person who is meant
};

std::optional<v1::Conversation> choose_conversation(Session& session, std::string_view typed,
                                                    Missing missing, ExitCode& failure);

std::optional<v1::Recipient> choose_recipient(Session& session, std::string_view typed,
                                              ExitCode& failure);

// Whether `typed` names this person or conversation, for tests, too.
bool means(std::string_view typed, const v1::Recipient& recipient);
bool means(std::string_view typed, const v1::Conversation& conversation);

}  // namespace nacre::cli
