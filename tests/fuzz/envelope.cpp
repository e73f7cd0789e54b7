// What a hostile server or sender can deliver: an envelope from its bytes on (first byte even), or
// the content of one that decrypted (odd; the next byte chooses the sender). Over a real vault;
// whatever an input did is rolled back.
#include "daemon/vaultd/content.h"
#include "tests/support/engine_fixture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nacre;
    static tests::EngineFixture fixture;
    static vaultd::CertificateJudge judge;
    if (size < 2) return 0;
    vaultd::EngineState& state = fixture.state();
    const auto transaction = vault::Transaction::begin(state.database);
    if (!transaction) std::abort();
    const ByteView input{data + 2, size - 2};
    vaultd::BatchEffects effects;
    if ((data[0] & 1) == 0) {
        const auto envelope = vaultd::parse_envelope(input);
        if (!envelope) return 0;
        const auto opened = vaultd::decrypt_envelope(state, judge, *envelope);
        if (opened) (void)vaultd::apply_content(state, *opened, 1, effects);
        return 0;
    }
    vaultd::Decrypted message;
    message.sender = state.own_address();
    message.sender.device = 1;
    if ((data[1] & 1) != 0) message.sender.service.uuid.fill(0x0c);
    message.sealed = (data[1] & 2) != 0;
    message.plaintext = (data[1] & 4) != 0;
    message.client_ms = 1'700'000'000'000;
    message.content = to_bytes(input);
    const auto done = vaultd::apply_content(state, message, 1, effects);
    if (done) (void)state.search.index_new();
    return 0;
}
