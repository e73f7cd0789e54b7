// attack PID ATTEMPT [ARGUMENT…]: makes a running process try something, as if it had been taken over,
// and says what came of it: "done", "refused ERRNO", or "killed SIGNAL". Needs root. In place of PID a
// program's path: it is started with the argument 1 and attacked as soon as it has a filter.
//
// The calls are put into the process's main thread by ptrace, where it stands in a system call; the
// kernel judges them as the process's own. So what is tried are the product's binaries, unchanged.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Killed {
    int signal;
};

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "attack: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

class Victim {
public:
    explicit Victim(pid_t pid) : pid_{pid} {
        constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
        if (ptrace(PTRACE_SEIZE, pid_, nullptr, kOptions) != 0) fail("attach");
        kill(pid_, SIGCONT);
        stop_in_call();
        // From now on children are seen, and ended.
        constexpr long kChildren = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
        if (ptrace(PTRACE_SETOPTIONS, pid_, nullptr, kOptions | kChildren) != 0) fail("options");
        scratch_ = (before_.rsp - 16384) & ~0xfffULL;
    }

    // Puts bytes where the process can point at them.
    std::uint64_t put(const void* bytes, std::size_t size) {
        const std::uint64_t at = scratch_ + used_;
        used_ += (size + 15) & ~std::size_t{15};
        const iovec from{const_cast<void*>(bytes), size};
        const iovec to{reinterpret_cast<void*>(at), size};
        if (process_vm_writev(pid_, &from, 1, &to, 1, 0) != static_cast<ssize_t>(size)) fail("write");
        return at;
    }
    std::uint64_t put(const std::string& text) { return put(text.c_str(), text.size() + 1); }

    // The call's result, below zero an errno. Throws Killed.
    long call(long number, std::vector<std::uint64_t> arguments) {
        arguments.resize(6);
        user_regs_struct registers = before_;
        registers.rip -= 2;  // the instruction that it stands behind
        registers.rax = static_cast<std::uint64_t>(number);
        registers.orig_rax = ~0ULL;
        registers.rdi = arguments[0];
        registers.rsi = arguments[1];
        registers.rdx = arguments[2];
        registers.r10 = arguments[3];
        registers.r8 = arguments[4];
        registers.r9 = arguments[5];
        if (ptrace(PTRACE_SETREGS, pid_, nullptr, &registers) != 0) fail("set registers");
        run_to_call_stop();  // entry
        run_to_call_stop();  // exit
        if (ptrace(PTRACE_GETREGS, pid_, nullptr, &registers) != 0) fail("get registers");
        // A filter's signal kills behind the call.
        if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) fail("step");
        while (WSTOPSIG(wait()) != SIGTRAP) ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr);
        return static_cast<long>(registers.rax);
    }

    // As if nothing had been: the interrupted call goes on.
    void release() {
        ptrace(PTRACE_SETREGS, pid_, nullptr, &before_);
        ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
    }

private:
    // In the call that it waits in, or else behind its next one.
    void stop_in_call() {
        if (ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) != 0) fail("interrupt");
        while (wait() >> 16 != PTRACE_EVENT_STOP) ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
        while (!is_filtered() || !stands_behind_call()) {
            run_to_call_stop();
            run_to_call_stop();
        }
    }

    bool stands_behind_call() {
        if (ptrace(PTRACE_GETREGS, pid_, nullptr, &before_) != 0) fail("get registers");
        const long code = ptrace(PTRACE_PEEKTEXT, pid_, before_.rip - 2, nullptr);
        return static_cast<long>(before_.orig_rax) >= 0 && (code & 0xffff) == 0x050f;
    }

    bool is_filtered() const {
        std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
        for (std::string line; std::getline(status, line);)
            if (line == "Seccomp:\t2") return true;
        return false;
    }

    int wait() {
        int status = 0;
        if (waitpid(pid_, &status, __WALL) != pid_) fail("wait");
        if (WIFSIGNALED(status)) throw Killed{WTERMSIG(status)};
        if (WIFEXITED(status)) throw Killed{0};
        return status;
    }

    void run_to_call_stop() {
        int signal = 0;
        for (;;) {
            if (ptrace(PTRACE_SYSCALL, pid_, nullptr, signal) != 0) fail("go on");
            const int status = wait();
            if (WSTOPSIG(status) == (SIGTRAP | 0x80)) return;
            signal = 0;
            const int event = status >> 16;
            if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
                unsigned long child = 0;
                ptrace(PTRACE_GETEVENTMSG, pid_, nullptr, &child);
                kill(static_cast<pid_t>(child), SIGKILL);
                waitpid(static_cast<pid_t>(child), nullptr, __WALL);
            } else if (event == 0 && WSTOPSIG(status) == SIGSYS) {
                signal = SIGSYS;  // a test binary's filter
            }
        }
    }

    pid_t pid_;
    user_regs_struct before_{};
    std::uint64_t scratch_ = 0;
    std::size_t used_ = 0;
};

using Words = std::vector<std::string>;
using Attempt = std::function<long(Victim&, const Words&)>;

std::uint64_t number(const std::string& word) { return std::strtoull(word.c_str(), nullptr, 10); }

// A socket, and with it what `use` does; the socket does not stay.
long with_socket(Victim& victim, int family, int type, const std::function<long(std::uint64_t)>& use,
                 int protocol = 0) {
    const long made = victim.call(SYS_socket, {static_cast<std::uint64_t>(family),
                                               static_cast<std::uint64_t>(type),
                                               static_cast<std::uint64_t>(protocol)});
    if (made < 0) return made;
    const long result = use(static_cast<std::uint64_t>(made));
    victim.call(SYS_close, {static_cast<std::uint64_t>(made)});
    return result;
}

sockaddr_in loopback(const std::string& port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(number(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

long connect_unix(Victim& victim, const std::string& path, bool abstract) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path + (abstract ? 1 : 0), sizeof address.sun_path - 2);
    const std::size_t length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    const std::uint64_t at = victim.put(&address, sizeof address);
    return with_socket(victim, AF_UNIX, SOCK_STREAM, [&](std::uint64_t socket) {
        return victim.call(SYS_connect, {socket, at, length});
    });
}

long map(Victim& victim, int protection) {
    return victim.call(SYS_mmap, {0, 4096, static_cast<std::uint64_t>(protection),
                                  MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0});
}

long read_memory(Victim& victim, const std::string& pid) {
    const std::uint64_t own[2] = {victim.put("here"), 1};
    const std::uint64_t other[2] = {0x400000, 1};
    return victim.call(SYS_process_vm_readv,
                       {number(pid), victim.put(own, sizeof own), 1, victim.put(other, sizeof other), 1, 0});
}

long open_file(Victim& victim, const std::string& path, int flags) {
    return victim.call(SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), victim.put(path),
                                    static_cast<std::uint64_t>(flags), 0600});
}

const std::map<std::string, Attempt>& attempts() {
    static const std::map<std::string, Attempt> kAttempts{
        {"open", [](Victim& v, const Words& w) { return open_file(v, w.at(0), O_RDONLY); }},
        {"write", [](Victim& v, const Words& w) { return open_file(v, w.at(0), O_WRONLY | O_CREAT); }},
        {"fastopen", [](Victim& v, const Words& w) {
             const sockaddr_in address = loopback(w.at(0));
             const std::uint64_t at = v.put(&address, sizeof address);
             const std::uint64_t text = v.put("x");
             return with_socket(v, AF_INET, SOCK_STREAM, [&](std::uint64_t socket) {
                 return std::min(0L, v.call(SYS_sendto, {socket, text, 1, MSG_FASTOPEN, at, sizeof address}));
             });
         }},
        {"mptcp", [](Victim& v, const Words& w) {
             const sockaddr_in address = loopback(w.at(0));
             const std::uint64_t at = v.put(&address, sizeof address);
             return with_socket(
                 v, AF_INET, SOCK_STREAM,
                 [&](std::uint64_t socket) { return v.call(SYS_connect, {socket, at, sizeof address}); },
                 IPPROTO_MPTCP);
         }},
        {"tcp", [](Victim& v, const Words& w) {
             const sockaddr_in address = loopback(w.at(0));
             const std::uint64_t at = v.put(&address, sizeof address);
             return with_socket(v, AF_INET, SOCK_STREAM, [&](std::uint64_t socket) {
                 return v.call(SYS_connect, {socket, at, sizeof address});
             });
         }},
        {"listen", [](Victim& v, const Words&) {
             const sockaddr_in address = loopback("0");
             const std::uint64_t at = v.put(&address, sizeof address);
             return with_socket(v, AF_INET, SOCK_STREAM, [&](std::uint64_t socket) {
                 return v.call(SYS_bind, {socket, at, sizeof address});
             });
         }},
        {"udp", [](Victim& v, const Words& w) {
             const sockaddr_in address = loopback(w.at(0));
             const std::uint64_t at = v.put(&address, sizeof address);
             return with_socket(v, AF_INET, SOCK_DGRAM, [&](std::uint64_t socket) {
                 return v.call(SYS_sendto, {socket, at, 1, MSG_NOSIGNAL, at, sizeof address});
             });
         }},
        {"unix", [](Victim& v, const Words& w) { return connect_unix(v, w.at(0), false); }},
        {"abstract", [](Victim& v, const Words& w) { return connect_unix(v, w.at(0), true); }},
        {"exec", [](Victim& v, const Words& w) {
             const std::uint64_t path = v.put(w.at(0));
             const std::uint64_t list[2] = {path, 0};
             const std::uint64_t nothing = 0;
             return v.call(SYS_execve, {path, v.put(list, sizeof list), v.put(&nothing, sizeof nothing)});
         }},
        {"fork", [](Victim& v, const Words&) { return v.call(SYS_clone, {SIGCHLD, 0, 0, 0, 0}); }},
        {"ptrace", [](Victim& v, const Words& w) {
             return v.call(SYS_ptrace, {PTRACE_SEIZE, number(w.at(0)), 0, 0});
         }},
        {"read-memory", [](Victim& v, const Words& w) { return read_memory(v, w.at(0)); }},
        {"open-memory", [](Victim& v, const Words& w) {
             return open_file(v, "/proc/" + w.at(0) + "/mem", O_RDONLY);
         }},
        {"signal", [](Victim& v, const Words& w) { return v.call(SYS_kill, {number(w.at(0)), SIGWINCH}); }},
        {"map-code", [](Victim& v, const Words&) { return map(v, PROT_READ | PROT_WRITE | PROT_EXEC); }},
        {"make-code", [](Victim& v, const Words&) {
             const long at = map(v, PROT_READ | PROT_WRITE);
             if (at < 0 && at > -4096) return at;
             return v.call(SYS_mprotect, {static_cast<std::uint64_t>(at), 4096, PROT_READ | PROT_EXEC});
         }},
        {"namespace", [](Victim& v, const Words&) { return v.call(SYS_unshare, {CLONE_NEWUSER}); }},
        {"io_uring", [](Victim& v, const Words&) { return v.call(SYS_io_uring_setup, {1, v.put("")}); }},
        {"bpf", [](Victim& v, const Words&) { return v.call(SYS_bpf, {0, 0, 0}); }},
        {"keyctl", [](Victim& v, const Words&) { return v.call(SYS_keyctl, {0, 0, 0}); }},
        {"userfaultfd", [](Victim& v, const Words&) { return v.call(SYS_userfaultfd, {0}); }},
    };
    return kAttempts;
}

pid_t start(const std::string& program) {
    const pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        execl(program.c_str(), program.c_str(), "1", static_cast<char*>(nullptr));
        _exit(127);
    }
    waitpid(child, nullptr, WUNTRACED);
    return child;
}

}  // namespace

int main(int argc, char** argv) {
    const Words words{argv + 1, argv + argc};
    if (words.size() < 2 || !attempts().contains(words[1])) {
        std::fprintf(stderr, "usage: attack PID ATTEMPT [ARGUMENT…]; attempts:");
        for (const auto& [name, attempt] : attempts()) std::fprintf(stderr, " %s", name.c_str());
        std::fprintf(stderr, "\n");
        return 2;
    }
    try {
        const bool running = words[0].front() != '/';
        Victim victim{running ? static_cast<pid_t>(number(words[0])) : start(words[0])};
        const long result = attempts().at(words[1])(victim, {words.begin() + 2, words.end()});
        victim.release();
        if (result < 0 && result > -4096) {
            std::printf("refused %s\n", strerrorname_np(static_cast<int>(-result)));
        } else {
            std::printf("done\n");
        }
    } catch (const Killed& killed) {
        std::printf("killed %s\n", killed.signal == 0 ? "exit" : sigabbrev_np(killed.signal));
    }
}
