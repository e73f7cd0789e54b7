#include "tests/memory/exit_stop.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace nacre::memory {
namespace {

std::string task_folder(pid_t pid) { return "/proc/" + std::to_string(pid) + "/task"; }

// A thread that ends by itself calls exit; the one that ends the process calls exit_group.
bool ends_the_process(pid_t pid, pid_t thread) {
    unsigned long status = 0;
    if (ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &status) != 0) return false;
    if ((status & 0x7f) != 0) return true;  // of a signal
    std::ifstream file{task_folder(pid) + "/" + std::to_string(thread) + "/syscall"};
    long number = -1;
    return file >> number && number == SYS_exit_group;
}

// What the thread would have got without us.
long pass_on(pid_t thread, int status) {
    const int event = status >> 16;
    return ptrace(PTRACE_CONT, thread, nullptr, event == 0 ? WSTOPSIG(status) : 0);
}

}  // namespace

bool trace(pid_t pid) {
    std::set<pid_t> traced;
    for (bool found = true; found;) {
        found = false;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator{task_folder(pid), error}) {
            const pid_t thread = std::stoi(entry.path().filename().string());
            if (traced.contains(thread)) continue;
            const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT;
            // Refused for a thread that a traced one has just started: it is traced already.
            if (ptrace(PTRACE_SEIZE, thread, nullptr, options) != 0 && traced.empty()) return false;
            traced.insert(thread);
            found = true;
        }
    }
    return !traced.empty();
}

bool wait_for_end(pid_t pid, const std::function<void()>& look, int& status) {
    bool looked = false;
    for (;;) {
        const pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno == EINTR) continue;
        if (thread < 0) return false;
        if (!WIFSTOPPED(status)) {
            if (thread == pid) return looked;
            continue;
        }
        if (!looked && status >> 16 == PTRACE_EVENT_EXIT && ends_the_process(pid, thread)) {
            look();
            looked = true;
        }
        (void)pass_on(thread, status);
    }
}

}  // namespace nacre::memory
