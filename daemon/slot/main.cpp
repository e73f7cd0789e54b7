// nacre-slot: has a TPM seal or unseal a slot's secret and hands it back over a socket, for as long as
// the command that started it asks. Nothing of the vault is in it, and nothing of a TPM is elsewhere.
#include <openssl/crypto.h>
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
#include "api/tpm/address.h"
#include "api/tpm/wire.h"
#include "daemon/slot/device_secret.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
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

Result<Answer> handle(const tpm::Address& address, ByteView message) {
    const auto request = NACRE_TRY(tpm::parse_request(message));
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

bool answer(const tpm::Address& address, ByteView message) {
    auto answer = handle(address, message);
    if (!answer.ok()) {
        const Error& error = answer.error();
        tpm::Reply reply;
        reply.failed = error.code;
        reply.tpm_code = static_cast<std::uint32_t>(error.os_error);
        return send_message(serialize(reply));
    }
    return send_message(serialize(answer->reply)) && send_message(answer->secret->view());
}

// Until the command has closed its end.
int serve(const tpm::Address& address) {
    for (;;) {
        std::array<std::uint8_t, tpm::kMostMessageBytes + 1> buffer{};
        const ssize_t got = recv(tpm::kSocketDescriptor, buffer.data(), buffer.size(), 0);
        if (got <= 0) return got == 0 ? 0 : 1;
        alarm(kMostSeconds);
        if (!answer(address, {buffer.data(), static_cast<std::size_t>(got)})) return 1;
        alarm(0);
    }
}

// tpm2-tss prints what fails, structures included.
void prepare_libraries() {
    setenv("TSS2_LOG", "all+NONE", 1);  // NOLINT(concurrency-mt-unsafe): before threads
    log::silence_others();
    if (sodium_init() < 0) std::abort();
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
}

// As a shell counts the death by a signal.
void end_by_signal(int signal) { sandbox::wipe_and_exit(128 + signal); }

// With the command, which closes nothing in order when it is killed; and when the time is up.
void watch_signals() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM}) std::signal(signal, end_by_signal);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

// Everything is loaded by now.
Result<void> confine(const tpm::Address& address) {
    const bool emulator = address.kind == tpm::Address::Kind::emulator;
    sandbox::Grants grants;
    if (!emulator) grants.places.push_back({"device", address.path});
    NACRE_TRY(sandbox::restrict_access(sandbox::Process::slot, grants));
    NACRE_TRY(sandbox::start_wiper());
    watch_signals();
    NACRE_TRY(sandbox::filter_calls(
        sandbox::Process::slot,
        emulator ? static_cast<sandbox::Circumstances>(sandbox::When::emulator) : 0));
    return {};
}

}  // namespace
}  // namespace nacre::slot

int main(int argc, char** argv) {
    using namespace nacre;
    log::open("nacre-slot");
    const auto address = tpm::parse_address(argc == 2 ? argv[1] : "");
    if (!address.ok()) {
        std::fprintf(stderr, "usage: nacre-slot ADDRESS   (of a TPM; 'nacre' starts it)\n");
        return 1;
    }
    if (!sandbox::open_for_wipe().ok() || !sandbox::harden_process(sandbox::Process::slot).ok()) return 2;
    slot::prepare_libraries();
    if (!slot::confine(*address).ok()) return 2;
    sandbox::wipe_and_exit(slot::serve(*address));
}
