#include "daemon/config/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <toml++/toml.h>

#include "daemon/config/environments.h"
#include "daemon/config/url.h"
#include "daemon/config/users.h"

namespace nacre::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kPublicKeyBytes = 33;
constexpr std::int64_t kMostDelay = 604'800;  // a week

// What has been read so far.
struct Draft {
    Config config;
    fs::path ca_file;
};

using Take = bool (*)(const toml::node&, Draft&);

// One key: what it may be, in words for the error message, and where it goes. False: refused.
struct Key {
    std::string_view name;
    std::string_view allowed;
    Take take;
};

bool take_text(const toml::node& node, std::string& into) {
    const auto value = node.value_exact<std::string>();
    if (value) into = *value;
    return value.has_value();
}

bool take_bool(const toml::node& node, bool& into) {
    const auto value = node.value_exact<bool>();
    if (value) into = *value;
    return value.has_value();
}

template <class T>
bool take_number(const toml::node& node, std::int64_t least, std::int64_t most, T& into) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) return false;
    into = static_cast<T>(*value);
    return true;
}

bool take_base64(const toml::node& node, Bytes& into) {
    std::string text;
    return take_text(node, text) && from_base64(text, into) && !into.empty();
}

bool take_url(const toml::node& node, std::string& into) {
    return take_text(node, into) && valid_https_url(into);
}

template <class T, class TakeOne>
bool take_list(const toml::node& node, std::vector<T>& into, TakeOne&& take_one) {
    const toml::array* items = node.as_array();
    if (items == nullptr) return false;
    into.clear();
    for (const toml::node& item : *items) {
        if (!take_one(item, into.emplace_back())) return false;
    }
    return true;
}

bool take_users(const toml::node& node, std::vector<uid_t>& into) {
    return take_list(node, into, [](const toml::node& item, uid_t& uid) {
        std::string name;
        if (!take_text(item, name)) {
            return take_number(item, 0, std::numeric_limits<uid_t>::max() - 1, uid);
        }
        const std::optional<uid_t> found = find_user(name);
        uid = found.value_or(0);
        return found.has_value();
    });
}

bool take_groups(const toml::node& node, std::vector<gid_t>& into) {
    return take_list(node, into, [](const toml::node& item, gid_t& gid) {
        std::string name;
        if (!take_text(item, name)) {
            return take_number(item, 0, std::numeric_limits<gid_t>::max() - 1, gid);
        }
        const std::optional<gid_t> found = find_group(name);
        gid = found.value_or(0);
        return found.has_value();
    });
}

bool take_trust_roots(const toml::node& node, std::vector<Bytes>& into) {
    return take_list(node, into,
                     [](const toml::node& item, Bytes& key) {
                         return take_base64(item, key) && key.size() == kPublicKeyBytes &&
                                key[0] == 5;
                     }) &&
           !into.empty();
}

// "false, or …": off, or a number of seconds.
bool take_delay(const toml::node& node, std::uint32_t least, LockRules::Delay& into) {
    if (node.value_exact<bool>() == false) {
        into.reset();
        return true;
    }
    return take_number(node, least, kMostDelay, into.emplace());
}

bool take_usb_device(const toml::node& node, UsbDevice& into) {
    std::string text;
    if (!take_text(node, text)) return false;
    const std::optional<UsbDevice> parsed = parse_usb_device(text);
    into = parsed.value_or(UsbDevice{});
    return parsed.has_value();
}

bool take_environment(const toml::node& node, Draft& draft) {
    std::string name;
    if (!take_text(node, name)) return false;
    if (name == "production") draft.config.environment = production();
    else if (name == "staging") draft.config.environment = staging();
    else if (name == "custom") draft.config.environment.name = name;
    else return false;
    return true;
}

bool take_level(const toml::node& node, Draft& draft) {
    constexpr std::array<std::string_view, 5> names{"error", "warning", "notice", "info", "debug"};
    std::string name;
    if (!take_text(node, name)) return false;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return false;
    const auto first = static_cast<int>(log::Level::error);
    draft.config.log_level = static_cast<log::Level>(first + (found - names.begin()));
    return true;
}

bool take_late_receipts(const toml::node& node, Draft& draft) {
    std::string word;
    if (!take_text(node, word)) return false;
    LateReceipts& into = draft.config.spool.late_receipts;
    if (word == "at-once") into = LateReceipts::at_once;
    else if (word == "spread") into = LateReceipts::spread;
    else if (word == "never") into = LateReceipts::never;
    else return false;
    return true;
}

bool take_absolute_path(const toml::node& node, fs::path& into) {
    std::string text;
    if (!take_text(node, text)) return false;
    into = text;
    return into.is_absolute();
}

Environment& service(Draft& draft) { return draft.config.environment; }

constexpr std::string_view kUrl = "a text https://host[:port][/path] without a slash at the end";
constexpr std::string_view kBase64 = "a text in base64";
constexpr std::string_view kUsers = "a list of user names of /etc/passwd, or numeric user ids";
constexpr std::string_view kGroups = "a list of group names of /etc/group, or numeric group ids";

constexpr std::string_view kDelay = "false, or a number of seconds from 0 to 604800";
constexpr std::string_view kTime = "false, or a number of seconds from 1 to 604800";

// The schema: every key, in the order of example.toml.
constexpr std::array kKeys{
    Key{"environment.name", "\"production\", \"staging\", \"custom\"", take_environment},
    Key{"environment.chat_url", kUrl,
        [](const toml::node& n, Draft& d) { return take_url(n, service(d).chat_url); }},
    Key{"environment.storage_url", kUrl,
        [](const toml::node& n, Draft& d) { return take_url(n, service(d).storage_url); }},
    Key{"environment.cdn.0", kUrl,
        [](const toml::node& n, Draft& d) { return take_url(n, service(d).cdn_urls[0]); }},
    Key{"environment.cdn.2", kUrl,
        [](const toml::node& n, Draft& d) { return take_url(n, service(d).cdn_urls[2]); }},
    Key{"environment.cdn.3", kUrl,
        [](const toml::node& n, Draft& d) { return take_url(n, service(d).cdn_urls[3]); }},
    Key{"environment.ca_file", "the path of a PEM file",
        [](const toml::node& n, Draft& d) {
            std::string text;
            const bool taken = take_text(n, text) && !text.empty();
            d.ca_file = text;
            return taken;
        }},
    Key{"environment.trust_roots", "a list of public keys, each 33 bytes in base64",
        [](const toml::node& n, Draft& d) { return take_trust_roots(n, service(d).trust_roots); }},
    Key{"environment.server_public_params", kBase64,
        [](const toml::node& n, Draft& d) {
            return take_base64(n, service(d).server_public_params);
        }},
    Key{"environment.generic_server_public_params", kBase64,
        [](const toml::node& n, Draft& d) {
            return take_base64(n, service(d).generic_server_public_params);
        }},
    Key{"environment.backup_server_public_params", kBase64,
        [](const toml::node& n, Draft& d) {
            return take_base64(n, service(d).backup_server_public_params);
        }},
    Key{"proxy.url", "a text socks5h://host:port, without user and password",
        [](const toml::node& n, Draft& d) {
            return take_text(n, d.config.proxy.url) && valid_proxy_url(d.config.proxy.url);
        }},
    Key{"proxy.required", "true, false",
        [](const toml::node& n, Draft& d) { return take_bool(n, d.config.proxy.required); }},
    Key{"vault.kdf_target_ms", "a number from 50 to 10000",
        [](const toml::node& n, Draft& d) {
            return take_number(n, 50, 10'000, d.config.vault.kdf_target_ms);
        }},
    Key{"vault.cache_mib", "a number from 8 to 1024",
        [](const toml::node& n, Draft& d) {
            return take_number(n, 8, 1024, d.config.vault.cache_mib);
        }},
    Key{"courier.link_socket", "an absolute path",
        [](const toml::node& n, Draft& d) {
            return take_absolute_path(n, d.config.courier.link_socket);
        }},
    Key{"spool.max_mib", "a number from 1 to 1048576",
        [](const toml::node& n, Draft& d) {
            return take_number(n, 1, 1 << 20, d.config.spool.max_mib);
        }},
    Key{"spool.max_envelopes", "a number from 1 to 1000000000",
        [](const toml::node& n, Draft& d) {
            return take_number(n, 1, 1'000'000'000, d.config.spool.max_envelopes);
        }},
    Key{"spool.late_receipts", "\"at-once\", \"spread\", \"never\"", take_late_receipts},
    Key{"api.allowed_users", kUsers,
        [](const toml::node& n, Draft& d) { return take_users(n, d.config.api.allowed_uids); }},
    Key{"api.allowed_groups", kGroups,
        [](const toml::node& n, Draft& d) { return take_groups(n, d.config.api.allowed_gids); }},
    Key{"link.allowed_users", kUsers,
        [](const toml::node& n, Draft& d) { return take_users(n, d.config.link.allowed_uids); }},
    Key{"lock.idle", kTime,
        [](const toml::node& n, Draft& d) { return take_delay(n, 1, d.config.lock.idle); }},
    Key{"lock.open", kTime,
        [](const toml::node& n, Draft& d) { return take_delay(n, 1, d.config.lock.open); }},
    Key{"lock.session", kDelay,
        [](const toml::node& n, Draft& d) { return take_delay(n, 0, d.config.lock.session); }},
    Key{"lock.screen_saver", kDelay,
        [](const toml::node& n, Draft& d) { return take_delay(n, 0, d.config.lock.screen_saver); }},
    Key{"lock.sleep", kDelay,
        [](const toml::node& n, Draft& d) { return take_delay(n, 0, d.config.lock.sleep); }},
    Key{"lock.shutdown", "true, false",
        [](const toml::node& n, Draft& d) { return take_bool(n, d.config.lock.shutdown); }},
    Key{"lock.lid", kDelay,
        [](const toml::node& n, Draft& d) { return take_delay(n, 0, d.config.lock.lid); }},
    Key{"lock.usb", kDelay,
        [](const toml::node& n, Draft& d) { return take_delay(n, 0, d.config.lock.usb); }},
    Key{"lock.usb_device", "a text vendor:product or vendor:product:serial, such as \"1050:0407\"",
        [](const toml::node& n, Draft& d) {
            return take_usb_device(n, d.config.lock.usb_device);
        }},
    Key{"lock.panic_destroys_slots", "true, false",
        [](const toml::node& n, Draft& d) {
            return take_bool(n, d.config.lock.panic_destroys_slots);
        }},
    Key{"lock.overwrite_free_memory", "a number from 0 to 90",
        [](const toml::node& n, Draft& d) {
            return take_number(n, 0, 90, d.config.lock.overwrite_percent);
        }},
    Key{"lock.allowed_users", kUsers,
        [](const toml::node& n, Draft& d) { return take_users(n, d.config.lock.allowed_uids); }},
    Key{"log.level", "\"error\", \"warning\", \"notice\", \"info\", \"debug\"", take_level},
};

// A text from the file, safe to print on a terminal.
std::string printable(std::string_view text) {
    std::string made{text.substr(0, 100)};
    std::replace_if(
        made.begin(), made.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return made;
}

// The keys whose names begin with `prefix`, for a message.
std::string keys_below(const std::string& prefix) {
    std::string list;
    for (const Key& key : kKeys) {
        if (!key.name.starts_with(prefix)) continue;
        if (!list.empty()) list += ", ";
        list += key.name;
    }
    return list;
}

class Reader {
public:
    explicit Reader(const fs::path& file) : file_{file} {}

    std::optional<ConfigError> read(const toml::table& root) {
        // environment.name says what the others start from, so it goes first.
        if (const toml::node* name = root.at_path("environment.name").node()) {
            if (auto error = take(*name, "environment.name")) return error;
        } else {
            draft_.config.environment = production();
        }
        if (auto error = read_table(root, "")) return error;
        return draft_.config.environment.name == "custom" ? finish_custom() : finish();
    }

    Config& config() { return draft_.config; }

private:
    ConfigError error(const toml::node* node, std::string message) const {
        const int line = node == nullptr ? 0 : static_cast<int>(node->source().begin.line);
        return {file_, line, std::move(message)};
    }

    std::optional<ConfigError> read_table(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const std::string name = prefix + std::string{key.str()};
            if (name == "environment.name") continue;
            std::optional<ConfigError> wrong;
            if (!known(name) && node.is_table() && !keys_below(name + ".").empty()) {
                wrong = read_table(*node.as_table(), name + ".");
            } else {
                wrong = take(node, name);
            }
            if (wrong) return wrong;
        }
        return std::nullopt;
    }

    static bool known(std::string_view name) {
        return std::any_of(kKeys.begin(), kKeys.end(),
                           [&](const Key& key) { return key.name == name; });
    }

    std::optional<ConfigError> take(const toml::node& node, const std::string& name) {
        const auto* key = std::find_if(kKeys.begin(), kKeys.end(),
                                       [&](const Key& item) { return item.name == name; });
        if (key == kKeys.end()) return unknown(node, name);
        const bool of_custom = name.starts_with("environment.") && name != "environment.name";
        if (of_custom && draft_.config.environment.name != "custom") {
            return error(&node, name + ": allowed only with environment.name = \"custom\"");
        }
        if (key->take(node, draft_)) return std::nullopt;
        return error(&node, name + ": allowed is " + std::string{key->allowed});
    }

    std::optional<ConfigError> unknown(const toml::node& node, const std::string& name) const {
        const std::string section = name.substr(0, name.find('.') + 1);
        std::string allowed = section.empty() ? "" : keys_below(section);
        if (allowed.empty()) allowed = keys_below("");
        return error(&node, "unknown key " + printable(name) + "; allowed are " + allowed);
    }

    std::optional<ConfigError> finish() const {
        if (draft_.config.proxy.required && draft_.config.proxy.url.empty()) {
            return error(nullptr, "proxy.required = true needs proxy.url");
        }
        const LockRules& lock = draft_.config.lock;
        if (lock.usb && lock.usb_device.vendor == 0) {
            return error(nullptr, "lock.usb needs lock.usb_device");
        }
        return std::nullopt;
    }

    std::optional<ConfigError> finish_custom() {
        Environment& made = draft_.config.environment;
        const std::array<std::pair<bool, const char*>, 10> needed{{
            {made.chat_url.empty(), "chat_url"},
            {made.storage_url.empty(), "storage_url"},
            {!made.cdn_urls.contains(0), "cdn.0"},
            {!made.cdn_urls.contains(2), "cdn.2"},
            {!made.cdn_urls.contains(3), "cdn.3"},
            {draft_.ca_file.empty(), "ca_file"},
            {made.trust_roots.empty(), "trust_roots"},
            {made.server_public_params.empty(), "server_public_params"},
            {made.generic_server_public_params.empty(), "generic_server_public_params"},
            {made.backup_server_public_params.empty(), "backup_server_public_params"},
        }};
        for (const auto& [missing, key] : needed) {
            if (missing) {
                return error(nullptr,
                             std::string{"environment.name = \"custom\" needs environment."} + key);
            }
        }
        if (auto wrong = read_ca()) return wrong;
        return finish();
    }

    std::optional<ConfigError> read_ca() {
        const fs::path file = fs::absolute(file_).parent_path() / draft_.ca_file;
        std::ifstream stream{file, std::ios::binary};
        std::string pem(kMaxFileBytes, '\0');
        stream.read(pem.data(), static_cast<std::streamsize>(pem.size()));
        pem.resize(static_cast<std::size_t>(stream.gcount()));
        if (pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
            return error(nullptr, "environment.ca_file: no PEM certificate can be read from " +
                                      file.string());
        }
        draft_.config.environment.ca_pem = std::move(pem);
        draft_.config.environment.custom_ca = true;
        draft_.config.environment.ca_file = file;
        return std::nullopt;
    }

    const fs::path& file_;
    Draft draft_;
};

}  // namespace

std::string ConfigError::text() const {
    std::string made = file.string();
    if (line > 0) made.append(":").append(std::to_string(line));
    return made.append(": ").append(message);
}

const std::vector<std::string>& known_keys() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (const Key& key : kKeys) made.emplace_back(key.name);
        return made;
    }();
    return names;
}

Loaded parse(std::string_view text, const std::filesystem::path& file) {
    try {
        const toml::table root = toml::parse(text, file.string());
        Reader reader{file};
        if (auto wrong = reader.read(root)) return std::move(*wrong);
        return std::move(reader.config());
    } catch (const toml::parse_error& error) {
        const int line = static_cast<int>(error.source().begin.line);
        return ConfigError{file, line, printable(error.description())};
    }
}

Loaded load(const std::filesystem::path& file) {
    const auto refused = [&file](std::string message) {
        return ConfigError{file, 0, std::move(message)};
    };
    struct stat about {};
    if (stat(file.c_str(), &about) != 0) {
        if (errno == ENOENT) return parse("", file);
        return refused(std::string{"cannot be read: "} + std::strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) return refused("is not a file");
    if ((about.st_mode & S_IWOTH) != 0) return refused("everybody may write to it; chmod o-w");
    if (static_cast<std::size_t>(about.st_size) > kMaxFileBytes)
        return refused("is larger than 1 MiB");
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return refused(std::string{"cannot be read: "} + std::strerror(errno));
    return parse(text.view(), file);
}

}  // namespace nacre::config
