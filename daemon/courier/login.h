// Login: this device's name and password with the server, in memory that outlives the courier.
//
// Layer:   daemon/courier.
// Secrets: the device password. It stands in a sealed memfd that the supervisor keeps unread, and
//          while connected in this process and libsignal's; never on a disk, unless the
//          owner puts it into a credential.
// Errors:  invalid_argument, bad_message for what is not a login; what
//          daemon/link/login_credential.h says.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/descriptor.h"
#include "daemon/libsignal/chat.h"
#include "nacre/courier/v1/link.pb.h"

namespace nacre::courier {

struct DeviceLogin {
    std::string aci;
    std::uint32_t device_id = 0;
    std::string password;
    v1::Environment environment;  // where it may be used

    // The same device with the same password.
    bool same_device(const DeviceLogin& other) const {
        return aci == other.aci && device_id == other.device_id && password == other.password;
    }
    // Tells devices apart on disk: 32 hexadecimal digits of a hash that the password, which is
    // random, makes say nothing.
    std::string fingerprint() const;
    signal::Login for_signal() const;
};

Result<DeviceLogin> login_from(const v1::LoginRequest& request);

// A memfd that nobody can change any more, its holder included.
Result<daemon::Descriptor> seal_login(const DeviceLogin& login);

// From the supervisor. Takes only what is sealed against every change.
Result<DeviceLogin> read_login(int fd);

// From the owner's credential: from the file's beginning.
Result<DeviceLogin> read_login_credential(int fd);

}  // namespace nacre::courier
