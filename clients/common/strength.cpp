#include "clients/common/strength.h"

#include <zxcvbn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace nacre::client {
namespace {

// Argon2id at its floor costs about a second of a core and 256 MiB; a farm of thousands of machines
// tries some 10,000 a second, 2^30 in a day.
constexpr double kHopeless = 20;
constexpr double kWeak = 36;
constexpr double kFair = 50;

Verdict judge(double bits) {
    if (bits < kHopeless) return Verdict::hopeless;
    if (bits < kWeak) return Verdict::weak;
    return bits < kFair ? Verdict::fair : Verdict::strong;
}

// What a pattern that zxcvbn found is worth saying.
std::string_view advice_for(int type) {
    switch (type & ~MULTIPLE_MATCH) {
        case DICTIONARY_MATCH:
        case USER_MATCH: return "It has common words, names or passwords in it.";
        case DICT_LEET_MATCH:
        case USER_LEET_MATCH: return "Digits for letters (such as 3 for e) add next to nothing.";
        case REPEATS_MATCH: return "Repetitions add next to nothing.";
        case SEQUENCE_MATCH: return "Sequences such as abc or 123 add next to nothing.";
        case SPATIAL_MATCH: return "Rows of keys such as qwerty are guessed early.";
        case DATE_MATCH:
        case YEAR_MATCH: return "Dates and years are guessed early.";
        default: return {};
    }
}

}  // namespace

Result<Strength> estimate(const Passphrase& passphrase) {
    const ByteView bytes = passphrase.view();
    // zxcvbn ends at the first NUL; what is behind it does not make a passphrase weaker.
    const SecretMemory text = NACRE_TRY(SecretMemory::take(Passphrase::kMaxLength + 1));
    std::memcpy(text.data(), bytes.data(), bytes.size());
    ZxcMatch_t* parts = nullptr;
    Strength out;
    out.bits = ZxcvbnMatch(reinterpret_cast<const char*>(text.data()), nullptr, &parts);
    out.verdict = judge(out.bits);
    for (const ZxcMatch_t* part = parts; part != nullptr; part = part->Next) {
        const std::string_view advice = advice_for(part->Type);
        const bool known = std::find(out.advice.begin(), out.advice.end(), advice) != out.advice.end();
        if (!advice.empty() && !known) out.advice.push_back(advice);
    }
    ZxcvbnFreeInfo(parts);
    if (out.verdict >= Verdict::fair) out.advice.clear();
    if (out.verdict < Verdict::fair) {
        out.advice.emplace_back("Six words drawn by dice are strong, and easy to remember.");
    }
    return out;
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::hopeless: return "hopeless";
        case Verdict::weak: return "weak";
        case Verdict::fair: return "fair";
        case Verdict::strong: return "strong";
    }
    std::abort();
}

}  // namespace nacre::client
