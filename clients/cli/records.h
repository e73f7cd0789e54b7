// Records: the API's messages as JSON objects and as words.
//
// Layer:   clients/cli.
// Secrets: message text passes through.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "clients/cli/json.h"
#include "nacre/v1/events.pb.h"
#include "nacre/v1/messages.pb.h"
#include "nacre/v1/types.pb.h"
#include "nacre/v1/vault.pb.h"

namespace nacre::cli {

// An enumerator's name without its prefix, in camelCase: STATE_BLOCKED_IDENTITY without "STATE_" is
// blockedIdentity.
std::string word(std::string_view enumerator, std::string_view prefix);

JsonObject to_json(const v1::Recipient& recipient);
JsonObject to_json(const v1::Message& message);
JsonObject to_json(const v1::Conversation& conversation);
JsonObject to_json(const v1::SearchHit& hit);
JsonObject to_json(const v1::Event& event);
JsonObject to_json(const v1::Sandbox& sandbox);
JsonObject to_json(const v1::GetStatusResponse& status);

// How far an outgoing message got, in words for people; why it failed, too.
std::string state_text(const v1::Message& message);
// The text, or what stands in its place; not yet safe for a terminal.
std::string body_text(const v1::Message& message);

}  // namespace nacre::cli
