// SoftwareTpm: a TPM 2.0 of the test's own, by swtpm, on a socket in a folder of its own; and what
// its owner would do to it with tpm2-tools.
#pragma once

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "api/tpm/address.h"
#include "tests/support/temp_dir.h"

extern char** environ;

namespace nacre::tests {

class SoftwareTpm {
public:
    SoftwareTpm() {
        start();
    }
    SoftwareTpm(const SoftwareTpm&) = delete;
    SoftwareTpm& operator=(const SoftwareTpm&) = delete;
    ~SoftwareTpm() { stop(); }

    // For tpm2-tss.
    std::string address() const { return "swtpm:path=" + socket_path(); }
    tpm::Address place() const { return *tpm::parse_address(address()); }

    // As a boot would: the registers begin anew, what is sealed stays.
    void restart() {
        stop();
        start();
    }

    // A command of tpm2-tools; true if it succeeded.
    bool run(std::vector<std::string> command) const {
        command.insert(command.begin() + 1, {"-T", address()});
        return wait_for(spawn(command)) == 0;
    }

    bool extend(int number) const {
        return run({"tpm2_pcrextend", std::to_string(number) + ":sha256=" + std::string(64, 'a')});
    }

private:
    std::string socket_path() const { return (folder_ / "tpm").string(); }

    static pid_t spawn(const std::vector<std::string>& command) {
        std::vector<char*> arguments;
        for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
        }
        pid_t child = -1;
        const int failed =
            posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) throw std::runtime_error{command[0] + " is missing: scripts/setup"};
        return child;
    }

    static int wait_for(pid_t child) {
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    bool answers() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = socket_path();
        std::copy_n(path.c_str(), std::min(path.size() + 1, sizeof address.sun_path - 1),
                    address.sun_path);
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool connected =
            connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        close(fd);
        return connected;
    }

    void start() {
        unlink(socket_path().c_str());
        process_ = spawn({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder_.path().string(),
                          "--server", "type=unixio,path=" + socket_path(), "--ctrl",
                          "type=unixio,path=" + socket_path() + ".ctrl", "--flags",
                          "not-need-init,startup-clear"});
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (!answers()) {
            if (waitpid(process_, nullptr, WNOHANG) != 0) throw std::runtime_error{"swtpm ended"};
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"swtpm is mute"};
            std::this_thread::sleep_for(std::chrono::milliseconds{2});
        }
    }

    void stop() {
        kill(process_, SIGTERM);
        waitpid(process_, nullptr, 0);
    }

    TempDir folder_;
    pid_t process_ = -1;
};

}  // namespace nacre::tests
