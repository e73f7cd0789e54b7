// Crash points: named places where a test can make the process die.
//
// Layer:   daemon/base. Product binaries link nacre_crash_none, in which crash_point() is empty;
//          the test binaries in build/<preset>/testbin are the same objects with
//          nacre_crash_points, which reads
//              NACRE_CRASH_POINT="name"        SIGKILL at the first hit
//              NACRE_CRASH_POINT="name:3"      at the third
//              NACRE_CRASH_POINT="name:abort"  abort() at the first; "name:3:abort" at the third
//          and ends the process at once when the value names no point.
// Threads: any; hits are counted atomically.
#pragma once

#include <array>
#include <string_view>

#include "api/base/bytes.h"

namespace nacre::daemon {

// Every point, so that a test can walk them all. A call with another name does not compile.
inline constexpr std::array<std::string_view, 27> kCrashPoints{
    // courier: receiving
    "before_append",  // a batch is sealed, nothing is written
    "after_append",   // the spool is synced, the server has no acknowledgement
    "before_ack",     // just before an envelope is acknowledged
    "after_ack",      // acknowledged, the vault has nothing yet
    "before_delete",  // the vault has committed, the segment is still there
    "after_delete",   // the segment is gone
    // vaultd: receiving
    "before_decrypt",   // the attempt is recorded, nothing is decrypted
    "after_decrypt",    // ratchets have moved in memory
    "on_poison",        // the plaintext has "nacre-poison" in it
    "before_commit",    // a batch's transaction is complete, not committed
    "after_commit",     // durable, the courier does not know
    "after_committed",  // `Committed` is on the link
    // vaultd: sending
    "before_outbox",  // encrypted, the transaction is not committed
    "after_outbox",   // ciphertext is durable, nothing is sent
    "after_put",      // the server took it, the outbox does not know
    "after_sent",     // the outbox knows
    // vaultd: linking
    "before_pending_link",  // keys are made, nothing is stored
    "before_link_request",  // the pending link is durable, no device exists
    "after_link_request",   // the device exists, the vault does not know
    "after_link_commit",    // linked, keys are not uploaded
    // vaultd: slots
    "slots_prepared",   // a changed header is made, not written
    "slots_written",    // both copies are durable, the client does not know
    "rekey_copying",    // part of the database stands in the copy
    "rekey_copied",     // all of it is durable there, the header leads to the old one
    "rekey_committed",  // the header leads to the copy, which is not in its place
    // both
    "before_epoch",  // the spool's new key pair is durable, the courier does not know
    "after_epoch",   // the courier seals to it
};

class CrashPoint {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): a string literal is meant to convert.
    consteval CrashPoint(const char* name) : name_{name} {
        bool listed = false;
        for (const std::string_view point : kCrashPoints) listed = listed || point == name_;
        if (!listed) throw "not in kCrashPoints";  // at compile time
    }
    constexpr std::string_view name() const { return name_; }

private:
    std::string_view name_;
};

void crash_point(CrashPoint point);
// A hit only if `text` contains "nacre-poison": an envelope that ends whoever decrypts it.
void crash_point(CrashPoint point, ByteView text);

}  // namespace nacre::daemon
