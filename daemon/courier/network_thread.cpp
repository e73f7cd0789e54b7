#include "daemon/courier/network_thread.h"

#include <poll.h>

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "api/base/clock.h"
#include "api/base/log.h"

namespace nacre::courier {
namespace {

constexpr std::chrono::milliseconds kDisconnectTime{3000};
constexpr std::int64_t kLongestSleepMs = 60'000;

}  // namespace

class NetworkThread::PumpedLoop final : public Loop {
public:
    explicit PumpedLoop(signal::Host& host) : host_{host} {}

    void post(std::function<void()> work) override { host_.post(std::move(work)); }

    Timer after(std::chrono::milliseconds delay, std::function<void()> work) override {
        const Timer timer = ++last_;
        due_.emplace(std::pair{system_clock().boot_ms() + delay.count(), timer}, std::move(work));
        return timer;
    }

    void cancel(Timer timer) override {
        std::erase_if(due_, [timer](const auto& each) { return each.first.second == timer; });
    }

    int sleep_ms() const {
        if (due_.empty()) return -1;
        const std::int64_t left = due_.begin()->first.first - system_clock().boot_ms();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestSleepMs));
    }

    void run_due() {
        const std::int64_t now = system_clock().boot_ms();
        while (!due_.empty() && due_.begin()->first.first <= now) {
            const auto work = std::move(due_.begin()->second);
            due_.erase(due_.begin());
            work();
        }
    }

private:
    signal::Host& host_;
    Timer last_ = 0;
    std::map<std::pair<std::int64_t, Timer>, std::function<void()>> due_;
};

Result<std::unique_ptr<NetworkThread>> NetworkThread::start(const std::filesystem::path& addon,
                                                            const signal::NetworkOptions& options,
                                                            Begin begin) {
    std::unique_ptr<NetworkThread> made{new NetworkThread};
    std::promise<std::optional<Error>> opened;
    auto outcome = opened.get_future();
    made->thread_ = std::thread{[self = made.get(), &addon, &options, &begin, &opened] {
        const Result<void> result = self->open(addon, options, begin);
        opened.set_value(result.ok() ? std::nullopt : std::optional{result.error()});
        if (result.ok()) self->run();
        self->close();
    }};
    if (const auto error = outcome.get()) return *error;
    return made;
}

NetworkThread::~NetworkThread() { stop(); }

void NetworkThread::stop() {
    post([this](Station&) { stopping_ = true; });
    if (thread_.joinable()) thread_.join();
}

void NetworkThread::post(std::function<void(Station& station)> work) {
    const std::lock_guard lock{mutex_};
    if (posting_ == nullptr) return;
    posting_->post([this, work = std::move(work)] { work(*station_); });
}

Result<void> NetworkThread::open(const std::filesystem::path& addon,
                                 const signal::NetworkOptions& options, const Begin& begin) {
    host_ = NACRE_TRY(signal::Host::open(addon));
    loop_ = std::make_unique<PumpedLoop>(*host_);
    network_ = NACRE_TRY(signal::Network::open(*host_, options));
    dialer_ = signal_dialer(*network_);
    station_ = begin(*loop_, *dialer_);
    const std::lock_guard lock{mutex_};
    posting_ = loop_.get();
    return {};
}

void NetworkThread::run() {
    while (!stopping_) {
        pollfd wait{host_->event_fd(), POLLIN, 0};
        poll(&wait, 1, loop_->sleep_ms());
        host_->pump();
        loop_->run_due();
    }
    bool disconnected = false;
    station_->provisioning.stop();
    station_->anonymous.stop();
    station_->chat.stop([&disconnected] { disconnected = true; });
    if (!host_->run_until([&disconnected] { return disconnected; }, kDisconnectTime))
        log::write(log::Level::notice, "no orderly end of the connection");
    station_->chat.close();
}

// Callbacks may come until the host is gone, so the station goes last.
void NetworkThread::close() {
    {
        const std::lock_guard lock{mutex_};
        posting_ = nullptr;
    }
    if (host_) host_->pump();
    dialer_.reset();
    network_.reset();
    if (host_) host_->pump();
    loop_.reset();
    host_.reset();
    station_.reset();
}

}  // namespace nacre::courier
