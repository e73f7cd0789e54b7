#include "daemon/vaultd/waits.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "api/base/bytes.h"
#include "api/base/log.h"
#include "daemon/base/descriptor.h"

namespace nacre::vaultd {
namespace {

constexpr std::string_view kMagic = "NACREWAI";
constexpr std::size_t kWrongAt = 8;
constexpr std::size_t kBootAt = 16;
constexpr std::size_t kUntilAt = 32;
constexpr std::size_t kCheckAt = 40;
constexpr std::size_t kFileBytes = 48;
using FileBytes = std::array<std::uint8_t, kFileBytes>;

constexpr std::uint64_t kFreeAttempts = 3;
constexpr std::uint32_t kFirstWait = 2;
constexpr std::uint32_t kLongestWait = 300;

void put(FileBytes& bytes, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t get(const FileBytes& bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | bytes[at + i];
    return value;
}

std::array<std::uint8_t, 8> check_of(const FileBytes& bytes) {
    std::array<std::uint8_t, 32> digest{};
    crypto_generichash(digest.data(), digest.size(), bytes.data(), kCheckAt, nullptr, 0);
    std::array<std::uint8_t, 8> check{};
    std::copy_n(digest.begin(), check.size(), check.begin());
    return check;
}

Result<void> write_file(const std::filesystem::path& path, const FileBytes& bytes) {
    const daemon::Descriptor file{
        open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return os_error("write the waits", errno);
    // In place and of one size: a full disk does not stop it.
    const ssize_t written = pwrite(file.get(), bytes.data(), bytes.size(), 0);
    if (written != static_cast<ssize_t>(bytes.size())) return os_error("write the waits", errno);
    if (fdatasync(file.get()) != 0) return os_error("sync the waits", errno);
    return {};
}

}  // namespace

std::uint32_t wait_after(std::uint64_t wrong_attempts) {
    if (wrong_attempts <= kFreeAttempts) return 0;
    const std::uint64_t doublings = std::min<std::uint64_t>(wrong_attempts - kFreeAttempts - 1, 16);
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{kFirstWait} << doublings, kLongestWait));
}

BootId boot_id() {
    BootId id{};
    const daemon::Descriptor file{open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)};
    std::array<char, 36> text{};
    if (!file || read(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return id;
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != '-'; });
    Bytes bytes;
    if (from_hex(digits, bytes) && bytes.size() == id.size()) {
        std::copy(bytes.begin(), bytes.end(), id.begin());
    }
    return id;
}

Waits::Waits(std::filesystem::path file, const Clock& clock, const BootId& boot)
    : file_{std::move(file)}, clock_{clock}, boot_{boot} {
    load();
}

void Waits::load() {
    const daemon::Descriptor file{open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file) return;
    FileBytes bytes{};
    const bool whole = read(file.get(), bytes.data(), bytes.size()) == kFileBytes &&
                       equal(ByteView{bytes}.first(kMagic.size()), as_bytes(kMagic)) &&
                       equal(ByteView{bytes}.subspan(kCheckAt), check_of(bytes));
    if (!whole) {
        wrong_ = kFreeAttempts;
        return;
    }
    wrong_ = get(bytes, kWrongAt);
    const std::int64_t longest =
        clock_.boot_ms() + std::int64_t{wait_after(wrong_)} * 1000;
    const bool same_boot = equal(ByteView{bytes}.subspan(kBootAt, boot_.size()), boot_);
    if (same_boot) {
        until_ms_ = std::min(static_cast<std::int64_t>(get(bytes, kUntilAt)), longest);
    } else if (wait_after(wrong_) > 0) {
        store(wrong_, longest);
    }
}

void Waits::store(std::uint64_t wrong, std::int64_t until_ms) {
    wrong_ = wrong;
    until_ms_ = until_ms;
    FileBytes bytes{};
    std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    put(bytes, kWrongAt, wrong);
    std::copy(boot_.begin(), boot_.end(), bytes.begin() + kBootAt);
    put(bytes, kUntilAt, static_cast<std::uint64_t>(until_ms));
    const auto check = check_of(bytes);
    std::copy(check.begin(), check.end(), bytes.begin() + kCheckAt);
    const auto written = write_file(file_, bytes);
    // It still holds for as long as this process lives.
    if (!written) log::write(log::Level::warning, "the waits cannot be kept", written.error());
}

std::uint32_t Waits::seconds_left() const {
    const std::int64_t left = until_ms_ - clock_.boot_ms();
    return left <= 0 ? 0 : static_cast<std::uint32_t>((left + 999) / 1000);
}

Result<void> Waits::begin() {
    if (seconds_left() > 0) return Error{ErrorCode::rate_limited, "try a secret: too soon"};
    const std::uint64_t wrong = wrong_ + 1;
    store(wrong, clock_.boot_ms() + std::int64_t{wait_after(wrong)} * 1000);
    return {};
}

void Waits::end(const Result<void>& outcome) {
    if (outcome.ok()) return store(0, 0);
    if (outcome.error().code == ErrorCode::wrong_passphrase) {
        return store(wrong_, clock_.boot_ms() + std::int64_t{wait_after(wrong_)} * 1000);
    }
    const std::uint64_t before = wrong_ - 1;
    store(before, clock_.boot_ms());
}

}  // namespace nacre::vaultd
