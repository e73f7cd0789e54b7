#include "daemon/libsignal/errors.h"

#include <algorithm>
#include <array>

#include "daemon/libsignal/napi/environment.h"

namespace nacre::signal {
namespace {

using enum ErrorCode;

// In libsignal's order; tests/daemon/libsignal compares with Errors.js.
constexpr std::array kNames{
    ErrorName{"Generic", bad_message},
    ErrorName{"DuplicatedMessage", duplicate},
    ErrorName{"SealedSenderSelfSend", rejected},
    ErrorName{"UntrustedIdentity", untrusted_identity},
    ErrorName{"InvalidRegistrationId", bad_message},
    ErrorName{"InvalidProtocolAddress", bad_message},
    ErrorName{"VerificationFailed", bad_message},
    ErrorName{"InvalidSession", bad_message},
    ErrorName{"InvalidSenderKeySession", bad_message},
    ErrorName{"NicknameCannotBeEmpty", invalid_argument},
    ErrorName{"CannotStartWithDigit", invalid_argument},
    ErrorName{"MissingSeparator", invalid_argument},
    ErrorName{"BadNicknameCharacter", invalid_argument},
    ErrorName{"NicknameTooShort", invalid_argument},
    ErrorName{"NicknameTooLong", invalid_argument},
    ErrorName{"DiscriminatorCannotBeEmpty", invalid_argument},
    ErrorName{"DiscriminatorCannotBeZero", invalid_argument},
    ErrorName{"DiscriminatorCannotBeSingleDigit", invalid_argument},
    ErrorName{"DiscriminatorCannotHaveLeadingZeros", invalid_argument},
    ErrorName{"BadDiscriminatorCharacter", invalid_argument},
    ErrorName{"DiscriminatorTooLarge", invalid_argument},
    ErrorName{"IoError", unavailable},
    ErrorName{"CdsiInvalidToken", rejected},
    ErrorName{"InvalidUri", invalid_argument},
    ErrorName{"InvalidMediaInput", bad_message},
    ErrorName{"UnsupportedMediaInput", unsupported},
    ErrorName{"InputDataTooLong", invalid_argument},
    ErrorName{"InvalidEntropyDataLength", invalid_argument},
    ErrorName{"InvalidUsernameLinkEncryptedData", bad_message},
    ErrorName{"RateLimitedError", rate_limited},
    ErrorName{"RateLimitChallengeError", rate_limited},
    ErrorName{"SvrDataMissing", not_found},
    ErrorName{"SvrRequestFailed", unavailable},
    ErrorName{"SvrRestoreFailed", rejected},
    ErrorName{"SvrAttestationError", rejected},
    ErrorName{"SvrInvalidData", bad_message},
    ErrorName{"SvrDataMismatch", bad_message},
    ErrorName{"ChatServiceInactive", unavailable},
    ErrorName{"AppExpired", rejected},
    ErrorName{"DeviceDelinked", unlinked},
    ErrorName{"ConnectionInvalidated", rejected},
    ErrorName{"ConnectedElsewhere", rejected},
    ErrorName{"PossibleCaptiveNetwork", unavailable},
    ErrorName{"BackupValidation", bad_message},
    ErrorName{"Cancelled", canceled},
    ErrorName{"KeyTransparencyError", unavailable},
    ErrorName{"KeyTransparencyVerificationFailed", bad_message},
    ErrorName{"IncrementalMacVerificationFailed", bad_message},
    ErrorName{"RequestUnauthorized", rejected},
    ErrorName{"MismatchedDevices", rejected},
    ErrorName{"ServiceIdNotFound", unregistered},
    ErrorName{"DeviceIdNotFound", not_found},
    ErrorName{"UploadTooLarge", resource_exhausted},
    ErrorName{"RegisterAccountRequestRejected", rejected},
    ErrorName{"RegistrationCredentialsCouldNotBeParsed", rejected},
    ErrorName{"RegistrationDeviceTransferPossibleNotSkipped", rejected},
    ErrorName{"RegistrationInvalidReceipt", rejected},
    ErrorName{"RegistrationInvalidSession", rejected},
    ErrorName{"RegistrationLock", rejected},
    ErrorName{"RegistrationOneTimePasswordRequired", rejected},
    ErrorName{"RegistrationRecoveryPasswordRequired", rejected},
    ErrorName{"RegistrationRecoveryVerificationFailed", rejected},
    ErrorName{"RegistrationRequestInvalid", rejected},
    ErrorName{"RegistrationRequestRejected", rejected},
    ErrorName{"RegistrationSessionIdInvalid", rejected},
    ErrorName{"RegistrationSessionNotFound", rejected},
    ErrorName{"RegistrationSessionNotReadyForVerification", rejected},
    ErrorName{"RegistrationVerificationCodeNotDeliverable", rejected},
    ErrorName{"RegistrationVerificationSendFailed", rejected},
    ErrorName{"UsernameNotAvailable", already_exists},
    ErrorName{"UsernameNotSet", not_found},
    ErrorName{"UsernameReservationNotFound", not_found},
    ErrorName{"InvalidReceipt", rejected},
    ErrorName{"MissingBackupId", not_found},
    ErrorName{"ReceiptCredentialErrorPaymentStillProcessing", unavailable},
    ErrorName{"ReceiptCredentialErrorPaymentRequired", rejected},
    ErrorName{"ReceiptCredentialErrorPaymentNotFound", not_found},
    ErrorName{"ReceiptCredentialErrorReceiptAlreadyIssued", already_exists},
    ErrorName{"TooManyTotpKeys", resource_exhausted},
    ErrorName{"TooManyMfaKeys", resource_exhausted},
    ErrorName{"MfaNotVerified", rejected},
    ErrorName{"OneTimePasswordNotVerified", rejected},
    ErrorName{"MfaKeyNotFound", not_found},
    ErrorName{"WebAuthnRegistrationUnsuccessful", rejected},
    // Ours.
    ErrorName{"Panic", internal},
    ErrorName{"TypeError", internal},
    ErrorName{"Unknown", internal},
};

constexpr const ErrorName& kUnknown = kNames.back();

std::string_view text_property(const napi::Object& object, std::string_view name) {
    auto* text = napi::as<napi::String>(object.get(name), napi::Kind::string);
    return text != nullptr ? std::string_view{text->text} : std::string_view{};
}

// Neither has a name; only their texts tell them from an ordinary failure.
bool is_panic(std::string_view message) {
    return message.find("panic") != std::string_view::npos;
}

bool is_misuse(std::string_view message) {
    return message.find("failed to downcast") != std::string_view::npos;
}

std::string_view name_of(const napi::ErrorValue& error) {
    const auto name = text_property(error, "name");
    if (!name.empty()) return name;
    if (is_panic(error.message)) return "Panic";
    if (is_misuse(error.message)) return "TypeError";
    return "Generic";
}

}  // namespace

std::span<const ErrorName> error_names() { return kNames; }

const ErrorName& find_error_name(std::string_view name) {
    const auto* found = std::ranges::find(kNames, name, &ErrorName::name);
    return found != kNames.end() ? *found : kUnknown;
}

Error error_from(const napi::Value* thrown, Literal where) {
    const bool is_error = thrown != nullptr && thrown->kind() == napi::Kind::error;
    const auto* error = is_error ? static_cast<const napi::ErrorValue*>(thrown) : nullptr;
    const auto& found = error != nullptr ? find_error_name(name_of(*error)) : kUnknown;
    return Error{found.code, where, 0, found.name};
}

napi::Value* make_libsignal_error(const napi::Call& call) {
    const auto* message = napi::as<napi::String>(call.argument(0), napi::Kind::string);
    auto* error = call.environment.make<napi::ErrorValue>(
        message != nullptr ? std::string_view{message->text} : std::string_view{});
    if (call.argument(1)->kind() == napi::Kind::string) error->set("name", call.argument(1));
    const auto* extra = napi::as<napi::Object>(call.argument(3), napi::Kind::object);
    if (extra != nullptr) {
        extra->each([&](std::string_view name, napi::Value* value) { error->set(name, value); });
    }
    return error;
}

}  // namespace nacre::signal
