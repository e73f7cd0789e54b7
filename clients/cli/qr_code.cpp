#include "clients/cli/qr_code.h"

#include <qrencode.h>

#include <cerrno>
#include <memory>

namespace nacre::cli {
namespace {

constexpr int kQuiet = 4;
// Black on bright white.
constexpr std::string_view kColours = "\x1b[30;107m";
constexpr std::string_view kNoColours = "\x1b[0m";

// What is printed in the foreground of one character: nothing, the upper, the lower half, both.
constexpr std::string_view kHalves[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};

}  // namespace

Result<QrModules> encode_qr(std::string_view text) {
    const std::string copy{text};
    // Low redundancy keeps it small: a screen is a clean surface.
    const std::unique_ptr<QRcode, void (*)(QRcode*)> code{
        QRcode_encodeString8bit(copy.c_str(), 0, QR_ECLEVEL_L), QRcode_free};
    if (code == nullptr) {
        if (errno == ENOMEM) return os_error("QR code", ENOMEM);
        return Error{ErrorCode::invalid_argument, "QR code"};
    }
    const auto size = static_cast<std::size_t>(code->width);
    QrModules modules(size, std::vector<bool>(size));
    for (std::size_t y = 0; y < size; ++y) {
        for (std::size_t x = 0; x < size; ++x) {
            modules[y][x] = (code->data[y * size + x] & 1U) != 0;
        }
    }
    return modules;
}

std::vector<std::string> draw_qr(const QrModules& modules, bool colours) {
    const int size = static_cast<int>(modules.size());
    const auto dark = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= size || y >= size) return false;
        return static_cast<bool>(modules[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]);
    };
    std::vector<std::string> lines;
    for (int y = -kQuiet; y < size + kQuiet; y += 2) {
        std::string line{colours ? kColours : ""};
        for (int x = -kQuiet; x < size + kQuiet; ++x) {
            // Foreground is dark with colours, light without.
            const bool upper = dark(x, y) == colours;
            const bool lower = dark(x, y + 1) == colours;
            line += kHalves[(upper ? 1 : 0) + (lower ? 2 : 0)];
        }
        if (colours) line += kNoColours;
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace nacre::cli
