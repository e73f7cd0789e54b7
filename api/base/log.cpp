#include "api/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace nacre::log {
namespace {

const char* g_process = "nacre";
Level g_most = Level::info;
int g_output = STDERR_FILENO;

// A fixed buffer: a log line must not allocate where memory is being wiped or has run out.
class Line {
public:
    void add(std::string_view text) {
        const auto count = std::min(text.size(), sizeof text_ - 1 - length_);
        std::copy_n(text.data(), count, text_ + length_);
        length_ += count;
    }

    void add(long long value) {
        char digits[24];
        const int count = std::snprintf(digits, sizeof digits, "%lld", value);
        add({digits, static_cast<std::size_t>(count)});
    }

    void send() {
        text_[length_++] = '\n';
        // A full or closed stderr loses the line; there is nowhere to say so.
        [[maybe_unused]] const auto written = ::write(g_output, text_, length_);
    }

private:
    char text_[512];
    std::size_t length_ = 0;
};

Line begin(Level level, Literal what) {
    Line line;
    // systemd's journal takes "<N>" as the priority; a terminal reader is spared it.
    if (isatty(g_output) == 0) {
        line.add("<");
        line.add(static_cast<long long>(level));
        line.add(">");
    }
    line.add(g_process);
    line.add(": ");
    line.add(what.c_str());
    return line;
}

}  // namespace

void open(Literal process, Level most) {
    g_process = process.c_str();
    g_most = most;
}

void silence_others() {
#ifndef NACRE_SANITIZED
    const int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (own < 0 || nowhere < 0) return;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    g_output = own;
#endif
}

void write(Level level, Literal what, std::initializer_list<Field> fields) {
    if (level > g_most) return;
    Line line = begin(level, what);
    for (const Field& item : fields) {
        line.add(" ");
        line.add(item.key.c_str());
        line.add("=");
        line.add(item.value);
    }
    line.send();
}

void write(Level level, Literal what, const Error& error) {
    if (level > g_most) return;
    Line line = begin(level, what);
    line.add(": ");
    line.add(to_string(error.code));
    line.add(" at ");
    line.add(error.where.c_str());
    if (error.os_error != 0) {
        line.add(" errno=");
        line.add(static_cast<long long>(error.os_error));
    }
    if (error.name[0] != '\0') {
        line.add(" signal=");
        line.add(error.name);
    }
    line.send();
}

}  // namespace nacre::log
