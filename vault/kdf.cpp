#include "vault/kdf.h"

#include <argon2.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <array>
#include <chrono>
#include <thread>

#include "vault/kdf_limits.h"

namespace nacre::vault {
namespace {

constexpr std::uint32_t kMostLanes = 4;                    // more gain little on owners' machines
constexpr std::uint32_t kMostCalibratedKib = 1024 * 1024;  // so that a smaller machine can open it
constexpr std::uint32_t kCalibrationPasses = 3;

// Argon2's memory. Not from malloc: it goes back to the kernel at once, and stays out of dumps.
int map_memory(std::uint8_t** memory, std::size_t size) {
    void* const mapped =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
    madvise(mapped, size, MADV_DONTDUMP);
    *memory = static_cast<std::uint8_t*>(mapped);
    return ARGON2_OK;
}

// libargon2 has wiped it (FLAG_clear_internal_memory, on by default).
void unmap_memory(std::uint8_t* memory, std::size_t size) { munmap(memory, size); }

std::uint64_t half_of_memory_kib() {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_size <= 0) return 0;
    return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size) / 2048;
}

// A machine below twice the floor still has to open its vault.
std::uint32_t machine_ceiling_kib() {
    const KdfLimits& limits = kdf_limits();
    const auto half = std::max<std::uint64_t>(half_of_memory_kib(), limits.floor_kib);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(half, limits.ceiling_kib));
}

Result<std::uint32_t> measure_ms(const KdfParameters& parameters) {
    const auto passphrase = NACRE_TRY(Passphrase::from(as_bytes("calibration")));
    const std::array<std::uint8_t, kSaltSize> salt{};
    const auto start = std::chrono::steady_clock::now();
    NACRE_TRY(derive_key(passphrase, salt, parameters));
    const auto spent = std::chrono::steady_clock::now() - start;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(spent).count();
    return static_cast<std::uint32_t>(std::clamp<long long>(ms, 1, 1'000'000));
}

}  // namespace

Result<void> check(const KdfParameters& parameters) {
    const KdfLimits& limits = kdf_limits();
    const bool written_by_nacre =
        parameters.memory_kib >= limits.floor_kib && parameters.memory_kib <= limits.ceiling_kib &&
        parameters.passes >= limits.min_passes && parameters.passes <= limits.max_passes &&
        parameters.lanes >= 1 && parameters.lanes <= limits.max_lanes;
    if (!written_by_nacre) return Error{ErrorCode::vault_damaged, "check the KDF's parameters"};
    if (parameters.memory_kib > machine_ceiling_kib()) {
        return Error{ErrorCode::resource_exhausted, "check the KDF's memory: half of the machine's"};
    }
    return {};
}

Result<Secret<32>> derive_key(const Passphrase& passphrase,
                              std::span<const std::uint8_t, kSaltSize> salt,
                              const KdfParameters& parameters) {
    NACRE_TRY(check(parameters));
    auto key = NACRE_TRY(Secret<32>::zeroed());
    argon2_context context{};
    context.out = key.span().data();
    context.outlen = static_cast<std::uint32_t>(key.span().size());
    // Not written to: ARGON2_FLAG_CLEAR_PASSWORD is not set.
    context.pwd = const_cast<std::uint8_t*>(passphrase.view().data());
    context.pwdlen = static_cast<std::uint32_t>(passphrase.view().size());
    context.salt = const_cast<std::uint8_t*>(salt.data());
    context.saltlen = static_cast<std::uint32_t>(salt.size());
    context.t_cost = parameters.passes;
    context.m_cost = parameters.memory_kib;
    context.lanes = parameters.lanes;
    context.threads = parameters.lanes;
    context.version = ARGON2_VERSION_13;
    context.allocate_cbk = map_memory;
    context.free_cbk = unmap_memory;
    context.flags = ARGON2_DEFAULT_FLAGS;
    switch (argon2id_ctx(&context)) {
        case ARGON2_OK: return key;
        case ARGON2_MEMORY_ALLOCATION_ERROR:
        case ARGON2_THREAD_FAIL:
            return Error{ErrorCode::resource_exhausted, "derive a key with Argon2id", ENOMEM};
        default: return Error{ErrorCode::internal, "derive a key with Argon2id"};
    }
}

Result<KdfParameters> calibrate(std::uint32_t target_ms) {
    const KdfLimits& limits = kdf_limits();
    const std::uint64_t target = target_ms != 0 ? target_ms : limits.target_ms;
    const std::uint32_t lanes = std::clamp(std::thread::hardware_concurrency(), 1U, kMostLanes);
    KdfParameters parameters{limits.floor_kib, kCalibrationPasses, lanes};
    // The first run pays for page faults and waking cores; the second is what opening costs.
    std::uint64_t spent = NACRE_TRY(measure_ms(parameters));
    if (spent < target) {
        spent = std::min<std::uint64_t>(spent, NACRE_TRY(measure_ms(parameters)));
    }
    const std::uint64_t wanted_kib = limits.floor_kib * target / spent;
    const std::uint64_t most_kib = std::min(machine_ceiling_kib(), kMostCalibratedKib);
    const std::uint64_t kib = std::clamp<std::uint64_t>(wanted_kib, limits.floor_kib, most_kib);
    parameters.memory_kib = static_cast<std::uint32_t>(kib / 1024 * 1024);
    // Time is proportional to memory times passes; what memory could not use up, passes do.
    const std::uint64_t spent_now = std::max<std::uint64_t>(spent * kib / limits.floor_kib, 1);
    const std::uint64_t passes = kCalibrationPasses * target / spent_now;
    parameters.passes = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(passes, limits.min_passes, limits.max_passes));
    return parameters;
}

}  // namespace nacre::vault
