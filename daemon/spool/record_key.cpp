#include "daemon/spool/record_key.h"

#include <sodium.h>

namespace nacre::spool {

void WipeKey::operator()(std::array<std::uint8_t, kRecordKeyBytes>* key) const {
    sodium_memzero(key->data(), key->size());
    delete key;
}

RecordKey empty_record_key() { return RecordKey{new std::array<std::uint8_t, kRecordKeyBytes>{}}; }

}  // namespace nacre::spool
