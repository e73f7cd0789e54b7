#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/base/descriptor.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using daemon::Descriptor;
using nacre::tests::TempDir;

namespace {

namespace fs = std::filesystem;

constexpr int kPatienceMs = 60'000;

sockaddr_un address_of(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

Descriptor bound(const fs::path& path, int type) {
    Descriptor fd{socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = address_of(path);
    REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

Descriptor connected(const fs::path& path) {
    Descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = address_of(path);
    REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

bool readable(int fd, int timeout_ms) {
    pollfd item{fd, POLLIN, 0};
    return poll(&item, 1, timeout_ms) == 1;
}

// One datagram, or "" at the end.
std::string receive(int fd) {
    REQUIRE(readable(fd, kPatienceMs));
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    return {bytes, count > 0 ? static_cast<std::size_t>(count) : 0};
}

// A stub child, as the test sees it.
struct Stub {
    Descriptor socket;
    std::string name;
    pid_t pid = -1;
    std::string given;  // what it was started with

    std::string told() const { return receive(socket.get()); }
    void order(const std::string& text) const {
        REQUIRE(daemon::write_all(socket.get(), as_bytes(text)).ok());
    }
    // Waits until it is done; links that arrive meanwhile are not what this test looks at.
    void order_and_wait(const std::string& text) const {
        order(text);
        while (told() != "done " + text.substr(0, text.find(' '))) {
        }
    }
    // How far the overwriter is, by what the child can see.
    std::string progress() const {
        constexpr std::string_view kAnswer = "progress: ";
        order("progress");
        for (;;) {
            const std::string text = told();
            if (text.starts_with(kAnswer)) return text.substr(kAnswer.size());
        }
    }
    bool gone() const { return told().empty(); }
};

// nacred as a process of its own, with the stubs for children.
class Nacred {
public:
    // `login`: the content of a credential.
    explicit Nacred(std::string_view config = "", const char* login = nullptr)
        : director_{bound(dir_ / "stub", SOCK_SEQPACKET)},
          systemd_{bound(dir_ / "notify", SOCK_DGRAM)} {
        REQUIRE(listen(director_.get(), 16) == 0);
        std::ofstream{dir_ / "nacre.toml"} << config;
        if (login != nullptr) {
            fs::create_directory(dir_ / "credentials");
            std::ofstream{dir_ / "credentials/nacre.login"} << login;
        }
        pid_ = start("log");
    }
    ~Nacred() {
        if (pid_ > 0) kill(pid_, SIGKILL);
        if (pid_ > 0) waitpid(pid_, nullptr, 0);
    }
    Nacred(const Nacred&) = delete;
    Nacred& operator=(const Nacred&) = delete;

    pid_t start(const char* log) const {
        const std::string runtime = runtime_dir().string();
        const std::string state = (dir_ / "state").string();
        const std::string log_file = (dir_ / log).string();
        const std::string stub = (dir_ / "stub").string();
        const std::string notify = (dir_ / "notify").string();
        const std::string config = (dir_ / "nacre.toml").string();
        const pid_t child = fork();
        if (child != 0) return child;
        setenv("NACRE_STUB", stub.c_str(), 1);
        setenv("NOTIFY_SOCKET", notify.c_str(), 1);
        setenv("HOME", state.c_str(), 1);
        const std::string credentials = (dir_ / "credentials").string();
        if (fs::exists(credentials)) setenv("CREDENTIALS_DIRECTORY", credentials.c_str(), 1);
        const int out = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(out, STDERR_FILENO);
        execl(NACRE_NACRED, "nacred", "--runtime", runtime.c_str(), "--state", state.c_str(),
              "--config", config.c_str(), "--bin", NACRE_STUBS, static_cast<char*>(nullptr));
        _exit(99);
    }

    // The next stub that starts.
    Stub next() const {
        REQUIRE(readable(director_.get(), kPatienceMs));
        Stub stub;
        stub.socket = Descriptor{accept4(director_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        std::istringstream words{stub.told()};
        std::string word;
        words >> word >> stub.name >> stub.pid;
        REQUIRE(word == "start");
        while (words >> word) stub.given += (stub.given.empty() ? "" : " ") + word;
        return stub;
    }

    // Both at their start, in either order.
    std::pair<Stub, Stub> both() const {
        Stub one = next();
        Stub two = next();
        if (one.name == "nacre-courier") std::swap(one, two);
        REQUIRE(one.name == "nacre-vaultd");
        REQUIRE(two.name == "nacre-courier");
        return {std::move(one), std::move(two)};
    }

    void ask_to_lock() const { kill(pid_, SIGUSR1); }
    void terminate() const { kill(pid_, SIGTERM); }
    void kill_hard() const { kill(pid_, SIGKILL); }
    int wait() {
        int status = -1;
        REQUIRE(waitpid(pid_, &status, 0) == pid_);
        pid_ = -1;
        return status;
    }
    std::string notified() const { return receive(systemd_.get()); }
    bool was_notified() const { return readable(systemd_.get(), 0); }
    fs::path runtime_dir() const { return dir_ / "run"; }
    fs::path state_dir() const { return dir_ / "state"; }
    std::string log(const char* name = "log") const {
        std::ostringstream text;
        text << std::ifstream{dir_ / name}.rdbuf();
        return text.str();
    }

private:
    TempDir dir_;
    Descriptor director_;
    Descriptor systemd_;
    pid_t pid_ = -1;
};

// nacred with these arguments: exit status and what it wrote to stderr.
std::pair<int, std::string> run(std::vector<std::string> words) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        // Modes hold for root, too, without these; nobody else has them to drop.
        prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
        prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
        words.insert(words.begin(), "nacred");
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        execv(NACRE_NACRED, argv.data());
        _exit(99);
    }
    close(ends[1]);
    std::string text;
    char bytes[1024];
    for (ssize_t count = 0; (count = read(ends[0], bytes, sizeof bytes)) > 0;) {
        text.append(bytes, static_cast<std::size_t>(count));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

}  // namespace

TEST_CASE("nacred: starts both, each with its descriptors, and links them",
          "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(vault.given == "api secret lock");
    CHECK(courier.given.empty());
    CHECK(vault.told() == "link");
    CHECK(courier.told() == "link");
    vault.order("say hello");
    CHECK(courier.told() == "heard hello");
}

TEST_CASE("nacred: SIGUSR1 goes on to the vault, and ends nobody", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(vault.told() == "link");
    for (int n = 0; n < 2; ++n) {
        nacred.ask_to_lock();
        CHECK(vault.told() == "told to lock");
    }
    CHECK(courier.told() == "link");
    courier.order_and_wait("ready");
}

TEST_CASE("nacred: starts the sentry where there is something to watch, and starts it again",
          "[supervisor][nacred]") {
    Nacred nacred{"[lock]\nsession = 0\n"};
    std::vector<Stub> stubs;
    for (int n = 0; n < 3; ++n) stubs.push_back(nacred.next());
    std::sort(stubs.begin(), stubs.end(),
              [](const Stub& a, const Stub& b) { return a.name < b.name; });
    const Stub& courier = stubs[0];
    const Stub& sentry = stubs[1];
    const Stub& vault = stubs[2];
    REQUIRE(courier.name == "nacre-courier");
    REQUIRE(sentry.name == "nacre-sentry");
    REQUIRE(vault.name == "nacre-vaultd");
    CHECK(sentry.given.empty());
    CHECK(vault.told() == "link");
    CHECK(courier.told() == "link");
    // Ready without it.
    CHECK(nacred.notified() == "STATUS=Starting the vault and its courier");
    vault.order_and_wait("ready");
    courier.order_and_wait("ready");
    CHECK(nacred.notified() == "STATUS=The vault and its courier are running");
    CHECK(nacred.notified() == "READY=1");
    kill(sentry.pid, SIGKILL);
    const Stub again = nacred.next();
    CHECK(again.name == "nacre-sentry");
    // The others keep their link.
    vault.order("say still");
    CHECK(courier.told() == "heard still");
    nacred.terminate();
    CHECK(WEXITSTATUS(nacred.wait()) == 0);
    CHECK(kill(again.pid, 0) == -1);
}

TEST_CASE("nacred: overwrites free memory after an open vault's end, and says how far that came",
          "[supervisor][nacred]") {
    const Nacred nacred{"[lock]\noverwrite_free_memory = 50\n"};
    auto [vault, courier] = nacred.both();
    CHECK(vault.progress() == "none 0");
    for (const char* const result : {"done 100", "ended early 40"}) {
        INFO(result);
        vault.order_and_wait("unlock");
        kill(vault.pid, SIGKILL);
        Stub overwriter = nacred.next();
        vault = nacred.next();
        if (overwriter.name == "nacre-vaultd") std::swap(overwriter, vault);
        REQUIRE(overwriter.name == "nacre-overwrite");
        CHECK(vault.progress() == "running 0");  // whatever the one before came to
        overwriter.order_and_wait("overwrite 40");
        CHECK(vault.progress() == "running 40");
        if (std::string_view{result} == "done 100") overwriter.order_and_wait("overwrite 100");
        kill(overwriter.pid, SIGKILL);
        CHECK(overwriter.gone());
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{kPatienceMs};
        while (vault.progress() != result && std::chrono::steady_clock::now() < until) {
        }
        CHECK(vault.progress() == result);
    }
}

TEST_CASE("nacred: folders and sockets are private", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto children = nacred.both();
    for (const fs::path& folder : {nacred.state_dir(), nacred.state_dir() / "vault",
                                   nacred.state_dir() / "courier", nacred.runtime_dir()}) {
        CHECK(fs::status(folder).permissions() == fs::perms::owner_all);
    }
    for (const char* name : {"api.sock", "secret.sock", "lock.sock"}) {
        const auto wanted = fs::perms::owner_read | fs::perms::owner_write;
        CHECK(fs::status(nacred.runtime_dir() / name).permissions() == wanted);
    }
}

TEST_CASE("nacred: tells systemd READY once both are ready", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(nacred.notified() == "STATUS=Starting the vault and its courier");
    vault.order_and_wait("ready");
    courier.order("ready");
    CHECK(nacred.notified() == "STATUS=The vault and its courier are running");
    CHECK(nacred.notified() == "READY=1");
    kill(courier.pid, SIGKILL);
    CHECK(nacred.notified() == "STATUS=Waiting for the vault or its courier");
    const Stub again = nacred.next();
    again.order("ready");
    CHECK(nacred.notified() == "STATUS=The vault and its courier are running");
    CHECK_FALSE(nacred.was_notified());
}

TEST_CASE("nacred: a killed courier comes back, and both get a new link", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(vault.told() == "link");
    kill(courier.pid, SIGKILL);
    CHECK(vault.told() == "link closed");
    const Stub again = nacred.next();
    CHECK(again.name == "nacre-courier");
    CHECK(again.pid != courier.pid);
    CHECK(vault.told() == "link");
    CHECK(again.told() == "link");
    again.order("say back");
    CHECK(vault.told() == "heard back");
}

TEST_CASE("nacred: a killed vault comes back, and the courier gets a new link",
          "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(courier.told() == "link");
    kill(vault.pid, SIGKILL);
    const Stub again = nacred.next();
    CHECK(again.name == "nacre-vaultd");
    CHECK(again.given == "api secret lock");
    CHECK(again.told() == "link");
    CHECK(courier.told() == "link closed");
    CHECK(courier.told() == "link");
}

TEST_CASE("nacred: a courier that lost the link gets a new one, and so does the vault",
          "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(vault.told() == "link");
    CHECK(courier.told() == "link");
    courier.order_and_wait("want_link");
    // The old link may be seen to close before the new one is there.
    const auto next_link = [](const Stub& stub) {
        const std::string told = stub.told();
        return told == "link closed" ? stub.told() : told;
    };
    CHECK(next_link(courier) == "link");
    CHECK(next_link(vault) == "link");
}

TEST_CASE("nacred: a client that connects between two vaults is served by the next",
          "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    const Descriptor client = connected(nacred.runtime_dir() / "api.sock");
    kill(vault.pid, SIGKILL);
    const Stub again = nacred.next();
    again.order_and_wait("accept");
    CHECK(receive(client.get()) == "served");
}

TEST_CASE("nacred: the login outlives the courier until it is forgotten", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    courier.order_and_wait("keep first");
    courier.order_and_wait("keep second");
    kill(courier.pid, SIGKILL);
    const Stub second = nacred.next();
    CHECK(second.given == "login=second");
    kill(second.pid, SIGKILL);
    const Stub third = nacred.next();
    CHECK(third.given == "login=second");
    third.order_and_wait("forget");
    kill(third.pid, SIGKILL);
    CHECK(nacred.next().given.empty());
}

TEST_CASE("nacred: the courier gets its credential each time, and the vault alone the folder",
          "[supervisor][nacred]") {
    const Nacred nacred{"", "bytes"};
    const auto [vault, courier] = nacred.both();
    CHECK(vault.given == "api secret lock credentials");
    CHECK(courier.given == "credential=bytes");
    courier.order_and_wait("keep login");
    kill(courier.pid, SIGKILL);
    CHECK(nacred.next().given == "login=login credential=bytes");
}

TEST_CASE("nacred: what a child sent right before its death counts", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    courier.order("keep last words");
    courier.order("exit 0");
    CHECK(nacred.next().given == "login=last words");
}

TEST_CASE("nacred: locking restarts the vault at once, again and again", "[supervisor][nacred]") {
    const Nacred nacred;
    auto [vault, courier] = nacred.both();
    const auto start = std::chrono::steady_clock::now();
    for (int n = 0; n < 7; ++n) {
        vault.order("lock");
        vault = nacred.next();
        CHECK(vault.name == "nacre-vaultd");
    }
    // With backoff it would be 12.7 s.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{8});
}

TEST_CASE("nacred: deaths in a row wait longer each time", "[supervisor][nacred]") {
    const Nacred nacred;
    auto [vault, courier] = nacred.both();
    const auto start = std::chrono::steady_clock::now();
    for (int n = 0; n < 4; ++n) {
        courier.order("exit 3");
        courier = nacred.next();
    }
    // 100 + 200 + 400 + 800
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds{1500});
    CHECK(nacred.log().find("ended_status=3") != std::string::npos);
}

TEST_CASE("nacred: a child that breaks the protocol is killed and replaced",
          "[supervisor][nacred]") {
    const Nacred nacred;
    auto [vault, courier] = nacred.both();
    SECTION("unknown kind") { vault.order("garbage"); }
    SECTION("a login from the vault") { vault.order("keep login"); }
    const Stub again = nacred.next();
    CHECK(again.name == "nacre-vaultd");
    CHECK(nacred.log().find("killed_signal=9") != std::string::npos);
}

TEST_CASE("nacred: SIGTERM ends both children and removes the sockets", "[supervisor][nacred]") {
    Nacred nacred;
    const auto [vault, courier] = nacred.both();
    CHECK(vault.told() == "link");
    CHECK(courier.told() == "link");
    nacred.terminate();
    const int status = nacred.wait();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK_FALSE(fs::exists(nacred.runtime_dir() / "api.sock"));
    CHECK_FALSE(fs::exists(nacred.runtime_dir() / "secret.sock"));
    CHECK_FALSE(fs::exists(nacred.runtime_dir() / "lock.sock"));
    CHECK(kill(vault.pid, 0) == -1);
    CHECK(kill(courier.pid, 0) == -1);
}

TEST_CASE("nacred: a child that does not end is killed after ten seconds",
          "[supervisor][nacred][slow]") {
    Nacred nacred;
    const auto [vault, courier] = nacred.both();
    vault.order_and_wait("deaf");
    nacred.terminate();
    CHECK(WEXITSTATUS(nacred.wait()) == 0);
    CHECK(nacred.log().find("children do not end") != std::string::npos);
    CHECK(kill(vault.pid, 0) == -1);
}

TEST_CASE("nacred: its own death ends the children", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    while (vault.told() != "link") {
    }
    while (courier.told() != "link") {
    }
    nacred.kill_hard();
    while (!vault.gone()) {
    }
    while (!courier.gone()) {
    }
}

TEST_CASE("nacred: a second one is refused, and the first goes on", "[supervisor][nacred]") {
    const Nacred nacred;
    const auto [vault, courier] = nacred.both();
    const pid_t second = nacred.start("second");
    int status = 0;
    REQUIRE(waitpid(second, &status, 0) == second);
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(nacred.log("second").find("another nacred is already running for this instance") !=
          std::string::npos);
    vault.order_and_wait("ready");
    CHECK(fs::exists(nacred.runtime_dir() / "api.sock"));
}

TEST_CASE("nacred: one that starts after a crash takes the instance over", "[supervisor][nacred]") {
    Nacred nacred;
    const auto [vault, courier] = nacred.both();
    nacred.kill_hard();
    nacred.wait();
    CHECK(fs::exists(nacred.runtime_dir() / "api.sock"));
    const pid_t next = nacred.start("second");
    const auto children = nacred.both();
    CHECK(connected(nacred.runtime_dir() / "api.sock"));
    kill(next, SIGTERM);
    waitpid(next, nullptr, 0);
}

TEST_CASE("nacred: says in a line why it cannot start", "[supervisor][nacred]") {
    const TempDir dir;
    const std::string state = (dir / "s").string();
    const std::string runtime = (dir / "r").string();
    const std::string config = (dir / "c.toml").string();
    std::ofstream{config} << "[log]\nlevel = \"loud\"\n";
    const std::vector<std::string> bin{"--bin", NACRE_STUBS};
    struct Row {
        std::vector<std::string> words;
        std::string text;
    };
    const Row rows[] = {
        {{"--state", state, "--runtime", runtime, "--config", config},
         "nacred: " + config + ":2: log.level: allowed is "},
        {{"--state", state, "--runtime", runtime, "--config", config + "x"},
         "nacred: " + config + "x does not exist"},
        {{"--state", "/proc/nacre", "--runtime", runtime},
         "nacred: cannot make the folder /proc/nacre: "},
        {{"--state", config, "--runtime", runtime}, "nacred: cannot "},
        {{"--state", state, "--runtime", (dir / std::string(100, 'x')).string()},
         "nacred: the socket's path is too long"},
        {{"--state", state, "--runtime", runtime, "--bin", state},
         "nacred: " + state + "/nacre-vaultd cannot be executed"},
        {{"--instance", "../x"}, "nacred: option --instance takes"},
    };
    for (const Row& row : rows) {
        std::vector<std::string> words = bin;
        words.insert(words.end(), row.words.begin(), row.words.end());
        const auto [status, text] = run(words);
        CAPTURE(row.text, text);
        CHECK(status == 1);
        CHECK(text.starts_with(row.text));
        CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    }
}

TEST_CASE("nacred: a folder that cannot be written to is refused by name", "[supervisor][nacred]") {
    const TempDir dir;
    fs::create_directory(dir / "s");
    fs::permissions(dir / "s", fs::perms::owner_read | fs::perms::owner_exec);
    const auto [status, text] = run({"--bin", NACRE_STUBS, "--state", (dir / "s" / "deep").string(),
                                     "--runtime", (dir / "r").string()});
    CHECK(status == 1);
    CHECK(text.find("Permission denied") != std::string::npos);
}
