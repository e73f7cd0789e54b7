// nacre-slot: has a TPM seal or unseal one slot's secret, hands it back over a socket, and ends. The
// command starts it; nothing of the vault is in it, and nothing of a TPM is elsewhere.
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "api/base/log.h"
#include "api/tpm/wire.h"
#include "daemon/slot/device_secret.h"
#include "sandbox/limits.h"
#include "sandbox/wipe.h"

namespace nacre::slot {
namespace {

// A TPM may take seconds for a key; one that takes longer than this will not answer.
constexpr unsigned kMostSeconds = 120;

struct Answer {
    tpm::Reply reply;
    std::optional<Secret<32>> secret;
};

Result<tpm::Request> receive_request() {
    std::array<std::uint8_t, tpm::kMostMessageBytes + 1> buffer{};
    const ssize_t got = recv(tpm::kSocketDescriptor, buffer.data(), buffer.size(), 0);
    if (got < 0) return os_error("receive a request", errno);
    return tpm::parse_request({buffer.data(), static_cast<std::size_t>(got)});
}

Result<Answer> seal(Tpm& tpm, Registers registers, const Passphrase* passphrase) {
    Answer answer;
    answer.reply.blank = NACRE_TRY(tpm.blank(registers));
    auto made = NACRE_TRY(make_slot(tpm, registers, passphrase));
    answer.reply.file = serialize(made.file);
    answer.secret = std::move(made.secret);
    return answer;
}

Result<Answer> unseal(Tpm& tpm, ByteView bytes, const Passphrase* passphrase) {
    const auto file = NACRE_TRY(tpm::parse_slot_file(bytes));
    Answer answer;
    answer.secret = NACRE_TRY(open_slot(tpm, file, passphrase));
    return answer;
}

Result<Answer> handle(const char* address) {
    const auto request = NACRE_TRY(receive_request());
    std::optional<Passphrase> passphrase;
    if (request.with_passphrase) {
        passphrase = NACRE_TRY(Passphrase::receive(tpm::kSocketDescriptor));
    }
    const Passphrase* const lent = passphrase ? &*passphrase : nullptr;
    auto tpm = NACRE_TRY(Tpm::connect(address));
    return request.seal ? seal(tpm, *request.seal, lent) : unseal(tpm, request.file, lent);
}

bool send_message(ByteView bytes) {
    return send(tpm::kSocketDescriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

int run(const char* address) {
    auto answer = handle(address);
    if (!answer.ok()) {
        const Error& error = answer.error();
        tpm::Reply reply;
        reply.failed = error.code;
        reply.tpm_code = static_cast<std::uint32_t>(error.os_error);
        return send_message(serialize(reply)) ? 0 : 1;
    }
    return send_message(serialize(answer->reply)) && send_message(answer->secret->view()) ? 0 : 1;
}

// tpm2-tss prints what fails, structures included.
void prepare_libraries() {
    setenv("TSS2_LOG", "all+NONE", 1);  // NOLINT(concurrency-mt-unsafe): before threads
    log::silence_others();
    if (sodium_init() < 0) std::abort();
}

}  // namespace
}  // namespace nacre::slot

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-slot");
    if (argc != 2) {
        std::fprintf(stderr, "usage: nacre-slot ADDRESS   (of a TPM; 'nacre' starts it)\n");
        return 1;
    }
    if (!sandbox::prepare_wipe().ok() || !sandbox::harden_process().ok()) return 2;
    // With the command, and in any case in time.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(slot::kMostSeconds);
    slot::prepare_libraries();
    sandbox::wipe_and_exit(slot::run(argv[1]));
}
