#include "clients/common/channel.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>

#include <cerrno>

#include "clients/common/unix_socket.h"

namespace nacre::client {

Result<Channel> Channel::open(const std::filesystem::path& socket, std::string token) {
    const int fd = NACRE_TRY(connect_unix(socket));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return os_error("connection", errno);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(8 << 20);
    return Channel{grpc::CreateCustomInsecureChannelFromFd("nacre", fd, arguments),
                   std::move(token)};
}

std::unique_ptr<grpc::ClientContext> Channel::call(std::chrono::milliseconds most) const {
    auto context = endless_call();
    context->set_deadline(std::chrono::system_clock::now() + most);
    return context;
}

std::unique_ptr<grpc::ClientContext> Channel::endless_call() const {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
    return context;
}

}  // namespace nacre::client
