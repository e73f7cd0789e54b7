// Strength: how many guesses a passphrase is worth, as zxcvbn (libzxcvbn) estimates, and what makes
// it weak. An estimate is an upper bound: it knows common words and patterns, not your dog's name.
//
// Layer:   clients/common. The only file that includes zxcvbn.h is strength.cpp.
// Secrets: the passphrase, in the arena; zxcvbn works on its stack and in its heap with it, in a
//          process that ends right after.
// Errors:  resource_exhausted.
// Threads: pure.
#pragma once

#include <string_view>
#include <vector>

#include "api/base/result.h"
#include "sandbox/secret.h"

namespace nacre::client {

enum class Verdict : std::uint8_t {
    hopeless,  // found in minutes, whatever a guess costs: refused unless insisted on
    weak,      // within reach of somebody with a farm of machines
    fair,
    strong,
};

struct Strength {
    double bits = 0;  // log2 of the guesses
    Verdict verdict = Verdict::hopeless;
    std::vector<std::string_view> advice;  // complete sentences
};

Result<Strength> estimate(const Passphrase& passphrase);
std::string_view to_string(Verdict verdict);

}  // namespace nacre::client
