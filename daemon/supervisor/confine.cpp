#include "daemon/supervisor/confine.h"

#include <array>
#include <cstdlib>

#include "api/base/log.h"
#include "daemon/config/url.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"

namespace nacre::supervisor {
namespace {

constexpr std::uint16_t kDns = 53;

std::vector<std::uint16_t> ports_of(const config::Config& config) {
    if (!config.proxy.url.empty()) return {kDns, config::port_of(config.proxy.url)};
    std::vector<std::uint16_t> ports{kDns, config::port_of(config.environment.chat_url),
                                     config::port_of(config.environment.storage_url)};
    for (const auto& [number, url] : config.environment.cdn_urls)
        ports.push_back(config::port_of(url));
    return ports;
}

}  // namespace

std::optional<sandbox::PrivateMounts> hide_buses(const config::Places& places) {
    const std::array needed{places.config, places.state, places.bin,
                            std::filesystem::path{NACRE_LIBSIGNAL_ADDON}};
    auto made = sandbox::PrivateMounts::make(needed);
    if (made.ok()) return std::move(made).value();
    log::write(log::Level::debug, "the courier sees the buses' sockets", made.error());
    return std::nullopt;
}

Result<void> confine(const config::Places& places, const config::Config& config) {
    sandbox::Grants grants{{{"state", places.state},
                            {"runtime", places.runtime},
                            {"bin", places.bin},
                            {"config", places.config.parent_path()},
                            {"config", config.environment.ca_file},
                            {"addon", NACRE_LIBSIGNAL_ADDON},
                            {"addon", places.bin.parent_path() / "lib/nacre"},
                            {"addon", places.bin.parent_path().parent_path() / "lib/nacre"}},
                           ports_of(config)};
    if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr && *folder == '/')
        grants.places.push_back({"credentials", folder});
    NACRE_TRY(sandbox::restrict_access(sandbox::Process::nacred, grants));
    NACRE_TRY(sandbox::filter_calls(sandbox::Process::nacred));
    return {};
}

}  // namespace nacre::supervisor
