#include "clients/common/passphrase.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "clients/common/closing.h"
#include "clients/common/unix_socket.h"

namespace nacre::client {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

// For the signal handler, which may touch nothing else.
volatile sig_atomic_t g_terminal = -1;
termios g_before;

std::array<struct sigaction, kSignals.size()> g_actions;

void restore_and_go_on(int signal) {
    if (g_terminal >= 0) tcsetattr(g_terminal, TCSANOW, &g_before);
    // What would have happened without us: the command wipes its memory.
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        if (kSignals[i] == signal) sigaction(signal, &g_actions[i], nullptr);
    }
    raise(signal);
}

// The terminal without echo, until the end of this object.
class Silence {
public:
    explicit Silence(int fd) : fd_{fd} {}
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

    Result<void> begin() {
        if (tcgetattr(fd_, &g_before) != 0) return os_error("terminal", errno);
        g_terminal = fd_;
        struct sigaction action{};
        action.sa_handler = restore_and_go_on;
        action.sa_flags = SA_NODEFER;
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            sigaction(kSignals[i], &action, &g_actions[i]);
        }
        begun_ = true;
        termios silent = g_before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        // Flushes what was typed ahead: it was echoed.
        if (tcsetattr(fd_, TCSAFLUSH, &silent) != 0) return os_error("terminal", errno);
        return {};
    }

    ~Silence() {
        if (!begun_) return;
        tcsetattr(fd_, TCSAFLUSH, &g_before);
        g_terminal = -1;
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            sigaction(kSignals[i], &g_actions[i], nullptr);
        }
    }

private:
    int fd_;
    bool begun_ = false;
};

}  // namespace

Result<Passphrase> prompt_passphrase(std::string_view question) {
    const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) return Error{ErrorCode::unavailable, "no terminal", errno};
    const Closing closing{terminal};
    Silence silence{terminal};
    NACRE_TRY(silence.begin());
    // A question that cannot be shown is one that nobody answers.
    if (write(terminal, question.data(), question.size()) < 0) return os_error("terminal", errno);
    return Passphrase::read_line(terminal);
}

Result<void> send_passphrase(const std::filesystem::path& secret_socket, std::string_view ticket,
                             const Passphrase& passphrase) {
    const int fd = NACRE_TRY(connect_unix(secret_socket));
    const Closing closing{fd};
    const ByteView secret = passphrase.view();
    // Straight from the arena: no buffer of ours holds the two together.
    std::array parts{
        iovec{const_cast<char*>(ticket.data()), ticket.size()},
        iovec{const_cast<std::uint8_t*>(secret.data()), secret.size()},
    };
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) return os_error("secret socket", errno);
    // About a kilobyte into an empty socket buffer goes at once.
    if (static_cast<std::size_t>(sent) != ticket.size() + secret.size()) {
        return Error{ErrorCode::io_failed, "secret socket"};
    }
    if (shutdown(fd, SHUT_WR) != 0) return os_error("secret socket", errno);
    return {};
}

}  // namespace nacre::client
