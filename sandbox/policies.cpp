// The page: every process's system calls, paths, sockets, limits and capabilities, side by side.
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>

#include "sandbox/policy.h"

namespace nacre::sandbox {
namespace {

constexpr Who V = bit(Process::vaultd);
constexpr Who C = bit(Process::courier);
constexpr Who D = bit(Process::nacred);  // what it may, its children inherit: all that they may, it may
constexpr Who S = bit(Process::sentry);
constexpr Who O = bit(Process::overwrite);
constexpr Who N = bit(Process::command);
constexpr Who T = bit(Process::slot);     // which the command starts, before it has rules
constexpr Who kAll = V | C | D | S | O | N | T;

// clang-format off
constexpr Calls kCalls[] = {
    // memory, threads, time
    {kAll, "brk munmap mremap madvise mlock munlock mlock2 membarrier mincore"},
    {kAll, "futex set_robust_list rseq exit exit_group sched_yield sched_getaffinity getcpu restart_syscall"},
    {kAll, "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack"},
    {kAll, "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time"},
    {kAll, "getpid gettid getppid getuid geteuid getgid getegid uname sysinfo getrusage getrandom"},
    {V | N | D, "sched_getparam sched_getscheduler"},           // gRPC's threads
    {V | D | N | T, "memfd_secret"}, {T, "ftruncate"},          // the key arena
    // descriptors
    {kAll, "read write readv writev pread64 pwrite64 lseek close close_range dup dup2 dup3 pipe2"},
    {kAll, "poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2"},
    {kAll, "fstat newfstatat stat lstat statx fstatfs statfs access faccessat faccessat2"},
    {V | D | S, "timerfd_create timerfd_settime timerfd_gettime"},
    {V | C | D | S, "signalfd4"},
    {C | D, "memfd_create"},                                    // the login
    // files: which ones is Landlock's to say, below
    {kAll, "openat open readlink readlinkat getdents64 getcwd umask"},
    {V | C | D | N, "ftruncate fallocate fsync fdatasync flock fchmod fchmodat chmod"},
    {V | C | D | N, "mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2"},
    {V | D, "fchown"},                                          // SQLite, as root: of its journals
    {S | D, "inotify_init1 inotify_add_watch inotify_rm_watch name_to_handle_at"},  // libsystemd
    // sockets that it has been given or has accepted
    {V | C | D | S | N | T, "recvfrom recvmsg recvmmsg shutdown"},  // sending: below
    {V | C | D | S | N | T, "getsockopt getsockname getpeername"},
    {V | D, "accept accept4"},
    {C | D | S | N, "connect"}, {T, "connect", When::emulator},
    {C | D | S, "bind socketpair"},
    {D, "listen"},
    // nacred's own: its children, and what they do before their own rules hold
    {D, "fork vfork execve wait4 waitid pidfd_open kill setns set_tid_address"},
    {D, "arch_prctl capget capset prctl seccomp prlimit64 mlockall"},
    {D, "landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
    {O | D, "sched_setscheduler setpriority"},
    {T, "alarm setitimer"},                                     // for a TPM that does not answer
};

constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                      CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr std::uint64_t kThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
constexpr std::uint64_t kInt = 0xffffffff;  // the upper half of a register that holds an int is anything
constexpr std::uint64_t kPointer = ~std::uint64_t{0};
constexpr std::uint64_t kSocketType = kInt & ~std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
constexpr std::uint64_t kNotTcp = kInt & ~std::uint64_t{IPPROTO_TCP};  // 0 means TCP, too
// Not in every Debian's headers: PR_SET_VMA, TCGETS2, TCP_INQ.
constexpr std::uint64_t kSetVma = 0x53564d41, kGetTerminal2 = 0x802C542A, kTcpInq = 36;

constexpr Call kFiltered[] = {
    // No memory becomes executable once what there is to load has been loaded.
    {V | C | S | O | N | T, "mmap", {2, PROT_EXEC, 0}},
    {V | C | S | O | N | T, "mprotect", {2, PROT_EXEC, 0}},
    {D, "mmap", {}},                            // its children load their libraries; see PR_SET_MDWE
    {D, "mprotect", {}},
    // Threads, and no processes but nacred's; no namespaces.
    {V | C | S | O | N | T, "clone", {0, kThread | kNamespaces, kThread}},
    {D, "clone", {0, kNamespaces, 0}},
    // Signals to itself: abort(), and the wipe that parks every thread.
    {V | C | S | O | N | T, "tgkill", {0, kInt, Match::kOwnPid}},
    {D, "tgkill", {}},
    {V | C | S | O | N | T, "prlimit64", {2, kPointer, 0}},       // asks, does not set
    {V | C | S | O | N | T, "prctl", {0, kInt, PR_SET_NAME}},
    {V | C | S | O | N | T, "prctl", {0, kInt, PR_GET_NAME}},
    {V | C | S | O | N | T, "prctl", {0, kInt, PR_GET_DUMPABLE}},
    {V | C | S | O | N | T, "prctl", {0, kInt, kSetVma}},
    {S, "prctl", {0, kInt, PR_CAPBSET_READ}},               // libsystemd's
    {kAll, "fcntl", {1, kInt, F_DUPFD}}, {kAll, "fcntl", {1, kInt, F_DUPFD_CLOEXEC}},
    {kAll, "fcntl", {1, kInt, F_GETFD}}, {kAll, "fcntl", {1, kInt, F_SETFD}},
    {kAll, "fcntl", {1, kInt, F_GETFL}}, {kAll, "fcntl", {1, kInt, F_SETFL}},
    {kAll, "fcntl", {1, kInt, F_GETLK}}, {kAll, "fcntl", {1, kInt, F_SETLK}},
    {kAll, "fcntl", {1, kInt, F_SETLKW}},
    {C | D, "fcntl", {1, kInt, F_ADD_SEALS}}, {C | D, "fcntl", {1, kInt, F_GET_SEALS}},
    {kAll, "ioctl", {1, kInt, TCGETS}}, {kAll, "ioctl", {1, kInt, kGetTerminal2}},  // isatty()
    {kAll, "ioctl", {1, kInt, FIONREAD}}, {kAll, "ioctl", {1, kInt, FIONBIO}},
    {N, "ioctl", {1, kInt, TIOCGWINSZ}}, {N, "ioctl", {1, kInt, TCSETS}},
    {N, "ioctl", {1, kInt, TCSETSW}}, {N, "ioctl", {1, kInt, TCSETSF}},
    // Sockets. vaultd makes none at all, unless systemd is to be told something.
    // Of TCP itself: Landlock's rules for ports know nothing of the others, nor of a first segment that
    // sends itself (MSG_FASTOPEN).
    {C | D, "socket", {0, kInt, AF_INET}, {1, kSocketType, SOCK_STREAM}, {2, kNotTcp, 0}},
    {C | D, "socket", {0, kInt, AF_INET6}, {1, kSocketType, SOCK_STREAM}, {2, kNotTcp, 0}},
    {V | C | D | S | N | T, "sendto", {3, MSG_FASTOPEN, 0}},
    {V | C | D | S | N | T, "sendmsg", {2, MSG_FASTOPEN, 0}},
    {V | C | D | S | N | T, "sendmmsg", {3, MSG_FASTOPEN, 0}},
    {C, "socket", {0, kInt, AF_INET}, {1, kSocketType, SOCK_DGRAM}, {2, kInt, 0}, When::names},
    {C, "socket", {0, kInt, AF_INET6}, {1, kSocketType, SOCK_DGRAM}, {2, kInt, 0}, When::names},
    {C, "socket", {0, kInt, AF_NETLINK}, {2, kInt, NETLINK_ROUTE}, {}, When::names},  // own addresses
    {C, "socket", {0, kInt, AF_UNIX}, {1, kSocketType, SOCK_STREAM}, {}, When::systemd},
    {D, "socket", {0, kInt, AF_INET}, {1, kSocketType, SOCK_DGRAM}, {2, kInt, 0}},
    {D, "socket", {0, kInt, AF_INET6}, {1, kSocketType, SOCK_DGRAM}, {2, kInt, 0}},
    {D | S, "socket", {0, kInt, AF_NETLINK}},                // udev's events
    {D | S | N, "socket", {0, kInt, AF_UNIX}},
    {T, "socket", {0, kInt, AF_UNIX}, {1, kSocketType, SOCK_STREAM}, {}, When::emulator},
    {V | C | D | S | N, "setsockopt", {1, kInt, SOL_SOCKET}, {2, kInt, SO_SNDBUF}},
    {V | C | D | S | N, "setsockopt", {1, kInt, SOL_SOCKET}, {2, kInt, SO_RCVBUF}},
    {V | C | D | S | N, "setsockopt", {1, kInt, SOL_SOCKET}, {2, kInt, SO_KEEPALIVE}},
    {V | C | D | S | N, "setsockopt", {1, kInt, SOL_SOCKET}, {2, kInt, SO_RCVTIMEO}},
    {V | C | D | S | N, "setsockopt", {1, kInt, SOL_SOCKET}, {2, kInt, SO_SNDTIMEO}},
    {V | C | D | S | N, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, TCP_NODELAY}},
    {V | C | D | S | N, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, TCP_USER_TIMEOUT}},
    {V | C | D | S | N, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, kTcpInq}},
    {C | D, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, TCP_KEEPIDLE}},
    {C | D, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, TCP_KEEPINTVL}},
    {C | D, "setsockopt", {1, kInt, IPPROTO_TCP}, {2, kInt, TCP_KEEPCNT}},
    {C | D, "setsockopt", {1, kInt, IPPROTO_IP}},            // the resolver's errors
    {C | D, "setsockopt", {1, kInt, IPPROTO_IPV6}},
    {S | D, "setsockopt", {1, kInt, SOL_NETLINK}},
    {S | D, "setsockopt", {1, kInt, SOL_SOCKET}},            // libudev's filter of events, and buffers
};

constexpr Refusal kRefused[] = {
    {kAll, "clone3", ENOSYS},    // its flags stand in memory, where a filter cannot see; clone is tried next
    {kAll, "openat2", ENOSYS},
    {S, "pidfd_open", ENOSYS},                  // newer libsystemd's; it goes on by numbers
    {kAll, "get_mempolicy sched_setaffinity", EPERM},
    {V | C | S | O | N | T, "mlockall munlockall", EPERM},
    // glibc asks nscd first, libraries look whether there is IPv6.
    {C, "socket", EACCES, {0, kInt, AF_UNIX}, {}, When::systemd},
    {C, "socket", EACCES, {0, kInt, AF_INET}, {1, kSocketType, SOCK_DGRAM}, When::names},
    {C, "socket", EACCES, {0, kInt, AF_INET6}, {1, kSocketType, SOCK_DGRAM}, When::names},
    {C, "socket", EACCES, {0, kInt, AF_NETLINK}, {}, When::names},
};

constexpr PathRule kPaths[] = {
    {V | C | D, "<state>", Access::write},     // nacred: that of both
    {D, "<runtime>", Access::write},
    {D, "<bin>", Access::execute},
    {D, "/lib64/ld-linux-x86-64.so.2", Access::execute}, {D, "/lib/ld-linux-aarch64.so.1", Access::execute},
    {D, "<config>", Access::read}, {D, "<addon>", Access::read}, {D, "<credentials>", Access::read},
    {V, "<credentials>", Access::read},
    {N, "<read>", Access::read}, {N, "<write>", Access::write},  // the token, key files that are named
    {kAll, "/dev/null", Access::use}, {kAll, "/dev/urandom", Access::read},
    {N, "/dev/tty", Access::use},
    {T, "<device>", Access::use},              // the TPM
    {kAll, "/sys/devices/system/cpu", Access::read}, {kAll, "/proc/sys/vm/overcommit_memory", Access::read},
    {V | C | S | O | N, "/etc/localtime", Access::read},
    {V, "/proc/sys/kernel/random/boot_id", Access::read}, {V, "/proc/swaps", Access::read},
    {V | O, "/proc/meminfo", Access::read},
    {D, "/proc", Access::use},  // the overwriter's own place in the queue when memory runs out
    {N, "/usr/share/locale", Access::read}, {N, "/usr/lib/locale", Access::read},
    {C | N, "/usr/share/zoneinfo", Access::read},
    // names of hosts
    {C, "/etc/hosts", Access::read}, {C, "/etc/host.conf", Access::read}, {C, "/etc/gai.conf", Access::read},
    {C, "/etc/resolv.conf", Access::read}, {C, "/etc/nsswitch.conf", Access::read}, {C, "/etc/services", Access::read},
    {C, "/run/systemd/resolve", Access::read}, {C, "/run/NetworkManager", Access::read},
    {C, "/run/resolvconf", Access::read}, {C, "/etc/ssl/openssl.cnf", Access::read},
    {C, "/proc/self/cgroup", Access::read}, {C, "/sys/fs/cgroup", Access::read},  // how many threads
    // devices, sessions, buses
    {S, "/sys", Access::read}, {S, "/run/udev", Access::read}, {S, "/run/systemd", Access::read},
    {S, "/etc/machine-id", Access::read}, {S, "/proc/sys/kernel", Access::read}, {S, "/proc/self", Access::read},
    {S, "/proc/cmdline", Access::read}, {S, "/proc/1", Access::read},
    // nacred: what its children read, before their own rules hold
    {D, "/etc", Access::read}, {D, "/usr/lib", Access::read}, {D, "/usr/lib64", Access::read},
    {D, "/usr/local/lib", Access::read}, {D, "/usr/share", Access::read}, {D, "/lib", Access::read},
    {D, "/lib64", Access::read}, {D, "/sys", Access::read}, {D, "/usr/libexec", Access::read},
    {D, "/run/systemd", Access::read}, {D, "/run/udev", Access::read}, {D, "/run/NetworkManager", Access::read},
    {D, "/run/resolvconf", Access::read},
};

constexpr LimitRule kLimits[] = {
    {kAll, RLIMIT_CORE, 0},
    {kAll, RLIMIT_MSGQUEUE, 0},
    {V | C | D, RLIMIT_NOFILE, 1024},
    {S | O | N | T, RLIMIT_NOFILE, 256},
};
// clang-format on

constexpr Policy kPolicy{
    .calls = kCalls,
    .filtered = kFiltered,
    .refused = kRefused,
    .paths = kPaths,
    .limits = kLimits,
    .no_tcp = kAll,
    .no_abstract = V | C | O | N | T,  // a session bus of an older kind may be one
    .no_signals = kAll,
    .keeps_memory_lock = V | D,
};

}  // namespace

const Policy& policy() { return kPolicy; }

std::string_view name_of(Process process) {
    switch (process) {
        case Process::vaultd: return "nacre-vaultd";
        case Process::courier: return "nacre-courier";
        case Process::nacred: return "nacred";
        case Process::sentry: return "nacre-sentry";
        case Process::overwrite: return "nacre-overwrite";
        case Process::command: return "nacre";
        case Process::slot: return "nacre-slot";
    }
    return {};
}

}  // namespace nacre::sandbox
