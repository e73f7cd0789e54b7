#include "daemon/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <sstream>

#include "daemon/config/environments.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::config;
using nacre::tests::TempDir;

namespace {

ConfigError error_of(std::string_view text) {
    const Loaded loaded = parse(text, "/c/x.toml");
    const auto* error = std::get_if<ConfigError>(&loaded);
    return error == nullptr ? ConfigError{"", -1, "no error"} : *error;
}

Config config_of(std::string_view text) {
    Loaded loaded = parse(text, "/c/x.toml");
    if (const auto* error = std::get_if<ConfigError>(&loaded)) FAIL(error->text());
    return std::get<Config>(std::move(loaded));
}

std::string read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

void write(const std::filesystem::path& path, std::string_view text) {
    std::ofstream{path} << text;
}

constexpr std::string_view kCustom = R"([environment]
name = "custom"
chat_url = "https://localhost:4433"
storage_url = "https://localhost:4433/storageService"
cdn = { 0 = "https://localhost:4433", 2 = "https://localhost:4433", 3 = "https://localhost:4433/cdn3" }
ca_file = "ca.pem"
trust_roots = ["BS/lfaNHzWJDFSjarF+7KQcw//aEr8TPwu2QmV9Yyzt0"]
server_public_params = "AAE="
generic_server_public_params = "AAI="
backup_server_public_params = "AAM="
)";

}  // namespace

TEST_CASE("config: nothing said is production with defaults", "[config]") {
    const Config config = config_of("");
    CHECK(config.environment.name == "production");
    CHECK(config.environment.chat_url == "https://chat.signal.org");
    CHECK(config.proxy.url.empty());
    CHECK_FALSE(config.proxy.required);
    CHECK(config.vault.kdf_target_ms == 1000);
    CHECK(config.vault.cache_mib == 32);
    CHECK_FALSE(config.lock.idle);
    CHECK_FALSE(config.lock.need_sentry());
    CHECK_FALSE(config.lock.panic_destroys_slots);
    CHECK(config.log_level == log::Level::info);
    const TempDir dir;
    CHECK(std::holds_alternative<Config>(load(dir / "none.toml")));
}

TEST_CASE("config: every key is taken", "[config]") {
    const Config config = config_of(R"(
[environment]
name = "staging"
[proxy]
url = "socks5h://127.0.0.1:9050"
required = true
[vault]
kdf_target_ms = 250
cache_mib = 64
[courier]
link_socket = "/run/x/link.sock"
[spool]
max_mib = 7
max_envelopes = 8
late_receipts = "spread"
[api]
allowed_users = [1000, 1001]
allowed_groups = ["root", 990]
[link]
allowed_users = ["root", 7]
[lock]
idle = 900
open = 28800
session = 0
screen_saver = 30
sleep = 0
shutdown = true
lid = 5
usb = 3
usb_device = "1050:0407:7"
panic_destroys_slots = true
allowed_users = [9]
[log]
level = "debug"
)");
    CHECK(config.environment.chat_url == staging().chat_url);
    CHECK(config.proxy.url == "socks5h://127.0.0.1:9050");
    CHECK(config.proxy.required);
    CHECK(config.vault.kdf_target_ms == 250);
    CHECK(config.vault.cache_mib == 64);
    CHECK(config.spool.max_mib == 7);
    CHECK(config.spool.max_envelopes == 8);
    CHECK(config.spool.late_receipts == LateReceipts::spread);
    CHECK(config.courier.link_socket == "/run/x/link.sock");
    CHECK(config.api.allowed_uids == std::vector<uid_t>{1000, 1001});
    CHECK(config.api.allowed_gids == std::vector<gid_t>{0, 990});
    CHECK(config.link.allowed_uids == std::vector<uid_t>{0, 7});
    CHECK(config.lock.idle == 900);
    CHECK(config.lock.open == 28'800);
    CHECK(config.lock.session == 0);
    CHECK(config.lock.screen_saver == 30);
    CHECK(config.lock.sleep == 0);
    CHECK(config.lock.shutdown);
    CHECK(config.lock.lid == 5);
    CHECK(config.lock.usb == 3);
    CHECK(config.lock.usb_device.serial == "7");
    CHECK(config.lock.panic_destroys_slots);
    CHECK(config.lock.allowed_uids == std::vector<uid_t>{9});
    CHECK(config.log_level == log::Level::debug);
}

TEST_CASE("config: a custom environment is taken whole, its CA beside the file", "[config]") {
    const TempDir dir;
    write(dir / "ca.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    write(dir / "x.toml", kCustom);
    Loaded loaded = load(dir / "x.toml");
    if (const auto* error = std::get_if<ConfigError>(&loaded)) FAIL(error->text());
    const Environment& made = std::get<Config>(loaded).environment;
    CHECK(made.name == "custom");
    CHECK(made.cdn_urls.at(3) == "https://localhost:4433/cdn3");
    CHECK(made.custom_ca);
    CHECK(made.ca_pem == read(dir / "ca.pem"));
    CHECK(made.trust_roots.size() == 1);
    CHECK(made.server_public_params == Bytes{0, 1});
    CHECK(made.generic_server_public_params == Bytes{0, 2});
    CHECK(made.backup_server_public_params == Bytes{0, 3});
}

TEST_CASE("config: a custom environment that lacks a part names it", "[config]") {
    const std::string text{kCustom};
    for (std::size_t start = text.find("chat_url"); start < text.size();) {
        const std::size_t end = text.find('\n', start) + 1;
        const std::string key = text.substr(start, text.find(' ', start) - start);
        const ConfigError error = error_of(text.substr(0, start) + text.substr(end));
        CAPTURE(key);
        CHECK(error.message.find("needs environment." + key) != std::string::npos);
        start = end;
    }
    CHECK(error_of(kCustom).message.find("no PEM certificate can be read from /c/ca.pem") !=
          std::string::npos);
}

TEST_CASE("config: bad values are refused with line and what is allowed", "[config]") {
    struct Row {
        std::string_view text;
        int line;
        std::string_view message;
    };
    const auto row = GENERATE(values<Row>({
        {"[environment]\nname = \"live\"", 2,
         "environment.name: allowed is \"production\", \"staging\", \"custom\""},
        {"[environment]\nname = 1", 2,
         "environment.name: allowed is \"production\", \"staging\", \"custom\""},
        {"[environment]\nchat_url = \"https://x\"", 2,
         "environment.chat_url: allowed only with environment.name = \"custom\""},
        {"[proxy]\n\nurl = \"http://127.0.0.1:1\"", 3,
         "proxy.url: allowed is a text socks5h://host:port, without user and password"},
        {"[proxy]\nrequired = \"yes\"", 2, "proxy.required: allowed is true, false"},
        {"[proxy]\nrequired = true", 0, "proxy.required = true needs proxy.url"},
        {"[vault]\ncache_mib = 7", 2, "vault.cache_mib: allowed is a number from 8 to 1024"},
        {"[vault]\nkdf_target_ms = 49", 2,
         "vault.kdf_target_ms: allowed is a number from 50 to 10000"},
        {"[vault]\nkdf_target_ms = 1e3", 2,
         "vault.kdf_target_ms: allowed is a number from 50 to 10000"},
        {"vault.kdf_target_ms = 10001", 1,
         "vault.kdf_target_ms: allowed is a number from 50 to 10000"},
        {"[spool]\nlate_receipts = \"soon\"", 2,
         "spool.late_receipts: allowed is \"at-once\", \"spread\", \"never\""},
        {"[spool]\nmax_mib = 0", 2, "spool.max_mib: allowed is a number from 1 to 1048576"},
        {"[spool]\nmax_envelopes = 0", 2,
         "spool.max_envelopes: allowed is a number from 1 to 1000000000"},
        {"[courier]\nlink_socket = \"link.sock\"", 2,
         "courier.link_socket: allowed is an absolute path"},
        {"[api]\nallowed_users = [\"no such user\"]", 2,
         "api.allowed_users: allowed is a list of user names of /etc/passwd, or"},
        {"[api]\nallowed_groups = [\"no such group\"]", 2,
         "api.allowed_groups: allowed is a list of group names of /etc/group, or"},
        {"[api]\nallowed_users = 1000", 2,
         "api.allowed_users: allowed is a list of user names of /etc/passwd, or"},
        {"[api]\nallowed_users = [4294967295]", 2,
         "api.allowed_users: allowed is a list of user names of /etc/passwd, or"},
        {"[link]\nallowed_users = [-1]", 2,
         "link.allowed_users: allowed is a list of user names of /etc/passwd, or"},
        {"[lock]\nidle = 0", 2, "lock.idle: allowed is false, or a number of seconds from 1 to 604800"},
        {"[lock]\nidle = true", 2, "lock.idle: allowed is false, or a number"},
        {"[lock]\nopen = 604801", 2, "lock.open: allowed is false, or a number of seconds from 1"},
        {"[lock]\nsession = -1", 2, "lock.session: allowed is false, or a number of seconds from 0"},
        {"[lock]\nsleep = 1.5", 2, "lock.sleep: allowed is false, or a number of seconds from 0"},
        {"[lock]\nshutdown = 0", 2, "lock.shutdown: allowed is true, false"},
        {"[lock]\nusb_device = \"1050\"", 2, "lock.usb_device: allowed is a text vendor:product"},
        {"[lock]\nusb = 0", 0, "lock.usb needs lock.usb_device"},
        {"[log]\nlevel = \"loud\"", 2,
         "log.level: allowed is \"error\", \"warning\", \"notice\", \"info\", \"debug\""},
        {"[log]\nlevels = \"info\"", 2, "unknown key log.levels; allowed are log.level"},
        {"[api.allowed_users]\nx = 1", 1,
         "api.allowed_users: allowed is a list of user names of /etc/passwd, or"},
        {"log = 3", 1, "unknown key log; allowed are environment.name,"},
        {"[logs]\nlevel = \"info\"", 1, "unknown key logs; allowed are environment.name,"},
        {"[environment]\nname = \"custom\"\ntrust_roots = [\"AAAA\"]", 3,
         "environment.trust_roots: allowed is a list of public keys, each 33 bytes in base64"},
        {"[environment]\nname = \"custom\"\ntrust_roots = []", 3,
         "environment.trust_roots: allowed is a list of public keys, each 33 bytes in base64"},
        {"[environment]\nname = \"custom\"\nserver_public_params = \"%\"", 3,
         "environment.server_public_params: allowed is a text in base64"},
        {"[environment]\nname = \"custom\"\ncdn.1 = \"https://x\"", 3,
         "unknown key environment.cdn.1; allowed are environment.name,"},
        {"[environment]\nname = \"custom\"\ncdn.0 = \"https://x/\"", 3,
         "environment.cdn.0: allowed is a text https://host[:port][/path] without a slash at the "
         "end"},
    }));
    CAPTURE(row.text);
    const ConfigError error = error_of(row.text);
    CHECK(error.file == "/c/x.toml");
    CHECK(error.line == row.line);
    CHECK(error.message.substr(0, row.message.size()) == row.message);
}

TEST_CASE("config: what is no TOML is refused with its line", "[config]") {
    CHECK(error_of("[log]\nlevel = \n").line == 2);
    CHECK(error_of("[log]\nlevel = \"info\"\nlevel = \"info\"\n").line == 3);
    CHECK(error_of("\xff\xfe").line == 1);
    CHECK(error_of(std::string(10'000, '[')).line == 1);
    const std::string deep = "a = " + std::string(5'000, '[');
    CHECK(error_of(deep).line == 1);
}

TEST_CASE("config: error text begins with file and line", "[config]") {
    CHECK(error_of("[log]\nlevel = 1").text().starts_with("/c/x.toml:2: log.level: allowed is "));
    CHECK(error_of("proxy.required = true").text().starts_with("/c/x.toml: proxy.required"));
    CHECK(error_of("\"a\\u001b[31m\" = 1").text().find('\x1b') == std::string::npos);
}

TEST_CASE("config: a file that others may write, or that is none, is refused", "[config]") {
    const TempDir dir;
    write(dir / "x.toml", "");
    REQUIRE(chmod((dir / "x.toml").c_str(), 0646) == 0);
    CHECK(std::get<ConfigError>(load(dir / "x.toml")).message.find("chmod o-w") !=
          std::string::npos);
    CHECK(std::get<ConfigError>(load(dir.path())).message == "is not a file");
    write(dir / "large.toml", std::string((1 << 20) + 1, '#'));
    CHECK(std::get<ConfigError>(load(dir / "large.toml")).message == "is larger than 1 MiB");
}

TEST_CASE("config: the example loads, has the defaults, and names every key", "[config]") {
    const std::string text = read(NACRE_EXAMPLE_CONFIG);
    const Config config = std::get<Config>(load(NACRE_EXAMPLE_CONFIG));
    CHECK(config.environment.name == "production");
    std::string section;
    std::vector<std::string> named;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("[")) section = line.substr(1, line.find(']') - 1) + ".";
        if (line.starts_with("#")) line.erase(0, 1);
        const std::size_t equals = line.find(" = ");
        if (equals != line.npos && line.find(' ') == equals)
            named.push_back(section + line.substr(0, equals));
    }
    CHECK(named == known_keys());
}

TEST_CASE("config: the example's commented values are allowed ones", "[config]") {
    const TempDir dir;
    write(dir / "ca.pem", "-----BEGIN CERTIFICATE-----\n");
    std::istringstream lines{read(NACRE_EXAMPLE_CONFIG)};
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        if (line == "name = \"production\"") line = "name = \"custom\"";
        const bool commented =
            line.starts_with("#") && line.find(" = ") != line.npos && line[1] != ' ';
        text += (commented ? line.substr(1) : line) + "\n";
    }
    write(dir / "x.toml", text);
    const Loaded loaded = load(dir / "x.toml");
    if (const auto* error = std::get_if<ConfigError>(&loaded)) FAIL(error->text());
    CHECK(std::get<Config>(loaded).proxy.url == "socks5h://127.0.0.1:9050");
}
