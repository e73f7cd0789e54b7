// Arguments: what was asked on the command line. The only file that includes CLI11 is
// arguments.cpp.
//
// Layer:   clients/cli.
// Secrets: none by design: passphrases have no option; message text may stand in `text`.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/cli/exit_code.h"
#include "clients/common/places.h"

namespace nacre::cli {

// The kernel's resource manager, which lets programs share the TPM.
inline constexpr char kTpmAddress[] = "device:/dev/tpmrm0";

struct Arguments {
    client::PlaceOptions places;
    bool user = false;  // said in so many words
    bool json = false;
    std::string verb;
    std::string action;  // slot, passphrase, courier, service: the second word

    int passphrase_fd = -1;            // init, unlock, slot, passphrase, courier: a line each
    bool with_recovery_key = false;    // unlock, slot, courier: in place of a passphrase
    std::string with_key_file;         // the same
    bool with_tpm = false;             // the same
    std::string tpm_address = kTpmAddress;  // the same, slot
    bool force = false;                // init, slot, passphrase: a hopeless passphrase is taken
    std::string slot;                  // slot: number or label
    std::string label;                 // slot add
    bool new_recovery_key = false;     // slot add
    std::string key_file;              // slot add, rotate, calibrate
    bool make = false;                 // slot add, rotate: the key file
    std::string credential_file;       // slot add, rotate; courier credential ("-": standard output)
    bool new_tpm = false;              // slot add
    std::vector<std::uint32_t> registers;  // slot add, rotate: of the TPM; empty: as it was, or 7
    bool tpm_passphrase = false;       // slot add, rotate: needed with the TPM
    bool duress = false;               // slot add
    bool rekey = false;                // slot remove
    std::uint32_t target_ms = 0;       // slot calibrate; 0: one second
    bool accept_older_header = false;  // unlock
    bool wait = false;                 // unlock
    bool new_token = false;            // unlock
    std::string device_name;           // link
    std::string conversation;          // messages, send, read, search (empty: all)
    std::string recipient;             // accept-identity
    std::string query;                 // search, recipients
    std::string text;                  // send; "-": standard input
    std::string request_id;            // send; empty: a random one
    std::uint32_t limit = 50;          // lists
    bool all = false;                  // lists
    std::optional<std::uint64_t> after;  // watch
    bool with_text = false;              // watch

    // A verb of slots meets a TPM's among them before it knows.
    bool meets_tpm() const { return with_tpm || (verb == "slot" && action != "list"); }
    // Judging a passphrase is between the command and its user; a service is not there yet.
    bool needs_daemon() const {
        return verb != "service" && (verb != "passphrase" || action != "check");
    }
};

// Nothing when the command shall run; otherwise help, version or a complaint has been printed.
std::optional<ExitCode> parse_arguments(int argc, char** argv, Arguments& out);

}  // namespace nacre::cli
