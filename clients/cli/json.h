// JsonObject: one JSON object on one line. Field names are camelCase and stay as they are.
//
// Layer:   clients/cli.
// Secrets: message text passes through.
// Threads: values.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nacre::cli {

// Quoted; invalid UTF-8 becomes U+FFFD, ASCII control characters are escaped.
std::string json_quote(std::string_view text);

class JsonObject {
public:
    JsonObject& add(std::string_view name, std::string_view value);
    JsonObject& add(std::string_view name, const char* value) {
        return add(name, std::string_view{value});
    }
    template <std::integral T>
    JsonObject& add(std::string_view name, T value) {
        if constexpr (std::same_as<T, bool>) {
            return raw(name, value ? "true" : "false");
        } else {
            return raw(name, std::to_string(value));
        }
    }
    JsonObject& add(std::string_view name, const JsonObject& value) {
        return raw(name, value.text());
    }
    JsonObject& add(std::string_view name, const std::vector<std::string>& values);
    JsonObject& add(std::string_view name, const std::vector<JsonObject>& values);

    std::string text() const { return "{" + fields_ + "}"; }

private:
    JsonObject& raw(std::string_view name, std::string_view value);
    std::string fields_;
};

}  // namespace nacre::cli
