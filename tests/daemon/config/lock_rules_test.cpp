#include "daemon/config/lock_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace nacre::config;

TEST_CASE("lock rules: a USB device's numbers and serial", "[config][lock]") {
    const auto any = parse_usb_device("1050:0407");
    REQUIRE(any);
    CHECK(any->vendor == 0x1050);
    CHECK(any->product == 0x0407);
    CHECK(any->serial.empty());
    const auto one = parse_usb_device("abcD:EF01:00-12:34");
    REQUIRE(one);
    CHECK(one->vendor == 0xabcd);
    CHECK(one->product == 0xef01);
    CHECK(one->serial == "00-12:34");
}

TEST_CASE("lock rules: what is no USB device is refused", "[config][lock]") {
    const auto text = GENERATE(as<std::string>{}, "", "1050", "1050:", "1050:407", "1050:04077",
                               "105:00407", "0000:0407", "105g:0407", "0x50:0407", "+050:0407",
                               "1050-0407", "1050:0407:", "1050:0407:a b", "1050:0407:\x01",
                               "1050:0407 ", "1050:0407:" + std::string(127, 'x'));
    CAPTURE(text);
    CHECK_FALSE(parse_usb_device(text));
}

TEST_CASE("lock rules: the sentry is needed for what it alone can see", "[config][lock]") {
    LockRules rules;
    CHECK_FALSE(rules.need_sentry());
    rules.idle = rules.open = 60;
    CHECK_FALSE(rules.need_sentry());
    rules.lid = 0;
    CHECK(rules.need_sentry());
    rules.lid.reset();
    rules.shutdown = true;
    CHECK(rules.need_sentry());
    const auto in_force = rules.in_force();
    REQUIRE(in_force.size() == 3);
    CHECK(in_force[0].name == "idle");
    CHECK(in_force[0].delay == 60);
    CHECK(in_force[1].name == "open");
    CHECK(in_force[2].name == "shutdown");
    CHECK(in_force[2].delay == 0);
}
