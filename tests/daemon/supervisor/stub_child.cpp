// Plays nacre-vaultd, nacre-courier, nacre-sentry or nacre-overwrite for nacred_test: does what the test
// says over a socket, and tells it what happens. NACRE_STUB names the socket.
#include <poll.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "daemon/base/control.h"
#include "daemon/base/credential.h"
#include "daemon/base/listen_fds.h"
#include "daemon/base/lock_signal.h"
#include "daemon/base/stop_signal.h"
#include "daemon/base/supervision.h"
#include "daemon/overwrite/progress.h"

namespace {

using namespace nacre;
using daemon::Descriptor;

Descriptor connect_to_test() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = std::getenv("NACRE_STUB");
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Descriptor fd{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(90);
    return fd;
}

std::string receive(int fd) {
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    return {bytes, count > 0 ? static_cast<std::size_t>(count) : 0};
}

Descriptor memfd_of(const std::string& text) {
    Descriptor fd{memfd_create("login", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    (void)daemon::write_all(fd.get(), as_bytes(text));
    return fd;
}

std::string content(int fd) {
    char bytes[256];
    const ssize_t count = pread(fd, bytes, sizeof bytes, 0);
    return count >= 0 ? std::string{bytes, static_cast<std::size_t>(count)} : "?";
}

class Stub {
public:
    explicit Stub(daemon::ListenFds fds)
        : api_{fds.take("api")},
          secret_{fds.take("secret")},
          lock_{fds.take("lock")},
          login_{fds.take("login")},
          credential_{fds.take(daemon::kLoginCredentialFd)},
          progress_{fds.take(overwrite::kProgressName)},
          supervision_{daemon::Supervision::inherit(fds).value()} {
        tell("start " NACRE_STUB_NAME " " + std::to_string(getpid()) + (api_ ? " api" : "") +
             (secret_ ? " secret" : "") + (lock_ ? " lock" : "") + (login_ ? " login=" + content(login_.get()) : "") +
             (credential_ ? " credential=" + content(credential_.get()) : "") +
             (std::getenv(daemon::kCredentialsVariable) != nullptr ? " credentials" : ""));
    }

    [[noreturn]] void run() {
        for (;;) {
            pollfd items[] = {{test_.get(), POLLIN, 0},
                              {supervision_.control(), POLLIN, 0},
                              {deaf_ ? -1 : stop_.fd(), POLLIN, 0},
                              {link_.get(), POLLIN, 0},
                              {lock_signal_.fd(), POLLIN, 0}};
            if (poll(items, std::size(items), -1) < 0) continue;
            if (items[0].revents != 0) obey(receive(test_.get()));
            if (items[1].revents != 0) read_control();
            if (items[2].revents != 0) _exit(0);
            if (items[4].revents != 0 && lock_signal_.take()) tell("told to lock");
            if (items[3].revents != 0) read_link();
        }
    }

private:
    void tell(const std::string& text) const {
        (void)daemon::write_all(test_.get(), as_bytes(text));
    }

    void obey(const std::string& order) {
        const std::string verb = order.substr(0, order.find(' '));
        const std::string rest = order.size() > verb.size() ? order.substr(verb.size() + 1) : "";
        if (order.empty()) _exit(0);
        if (verb == "ready") (void)supervision_.ready();
        if (verb == "keep") (void)supervision_.keep_login(memfd_of(rest).get());
        if (verb == "forget") (void)supervision_.forget_login();
        if (verb == "unlock") (void)supervision_.unlocked();
        if (verb == "overwrite") overwrite_to(std::stoi(rest));
        if (verb == "progress") tell_progress();
        if (verb == "exit") _exit(std::stoi(rest));
        if (verb == "deaf") deaf_ = true;
        if (verb == "say") (void)daemon::write_all(link_.get(), as_bytes(rest));
        if (verb == "accept") accept_one();
        if (verb == "want_link") (void)supervision_.want_link();
        if (verb == "garbage") (void)send(supervision_.control(), "?", 1, 0);
        if (verb == "lock") {
            (void)supervision_.locking();
            _exit(0);
        }
        tell("done " + verb);
    }

    void overwrite_to(int percent) const {
        using State = overwrite::Progress::State;
        overwrite::write_progress(progress_.get(), {percent == 100 ? State::done : State::running,
                                                    static_cast<std::uint8_t>(percent)});
    }

    void tell_progress() const {
        static constexpr const char* kStates[] = {"none", "running", "done", "ended early"};
        const auto now = overwrite::read_progress(progress_.get());
        tell(std::string{"progress: "} + kStates[static_cast<int>(now.state)] + " " +
             std::to_string(now.percent));
    }

    void accept_one() const {
        const Descriptor client{accept4(api_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        (void)daemon::write_all(client.get(), as_bytes("served"));
    }

    void read_control() {
        auto message = daemon::receive_control(supervision_.control());
        if (!message.ok() || !*message) {
            if (deaf_) return;
            _exit(0);
        }
        link_ = std::move((**message).descriptor);
        tell("link");
    }

    void read_link() {
        const std::string heard = receive(link_.get());
        if (heard.empty()) link_.reset();
        tell(heard.empty() ? "link closed" : "heard " + heard);
    }

    daemon::StopSignal stop_ = daemon::StopSignal::open().value();
    daemon::LockSignal lock_signal_ = daemon::LockSignal::open().value();
    Descriptor test_ = connect_to_test();
    Descriptor api_;
    Descriptor secret_;
    Descriptor lock_;
    Descriptor login_;
    Descriptor credential_;
    Descriptor progress_;
    Descriptor link_;
    daemon::Supervision supervision_;
    bool deaf_ = false;
};

}  // namespace

int main() { Stub{daemon::ListenFds::inherit()}.run(); }
