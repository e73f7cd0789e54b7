// The addon finds napi_* in the executable at run time, which no linker sees: loading an addon
// calls these, so that every object file with such functions is linked in.
//
// Layer:   daemon/libsignal/napi.
#pragma once

namespace nacre::napi {

void link_create();
void link_read();
void link_object();
void link_lifetime();
void link_threadsafe();
void link_unsupported();

inline void link_functions() {
    link_create();
    link_read();
    link_object();
    link_lifetime();
    link_threadsafe();
    link_unsupported();
}

}  // namespace nacre::napi
