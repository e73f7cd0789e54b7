// Config: everything that the configuration file can say.
//
// Layer:   daemon/config. config.cpp is the only file that includes toml++.
// Secrets: none; a proxy URL with a password is refused (the file may be readable by others).
// Errors:  ConfigError, with file, line and allowed values; main prints it and ends.
// Threads: values.
//
// daemon/config/example.toml documents every key.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "api/base/bytes.h"
#include "api/base/log.h"
#include "daemon/config/lock_rules.h"

namespace nacre::config {

struct ConfigError {
    std::filesystem::path file;
    int line = 0;  // 0: the file as a whole
    std::string message;
    // "/etc/nacre/default.toml:3: log.level: …"
    std::string text() const;
};

// Where Signal is.
struct Environment {
    std::string name;  // "production", "staging", "custom"
    std::string chat_url;
    std::string storage_url;
    std::map<std::uint32_t, std::string> cdn_urls;  // 0, 2, 3; without a slash at the end
    std::string ca_pem;                             // trusted for all of them, and nothing else is
    bool custom_ca = false;                         // ca_pem came from ca_file
    std::filesystem::path ca_file;                  // then: where that is
    std::vector<Bytes> trust_roots;                 // 33-byte public keys, sealed sender
    Bytes server_public_params;
    Bytes generic_server_public_params;
    Bytes backup_server_public_params;
};

struct Proxy {
    std::string url;  // socks5h://host:port, or empty
    bool required = false;
};

// Delivery receipts for what waited while the vault was locked: they tell its sender when it was
// unlocked.
enum class LateReceipts : std::uint8_t { at_once, spread, never };

struct Config {
    Environment environment;
    Proxy proxy;
    struct Vault {
        std::uint32_t kdf_target_ms = 1000;
        std::uint32_t cache_mib = 32;
    } vault;
    struct Courier {
        std::filesystem::path link_socket = "/run/nacre/link.sock";  // system mode only
    } courier;
    struct Spool {
        std::uint64_t max_mib = 1024;
        std::uint64_t max_envelopes = 1'000'000;
        LateReceipts late_receipts = LateReceipts::at_once;
    } spool;
    struct Api {
        std::vector<uid_t> allowed_uids;  // beside the daemon's own; system mode
        std::vector<gid_t> allowed_gids;  // the same, whoever is in these groups
    } api;
    struct Link {
        std::vector<uid_t> allowed_uids;  // system mode: the courier's; none: the daemon's own
    } link;
    LockRules lock;
    log::Level log_level = log::Level::info;
};

// Every key there is, as "section.key", in the order of example.toml.
const std::vector<std::string>& known_keys();

using Loaded = std::variant<Config, ConfigError>;

// A file that is not there gives the defaults (production).
Loaded load(const std::filesystem::path& file);
// `file` is for messages and as the base of relative paths.
Loaded parse(std::string_view text, const std::filesystem::path& file);

}  // namespace nacre::config
