// QR codes for a terminal: two rows of modules a line, in half blocks.
//
// Layer:   clients/cli.
// Secrets: a link URI is shown on purpose; it works once, for about a minute.
// Errors:  invalid_argument: too long for a QR code; resource_exhausted.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/base/result.h"

namespace nacre::cli {

// Each inner vector is a row, true a dark module; no quiet zone.
using QrModules = std::vector<std::vector<bool>>;

Result<QrModules> encode_qr(std::string_view text);

// Lines without line ends, with the quiet zone of four modules that scanners ask for. With
// `colours`, dark on white whatever the terminal's colours; without, for terminals with light text
// on dark ground.
std::vector<std::string> draw_qr(const QrModules& modules, bool colours);

}  // namespace nacre::cli
