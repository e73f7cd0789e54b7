// Output: results on standard output, everything else on standard error, for people or for
// programs.
//
// Layer:   clients/cli.
// Secrets: message text, on purpose. What came from others is made safe first (terminal_text.h).
// Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/json.h"

namespace nacre::cli {

class Output {
public:
    explicit Output(bool json);

    bool json() const { return json_; }
    // Whether standard output takes colours and cursor movements.
    bool colours() const { return colours_; }

    void line(std::string_view text) const;
    void object(const JsonObject& object) const { line(object.text()); }
    // On standard error; nothing with --json.
    void note(std::string_view text) const;
    void error(std::string_view reason, std::string_view sentence, int exit_code) const;

    std::string bold(std::string_view text) const;
    std::string dim(std::string_view text) const;

    // False when standard output did not take everything.
    static bool close();

private:
    bool json_;
    bool colours_;
};

// Rows of safe text in aligned columns, two spaces apart; the last column is not filled up.
std::vector<std::string> align(const std::vector<std::vector<std::string>>& rows,
                               std::size_t widest = 32);

}  // namespace nacre::cli
