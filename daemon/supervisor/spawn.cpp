#include "daemon/supervisor/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "api/base/log.h"
#include "daemon/base/credential.h"

namespace nacre::supervisor {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kOutOfTheWay = 64;  // above any number that a child's descriptors get
constexpr int kNotExecuted = 127;

std::string environment_name(std::string_view variable) {
    return std::string{variable.substr(0, variable.find('='))};
}

// Puts the descriptors to 3, 4, …; without close-on-exec, as dup2 leaves them.
bool place_descriptors(const std::vector<Inherited>& descriptors) {
    std::vector<int> copies;
    for (const Inherited& item : descriptors) {
        copies.push_back(fcntl(item.descriptor, F_DUPFD_CLOEXEC, kOutOfTheWay));
        if (copies.back() < 0) return false;
    }
    for (std::size_t i = 0; i < copies.size(); ++i) {
        if (dup2(copies[i], kFirstDescriptor + static_cast<int>(i)) < 0) return false;
    }
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO;
}

void reset_signals() {
    sigset_t blocked;
    sigemptyset(&blocked);
    // "Lock" may come before the child listens for it, and must not kill it but wait.
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
}

std::vector<std::string> child_environment(const Program& program,
                                           const std::vector<Inherited>& descriptors) {
    std::vector<std::string> made = program.variables;
    for (char** item = environ; *item != nullptr; ++item) {
        if (passes_on(*item)) made.emplace_back(*item);
    }
    std::string names;
    for (const Inherited& item : descriptors)
        names.append(names.empty() ? "" : ":").append(item.name);
    made.push_back("LISTEN_PID=" + std::to_string(getpid()));
    made.push_back("LISTEN_FDS=" + std::to_string(descriptors.size()));
    made.push_back("LISTEN_FDNAMES=" + names);
    return made;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> made;
    for (std::string& text : texts) made.push_back(text.data());
    made.push_back(nullptr);
    return made;
}

[[noreturn]] void become(const Program& program, const std::vector<Inherited>& descriptors,
                         pid_t parent) {
    if (program.mounts != nullptr) {
        const Result<void> entered = program.mounts->enter();
        // It shows in the status, and the filter holds without them.
        if (!entered.ok()) log::write(log::Level::warning, "start child", entered.error());
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(0);  // it died before prctl
    reset_signals();
    if (!place_descriptors(descriptors)) {
        log::write(log::Level::error, "start child", os_error("place descriptors", errno));
        _exit(kNotExecuted);
    }
    std::vector<std::string> arguments{program.path};
    arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
    std::vector<std::string> variables = child_environment(program, descriptors);
    execve(program.path.c_str(), pointers(arguments).data(), pointers(variables).data());
    log::write(log::Level::error, "start child", os_error("execute", errno));
    _exit(kNotExecuted);
}

}  // namespace

bool passes_on(std::string_view variable) {
    static constexpr std::array<std::string_view, 11> kDropped{
        "NOTIFY_SOCKET", "LISTEN_PID",   "LISTEN_FDS",   "LISTEN_FDNAMES",
        "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF",
        "CURL_CA_BUNDLE", "WATCHDOG_USEC", daemon::kCredentialsVariable};
    std::string name = environment_name(variable);
    if (std::find(kDropped.begin(), kDropped.end(), name) != kDropped.end()) return false;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return !name.starts_with("grpc_") && !name.ends_with("_proxy");
}

Result<Process> spawn(const Program& program, const std::vector<Inherited>& descriptors) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return os_error("fork", errno);
    if (child == 0) become(program, descriptors, parent);
    Process made{child, daemon::Descriptor{static_cast<int>(syscall(SYS_pidfd_open, child, 0))}};
    if (made.pidfd) return made;
    const Error error = os_error("pidfd_open", errno);
    kill(child, SIGKILL);
    return error;
}

}  // namespace nacre::supervisor
