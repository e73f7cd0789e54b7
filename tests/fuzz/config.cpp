// Goal: no configuration file makes the parser fail otherwise than with an error that can be
// printed.
#include <cstdlib>
#include <string_view>

#include "daemon/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nacre;
    const auto loaded = config::parse(as_text({data, size}), "/nonexistent/x.toml");
    if (const auto* error = std::get_if<config::ConfigError>(&loaded)) {
        if (error->text().empty() || error->line < 0) std::abort();
    }
    return 0;
}
