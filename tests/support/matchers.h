// Catch2 matchers for Result: REQUIRE_THAT(open(path), FailsWith(ErrorCode::no_vault)).
#pragma once

#include <catch2/catch_tostring.hpp>
#include <catch2/matchers/catch_matchers_templated.hpp>
#include <string>

#include "api/base/result.h"

namespace nacre::tests {

class FailsWith : public Catch::Matchers::MatcherGenericBase {
public:
    explicit FailsWith(ErrorCode code) : code_{code} {}

    template <class T>
    bool match(const Result<T>& result) const {
        return !result.ok() && result.error().code == code_;
    }

    std::string describe() const override {
        return "fails with " + std::string{to_string(code_)};
    }

private:
    ErrorCode code_;
};

}  // namespace nacre::tests

template <class T>
struct Catch::StringMaker<nacre::Result<T>> {
    static std::string convert(const nacre::Result<T>& result) {
        if (result.ok()) return "ok";
        return std::string{to_string(result.error().code)} + " at " + result.error().where.c_str();
    }
};
