// for_each_page: a list call repeated until there is enough.
//
// Layer:   clients/cli.
// Threads: one.
#pragma once

#include <grpcpp/support/status.h>

#include <algorithm>
#include <cstdint>

#include "clients/cli/arguments.h"

namespace nacre::cli {

inline constexpr std::uint32_t kLargestPage = 200;

// `call(request, reply)` makes the call, `take(reply)` uses a page and returns how many it had.
template <class Reply, class Request, class Call, class Take>
grpc::Status for_each_page(const Arguments& arguments, Request request, Call call, Take take) {
    std::uint64_t wanted = arguments.all ? UINT64_MAX : arguments.limit;
    while (wanted > 0) {
        request.set_page_size(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, kLargestPage)));
        Reply reply;
        const grpc::Status status = call(request, reply);
        if (!status.ok()) return status;
        wanted -= std::min<std::uint64_t>(wanted, static_cast<std::uint64_t>(take(reply)));
        if (reply.next_page_token().empty()) break;
        request.set_page_token(reply.next_page_token());
    }
    return grpc::Status::OK;
}

}  // namespace nacre::cli
