#include "clients/common/slot_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <utility>

#include "clients/common/closing.h"

namespace nacre::client {
namespace {

// A little more than the program gives itself.
constexpr int kMostMs = 130'000;
constexpr int kWipeMs = 1'000;

// Beside this program, from where it runs; installed, among the daemon's.
Result<std::string> program_path() {
    std::array<char, PATH_MAX> own{};
    const ssize_t length = readlink("/proc/self/exe", own.data(), own.size());
    if (length <= 0) return os_error("find own executable", errno);
    const std::filesystem::path folder =
        std::filesystem::path{std::string{own.data(), static_cast<std::size_t>(length)}}.parent_path();
    std::filesystem::path beside = folder / "nacre-slot";
    if (access(beside.c_str(), X_OK) == 0) return beside.string();
    std::filesystem::path installed = folder.parent_path() / "libexec/nacre/nacre-slot";
    if (access(installed.c_str(), X_OK) == 0) return installed.string();
    return Error{ErrorCode::unsupported, "find nacre-slot"};
}

// It has our end of the socket pair as descriptor 3 and, but for errors, nothing else of ours. It ends
// with us, and is waited for by closing that.
Result<void> spawn(const std::string& path, const std::string& address, int descriptor) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, descriptor, tpm::kSocketDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&actions, tpm::kSocketDescriptor + 1);
    std::array arguments{const_cast<char*>(path.c_str()), const_cast<char*>(address.c_str()),
                         static_cast<char*>(nullptr)};
    std::array<char*, 1> no_environment{};
    pid_t pid = -1;
    const int failed = posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(),
                                   no_environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return os_error("start nacre-slot", failed);
    return {};
}

Result<void> send_message(int fd, ByteView bytes) {
    if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
        return os_error("ask nacre-slot", errno);
    }
    return {};
}

Result<void> wait_for_message(int fd, int most_ms = kMostMs) {
    pollfd waiting{fd, POLLIN, 0};
    int ready = 0;
    do {
        ready = poll(&waiting, 1, most_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) return Error{ErrorCode::timed_out, "wait for nacre-slot"};
    if (ready < 0) return os_error("wait for nacre-slot", errno);
    return {};
}

Result<tpm::Reply> receive_reply(int fd) {
    NACRE_TRY(wait_for_message(fd));
    std::array<std::uint8_t, tpm::kMostMessageBytes + 1> buffer{};
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return os_error("hear nacre-slot", errno);
    if (got == 0) return Error{ErrorCode::io_failed, "hear nacre-slot: it ended"};
    return tpm::parse_reply({buffer.data(), static_cast<std::size_t>(got)});
}

}  // namespace

Result<SlotProgram> SlotProgram::start(const std::string& address) {
    const std::string path = NACRE_TRY(program_path());
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return os_error("make a socket pair", errno);
    }
    SlotProgram program{ends[0]};
    const Closing closing_theirs{ends[1]};
    NACRE_TRY(spawn(path, address, ends[1]));
    return program;
}

SlotProgram::SlotProgram(SlotProgram&& other) noexcept : socket_{std::exchange(other.socket_, -1)} {}

SlotProgram::~SlotProgram() {
    if (socket_ < 0) return;
    const Closing closing{socket_};
    shutdown(socket_, SHUT_WR);
    (void)wait_for_message(socket_, kWipeMs);  // its end closes with the process
}

Result<SlotAnswer> SlotProgram::ask(const tpm::Request& request, const Passphrase* passphrase) {
    NACRE_TRY(send_message(socket_, serialize(request)));
    if (passphrase != nullptr) NACRE_TRY(send_message(socket_, passphrase->view()));
    SlotAnswer answer{NACRE_TRY(receive_reply(socket_)), {}};
    if (answer.reply.failed) return answer;
    NACRE_TRY(wait_for_message(socket_));
    answer.secret = NACRE_TRY(Passphrase::receive(socket_));
    return answer;
}

}  // namespace nacre::client
