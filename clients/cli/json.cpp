#include "clients/cli/json.h"

#include <cstdio>

#include "clients/cli/terminal_text.h"

namespace nacre::cli {
namespace {

// With U+FFFD for each byte that is in no character.
std::string repaired(std::string_view text) {
    if (is_utf8(text)) return std::string{text};
    std::string out;
    while (!text.empty()) {
        std::size_t length = 1;
        while (length < 4 && length < text.size() && !is_utf8(text.substr(0, length))) ++length;
        if (is_utf8(text.substr(0, length))) {
            out += text.substr(0, length);
            text.remove_prefix(length);
        } else {
            out += "\xef\xbf\xbd";
            text.remove_prefix(1);
        }
    }
    return out;
}

template <class Items, class Show>
std::string json_list(const Items& items, Show show) {
    std::string out = "[";
    for (const auto& item : items) {
        if (out.size() > 1) out += ',';
        out += show(item);
    }
    return out + "]";
}

}  // namespace

std::string json_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : repaired(text)) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
                    out += c;
                } else {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    out += escape;
                }
        }
    }
    return out + "\"";
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view value) {
    if (!fields_.empty()) fields_ += ',';
    fields_ += json_quote(name);
    fields_ += ':';
    fields_ += value;
    return *this;
}

JsonObject& JsonObject::add(std::string_view name, std::string_view value) {
    return raw(name, json_quote(value));
}

JsonObject& JsonObject::add(std::string_view name, const std::vector<std::string>& values) {
    return raw(name, json_list(values, [](const std::string& v) { return json_quote(v); }));
}

JsonObject& JsonObject::add(std::string_view name, const std::vector<JsonObject>& values) {
    return raw(name, json_list(values, [](const JsonObject& v) { return v.text(); }));
}

}  // namespace nacre::cli
