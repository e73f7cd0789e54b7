// Goal: a recovery key survives being copied by hand, key files count by content, and the judge of
// passphrases refuses only what is hopeless.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <string>

#include "clients/common/key_file.h"
#include "clients/common/recovery_key.h"
#include "clients/common/strength.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

using namespace nacre;
using namespace nacre::client;
using nacre::tests::FailsWith;
using nacre::tests::TempDir;

namespace {

Passphrase typed(std::string_view text) { return *Passphrase::from(as_bytes(text)); }

std::string text_of(const Passphrase& secret) { return std::string{as_text(secret.view())}; }

Verdict verdict(std::string_view text) { return estimate(typed(text))->verdict; }

}  // namespace

TEST_CASE("recovery key: is read as it is written down", "[clients][secrets]") {
    for (int round = 0; round < 50; ++round) {
        const std::string shown = text_of(*make_recovery_key());
        REQUIRE(shown.size() == kRecoveryTextSize);
        const std::string secret = text_of(*parse_recovery_key(typed(shown)));
        CHECK(secret.size() == 32);
        std::string sloppy;
        for (char c : shown) {
            if (c == '-') continue;
            if (c == '0') c = 'o';
            if (c == '1') c = round % 2 == 0 ? 'l' : 'I';
            sloppy += static_cast<char>(c >= 'A' && c <= 'Z' && c != 'I' ? c - 'A' + 'a' : c);
            sloppy += ' ';
        }
        CHECK(text_of(*parse_recovery_key(typed(sloppy))) == secret);
    }
    CHECK(text_of(*make_recovery_key()) != text_of(*make_recovery_key()));
}

TEST_CASE("recovery key: a slip of the pen is noticed", "[clients][secrets]") {
    const std::string shown = text_of(*make_recovery_key());
    for (std::size_t at = 0; at < shown.size(); ++at) {
        if (shown[at] == '-') continue;
        std::string wrong = shown;
        wrong[at] = wrong[at] == 'Z' ? 'Y' : 'Z';
        CHECK_THAT(parse_recovery_key(typed(wrong)), FailsWith(ErrorCode::bad_message));
    }
    for (const std::string& wrong : {shown + "0", shown.substr(1), shown + "!", std::string{"x"}}) {
        CHECK_THAT(parse_recovery_key(typed(wrong)), FailsWith(ErrorCode::bad_message));
    }
}

TEST_CASE("recovery key: as FORMAT.md says", "[clients][secrets]") {
    // 32 symbols and the four that check them.
    CHECK(text_of(*parse_recovery_key(typed("0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ-CN6T"))) ==
          "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
}

TEST_CASE("key file: counts by its content", "[clients][secrets]") {
    const TempDir dir;
    REQUIRE(make_key_file(dir / "a").ok());
    CHECK((std::filesystem::status(dir / "a").permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK_THAT(make_key_file(dir / "a"), FailsWith(ErrorCode::already_exists));
    std::filesystem::copy(dir / "a", dir / "b");
    CHECK(read_key_file(dir / "a")->equals(*read_key_file(dir / "b")));
    std::ofstream{dir / "b", std::ios::app} << 'x';
    CHECK_FALSE(read_key_file(dir / "a")->equals(*read_key_file(dir / "b")));
    std::ofstream{dir / "short"} << std::string(31, 'x');
    CHECK_THAT(read_key_file(dir / "short"), FailsWith(ErrorCode::invalid_argument));
    CHECK_THAT(read_key_file(dir / "none"), FailsWith(ErrorCode::not_found));
    std::ofstream{dir / "known"} << std::string(32, 'x');
    CHECK(to_hex(read_key_file(dir / "known")->view()) == "a65ebd06b82d6b8665ef17fe2197bc25a82df5a3ac61c063c94a8ddaa573fd8e");
}

TEST_CASE("key file: a credential's file holds its secret", "[clients][secrets]") {
    const TempDir dir;
    const auto secret = *make_credential_file(dir / "c");
    CHECK(secret.view().size() == 64);
    std::ifstream in{dir / "c"};
    CHECK(std::string{std::istreambuf_iterator<char>{in}, {}} == text_of(secret));
}

TEST_CASE("strength: tells hopeless from strong", "[clients][secrets]") {
    CHECK(verdict("password") == Verdict::hopeless);
    CHECK(verdict("qwerty12") == Verdict::hopeless);
    CHECK(verdict("P4ssw0rd") == Verdict::hopeless);
    CHECK(verdict("aaaaaaaaaaaa") == Verdict::hopeless);
    CHECK(verdict("Tr0ub4dour&3") >= Verdict::weak);
    CHECK(verdict("correct horse battery staple") >= Verdict::fair);
    CHECK(verdict("gd8K-q2Lz-0vXw-77Tb") == Verdict::strong);
    CHECK(verdict(std::string(1024, 'x')) != Verdict::strong);
    const auto bad = *estimate(typed("password"));
    CHECK_FALSE(bad.advice.empty());
    CHECK(bad.bits < 5);
}
