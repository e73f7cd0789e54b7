// unconfined: a process with a filter that allows everything; the attack's control.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

int main() {
    sock_filter allow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    const sock_fprog program{1, &allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    char end = 0;
    return read(STDIN_FILENO, &end, 1) < 0 ? 1 : 0;
}
