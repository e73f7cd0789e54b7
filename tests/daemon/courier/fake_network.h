// FakeLoop, FakeDialer: the network's edge under a test's control: time passes when it says so, and
// connections do what it tells them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "api/base/clock.h"
#include "daemon/courier/dialer.h"
#include "daemon/courier/loop.h"

namespace nacre::tests {

class FakeLoop final : public courier::Loop, public Clock {
public:
    void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }

    Timer after(std::chrono::milliseconds delay, std::function<void()> work) override {
        due_.emplace(std::pair{now_ + delay.count(), ++last_}, std::move(work));
        return last_;
    }

    void cancel(Timer timer) override {
        std::erase_if(due_, [timer](const auto& each) { return each.first.second == timer; });
    }

    std::int64_t wall_ms() const override { return 1'700'000'000'000 + now_; }
    std::int64_t boot_ms() const override { return now_; }

    void run_posted() {
        while (!posted_.empty()) {
            const auto work = std::move(posted_.front());
            posted_.pop_front();
            work();
        }
    }

    void pass(std::int64_t ms) {
        const std::int64_t end = now_ + ms;
        run_posted();
        while (!due_.empty() && due_.begin()->first.first <= end) {
            const auto work = std::move(due_.begin()->second);
            now_ = due_.begin()->first.first;
            due_.erase(due_.begin());
            work();
            run_posted();
        }
        now_ = end;
    }

    std::size_t timers() const { return due_.size(); }

private:
    std::int64_t now_ = 0;
    Timer last_ = 0;
    std::deque<std::function<void()>> posted_;
    std::map<std::pair<std::int64_t, Timer>, std::function<void()>> due_;
};

// One attempt or connection, as the test sees it.
struct FakeLine {
    signal::Login login;
    courier::LineListener listener;
    courier::ProvisioningListener provisioning;
    courier::Dialer::OnLine done;
    bool canceled = false;
    bool open = false;    // and not destroyed
    bool closed = false;  // destroyed after it was open
    std::vector<signal::Request> requests;
    std::vector<signal::OnResponse> responses;
};

class FakeDialer final : public courier::Dialer {
public:
    Cancel authenticated(const signal::Login& login, courier::LineListener listener,
                         OnLine done) override {
        auto& line = add(lines, std::move(done));
        line.login = login;
        line.listener = std::move(listener);
        return cancel_of(lines.back());
    }
    Cancel unauthenticated(courier::LineListener listener, OnLine done) override {
        add(anonymous, std::move(done)).listener = std::move(listener);
        return cancel_of(anonymous.back());
    }
    Cancel provisioning(courier::ProvisioningListener listener, OnLine done) override {
        add(provisionings, std::move(done)).provisioning = std::move(listener);
        return cancel_of(provisionings.back());
    }

    static void accept(const std::shared_ptr<FakeLine>& line) {
        class Open final : public courier::Line {
        public:
            explicit Open(std::shared_ptr<FakeLine> line) : line_{std::move(line)} {
                line_->open = true;
            }
            ~Open() override {
                line_->open = false;
                line_->closed = true;
            }
            void send(const signal::Request& request, signal::OnResponse done) override {
                line_->requests.push_back(request);
                line_->responses.push_back(std::move(done));
            }
            void disconnect(std::function<void()> done) override { done(); }

        private:
            std::shared_ptr<FakeLine> line_;
        };
        line->done(std::unique_ptr<courier::Line>{new Open{line}});
    }

    std::vector<std::shared_ptr<FakeLine>> lines, anonymous, provisionings;

private:
    static FakeLine& add(std::vector<std::shared_ptr<FakeLine>>& to, OnLine done) {
        to.push_back(std::make_shared<FakeLine>());
        to.back()->done = std::move(done);
        return *to.back();
    }
    static Cancel cancel_of(const std::shared_ptr<FakeLine>& line) {
        return [line] { line->canceled = true; };
    }
};

}  // namespace nacre::tests
