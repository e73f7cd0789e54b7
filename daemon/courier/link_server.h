// LinkServer: answers what the vault asks over the link; one link at a time.
//
// Layer:   daemon/courier.
// Secrets: requests pass through, the login and its password among them.
// Errors:  become Failed answers, logged here once.
// Threads: accept() and close() by main; handlers run on the link's reader thread and only pass on.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "daemon/courier/download.h"
#include "daemon/courier/feeder.h"
#include "daemon/courier/login_keeper.h"
#include "daemon/courier/network_thread.h"

namespace nacre::courier {

// All borrowed.
struct LinkParts {
    NetworkThread& network;
    Intake& intake;
    Feeder& feeder;
    Downloads& downloads;
    LoginKeeper& logins;
    ReadyKeys& ready_keys;
};

class LinkServer {
public:
    // `lost` is called when a link ended by itself.
    LinkServer(const LinkParts& parts, std::function<void()> lost)
        : parts_{parts}, lost_{std::move(lost)} {}
    ~LinkServer() { close(); }
    LinkServer(const LinkServer&) = delete;
    LinkServer& operator=(const LinkServer&) = delete;

    // In place of the link before. Blocks for the handshake. What the old link had asked for ends;
    // receiving goes on.
    Result<void> accept(daemon::Descriptor link);
    void close();

private:
    void one_way(const link::Frame& frame);
    void request(link::Frame frame, const link::Reply& reply);
    void login(const v1::LoginRequest& request, const link::Reply& reply);
    void logout(const link::Reply& reply);
    void connect(const link::Reply& reply);
    void provision(const link::Reply& reply);
    void chat(const v1::ChatRequest& request, const link::Reply& reply);
    void download(const v1::DownloadRequest& request, const link::Reply& reply);
    void leave_keys(const v1::LeaveKeysRequest& request, const link::Reply& reply);
    void epoch(const v1::EpochRequest& request, const link::Reply& reply);
    void ended(const Error& why);
    void release();

    LinkParts parts_;
    std::function<void()> lost_;
    std::shared_ptr<link::Channel> channel_;
};

}  // namespace nacre::courier
