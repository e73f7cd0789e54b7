// Tap: a Unix socket that passes everything on to another one, both ways, and keeps it.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/listening_socket.h"

namespace nacre::tests {

class Tap {
public:
    Tap(const std::string& from, std::string to) : to_{std::move(to)}, listen_{listen_at(from)} {
        if (pipe(end_.data()) != 0) throw std::runtime_error("tap: no pipe");
        thread_ = std::thread{[this] { pass(); }};
    }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap() { stop(); }

    // All that has passed; ends it.
    const std::string& heard() {
        stop();
        return heard_;
    }

private:
    void stop() {
        if (!thread_.joinable()) return;
        close(end_[1]);
        thread_.join();
        close(end_[0]);
    }

    void take() {
        const int one = accept(listen_.get(), nullptr, nullptr);
        const int other = connect_to(to_).release();
        pairs_.emplace_back(one, other);
        pairs_.emplace_back(other, one);
    }

    // False at the end of one side.
    bool move(int from, int to) {
        std::array<char, 4096> buffer{};
        const ssize_t got = read(from, buffer.data(), buffer.size());
        if (got <= 0) return false;
        heard_.append(buffer.data(), static_cast<std::size_t>(got));
        return send(to, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
    }

    void drop(int from, int to) {
        std::erase_if(pairs_, [&](const auto& pair) { return pair.first == from || pair.first == to; });
        close(from);
        close(to);
    }

    void pass() {
        for (;;) {
            std::vector<pollfd> waiting{{end_[0], POLLIN, 0}, {listen_.get(), POLLIN, 0}};
            for (const auto& pair : pairs_) waiting.push_back({pair.first, POLLIN, 0});
            if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
            if (waiting[0].revents != 0) break;
            for (std::size_t i = 2; i < waiting.size(); ++i) {
                if (waiting[i].revents == 0) continue;
                const auto [from, to] = pairs_[i - 2];
                if (move(from, to)) continue;
                drop(from, to);
                break;  // what follows has moved up
            }
            if (waiting[1].revents != 0) take();
        }
        while (!pairs_.empty()) drop(pairs_.back().first, pairs_.back().second);
    }

    std::string to_;
    daemon::Descriptor listen_;
    std::array<int, 2> end_{-1, -1};
    std::vector<std::pair<int, int>> pairs_;
    std::string heard_;  // the thread's until it has ended
    std::thread thread_;
};

}  // namespace nacre::tests
