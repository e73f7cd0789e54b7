#include <malloc.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace nacre::tests {
namespace {

constexpr unsigned char kMark = 0x5a;

// libc hands the block that was freed last out again for the same size; it uses the first 16 bytes
// of a free block for itself.
std::size_t marks_in_recycled_block(std::size_t size, const void* freed) {
    auto* again = static_cast<unsigned char*>(malloc(size));
    REQUIRE(static_cast<const void*>(again) == freed);
    const auto marks = std::count(again + 16, again + size, kMark);
    free(again);
    return static_cast<std::size_t>(marks);
}

TEST_CASE("zero on free: a freed block comes back without what was in it", "[sandbox]") {
    const std::size_t size = GENERATE(24, 100, 500, 1000);
    auto* block = static_cast<unsigned char*>(malloc(size));
    std::memset(block, kMark, size);
    asm volatile("" : : "r"(block) : "memory");
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    free(block);
    CHECK(marks_in_recycled_block(size, reinterpret_cast<const void*>(address)) == 0);
}

TEST_CASE("zero on free: a block that grows keeps its content and leaves none behind", "[sandbox]") {
    constexpr std::size_t kSize = 200;
    auto* block = static_cast<unsigned char*>(malloc(kSize));
    std::memset(block, kMark, kSize);
    asm volatile("" : : "r"(block) : "memory");
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    auto* grown = static_cast<unsigned char*>(realloc(block, 10 * kSize));
    REQUIRE(grown != nullptr);
    CHECK(std::count(grown, grown + kSize, kMark) == static_cast<std::ptrdiff_t>(kSize));
    CHECK(marks_in_recycled_block(kSize, reinterpret_cast<const void*>(address)) == 0);
    free(grown);
}

TEST_CASE("zero on free: realloc takes nothing, shrinks, and frees", "[sandbox]") {
    void* block = realloc(nullptr, 300);
    REQUIRE(block != nullptr);
    std::memset(block, kMark, 300);
    auto* shrunk = static_cast<unsigned char*>(realloc(block, 10));
    REQUIRE(shrunk != nullptr);
    CHECK(std::count(shrunk, shrunk + 10, kMark) == 10);
    CHECK(realloc(shrunk, 0) == nullptr);
}

}  // namespace
}  // namespace nacre::tests
