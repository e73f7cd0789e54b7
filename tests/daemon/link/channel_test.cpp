#include "daemon/link/channel.h"

#include <sys/socket.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/matchers.h"

using namespace nacre;
using namespace nacre::link;
using nacre::tests::FailsWith;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kLong = seconds{60};

// What a callback has put down, for the test's thread to wait for.
template <class T>
class Inbox {
public:
    void put(T item) {
        const std::lock_guard lock{mutex_};
        items_.push_back(std::move(item));
        arrived_.notify_all();  // under the lock: the taker may destroy this right after
    }
    T take() {
        std::unique_lock lock{mutex_};
        REQUIRE(arrived_.wait_for(lock, kLong, [this] { return !items_.empty(); }));
        T item = std::move(items_.front());
        items_.pop_front();
        return item;
    }
    bool empty() {
        const std::lock_guard lock{mutex_};
        return items_.empty();
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<T> items_;
};

struct Asked {
    Frame request;
    Reply reply;
};

// Both ends in one process, the courier's requests in an inbox unless handlers say otherwise.
struct Pair {
    Inbox<Asked> asked;
    Inbox<Frame> to_vault, to_courier;
    Inbox<Error> vault_closed, courier_closed;
    std::unique_ptr<Channel> vault, courier;

    explicit Pair(std::function<void(Frame, Reply)> on_request = {}) {
        auto ends = daemon::stream_pair().value();
        auto far = std::async(std::launch::async, [&] {
            courier::v1::Environment environment;
            environment.set_name("custom");
            Handlers handlers;
            handlers.on_request = on_request ? on_request : [this](Frame frame, Reply reply) {
                asked.put({std::move(frame), std::move(reply)});
            };
            handlers.on_frame = [this](Frame frame) { to_courier.put(std::move(frame)); };
            handlers.on_close = [this](const Error& why) { courier_closed.put(why); };
            return Channel::open(std::move(ends.second), Side::courier, environment, handlers);
        });
        Handlers handlers;
        handlers.on_frame = [this](Frame frame) { to_vault.put(std::move(frame)); };
        handlers.on_close = [this](const Error& why) { vault_closed.put(why); };
        vault = Channel::open(std::move(ends.first), Side::vault, {}, handlers).value();
        courier = far.get().value();
    }
};

Frame whoami() {
    Frame frame;
    frame.mutable_chat()->mutable_whoami();
    return frame;
}

Frame chat_reply(std::uint32_t status) {
    Frame frame;
    frame.mutable_chat_reply()->set_status(status);
    return frame;
}

Frame chunk(std::string data, bool last = false) {
    Frame frame;
    frame.mutable_chunk()->set_data(std::move(data));
    frame.mutable_chunk()->set_last(last);
    return frame;
}

Frame download() {
    Frame frame;
    frame.mutable_download()->set_cdn_key("k");
    return frame;
}

Frame committed(std::uint64_t sequence) {
    Frame frame;
    frame.mutable_committed()->set_sequence(sequence);
    return frame;
}

Frame record(std::string sealed) {
    Frame frame;
    frame.mutable_spool_record()->set_sealed(std::move(sealed));
    return frame;
}

struct Got {
    Result<Frame> frame;
    bool last;
};

// A vault whose courier is the test itself, byte by byte.
struct Raw {
    daemon::Descriptor peer;
    Inbox<Error> closed;
    Inbox<Frame> frames;
    std::unique_ptr<Channel> vault;

    Raw() {
        auto ends = daemon::stream_pair().value();
        peer = std::move(ends.second);
        Frame hello;
        hello.mutable_hello()->set_version(kLinkVersion);
        send(hello);
        Handlers handlers;
        handlers.on_close = [this](const Error& why) { closed.put(why); };
        handlers.on_frame = [this](Frame frame) { frames.put(std::move(frame)); };
        vault = Channel::open(std::move(ends.first), Side::vault, {}, handlers).value();
    }
    void send(const Frame& frame) {
        std::string bytes;
        REQUIRE(encode(frame, bytes).ok());
        REQUIRE(daemon::write_all(peer.get(), as_bytes(bytes)).ok());
    }
};

}  // namespace

TEST_CASE("channel: a call gets its answer, and the vault knows the environment",
          "[link][channel]") {
    Pair pair;
    CHECK(pair.vault->peer_environment().name() == "custom");
    auto answer = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    const Asked asked = pair.asked.take();
    CHECK(asked.request.chat().has_whoami());
    CHECK(asked.reply.open());
    REQUIRE(asked.reply.send(chat_reply(200)).ok());
    CHECK_FALSE(asked.reply.open());
    CHECK(answer.get().value().chat_reply().status() == 200);
}

TEST_CASE("channel: Failed arrives as its own code and name", "[link][channel]") {
    Pair pair{[](const Frame&, const Reply& reply) {
        (void)reply.fail({ErrorCode::rate_limited, "there", 0, "RateLimitedError"});
    }};
    const auto answer = pair.vault->call(whoami(), kLong);
    REQUIRE_THAT(answer, FailsWith(ErrorCode::rate_limited));
    CHECK(std::string{answer.error().name} == "RateLimitedError");
}

TEST_CASE("channel: many callers at once each get their own answer", "[link][channel]") {
    std::mutex mutex;
    std::vector<std::thread> workers;
    Pair pair{[&](const Frame& frame, const Reply& reply) {
        const std::lock_guard lock{mutex};
        workers.emplace_back([frame, reply] {
            Frame answer = chat_reply(frame.chat().timeout_ms());
            (void)reply.send(std::move(answer));
        });
    }};
    std::atomic<int> right{0};
    std::vector<std::thread> callers;
    for (std::uint32_t caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&, caller] {
            for (std::uint32_t n = 0; n < 50; ++n) {
                Frame request = whoami();
                request.mutable_chat()->set_timeout_ms(caller * 1000 + n);
                const auto answer = pair.vault->call(std::move(request), kLong);
                right += answer.ok() && answer->chat_reply().status() == caller * 1000 + n ? 1 : 0;
            }
        });
    }
    for (auto& caller : callers) caller.join();
    pair.courier.reset();
    for (auto& worker : workers) worker.join();
    CHECK(right == 400);
}

TEST_CASE("channel: a call times out, and its late answer harms nothing", "[link][channel]") {
    Pair pair;
    CHECK_THAT(pair.vault->call(whoami(), milliseconds{1}), FailsWith(ErrorCode::timed_out));
    const Asked late = pair.asked.take();
    auto next = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    const Asked asked = pair.asked.take();
    REQUIRE(late.reply.send(chat_reply(1)).ok());
    REQUIRE(asked.reply.send(chat_reply(2)).ok());
    CHECK(next.get().value().chat_reply().status() == 2);
    CHECK(pair.vault->is_open());
}

TEST_CASE("channel: one-way frames pass both ways", "[link][channel]") {
    Pair pair;
    REQUIRE(pair.vault->post(committed(7)).ok());
    CHECK(pair.to_courier.take().committed().sequence() == 7);
    REQUIRE(pair.courier->post(record("sealed")).ok());
    CHECK(pair.to_vault.take().spool_record().sealed() == "sealed");
}

TEST_CASE("channel: what may not be sent is refused at the sender", "[link][channel]") {
    Pair pair;
    CHECK_THAT(pair.courier->post(committed(1)), FailsWith(ErrorCode::internal));
    CHECK_THAT(pair.vault->post(whoami()), FailsWith(ErrorCode::internal));
    CHECK_THAT(pair.vault->call(committed(1), kLong), FailsWith(ErrorCode::internal));
    CHECK_THAT(pair.courier->call(whoami(), kLong), FailsWith(ErrorCode::internal));
    CHECK(pair.vault->is_open());
    CHECK(pair.courier->is_open());
}

TEST_CASE("channel: an answer of the wrong kind, or too large, leaves the request open",
          "[link][channel]") {
    Pair pair;
    auto answer = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    const Asked asked = pair.asked.take();
    CHECK_THAT(asked.reply.done(), FailsWith(ErrorCode::internal));
    Frame huge = chat_reply(200);
    huge.mutable_chat_reply()->set_body(std::string(kMaxFrameBytes, 'x'));
    CHECK_THAT(asked.reply.send(std::move(huge)), FailsWith(ErrorCode::resource_exhausted));
    REQUIRE(asked.reply.fail({ErrorCode::bad_message, "there"}).ok());
    CHECK_THAT(answer.get(), FailsWith(ErrorCode::bad_message));
    CHECK_THAT(asked.reply.send(chat_reply(200)), FailsWith(ErrorCode::internal));
}

TEST_CASE("channel: a stream brings its frames in order and ends with the last",
          "[link][channel]") {
    Pair pair;
    Inbox<Got> got;
    Stream stream = pair.vault
                        ->open_stream(download(),
                                      [&](Result<Frame> frame, bool last) {
                                          got.put({std::move(frame), last});
                                      })
                        .value();
    const Asked asked = pair.asked.take();
    REQUIRE(stream.credit(4096).ok());
    const Frame credit = pair.to_courier.take();
    CHECK(credit.credit().count() == 4096);
    CHECK(credit.request_id() == asked.reply.request_id());
    for (int n = 0; n < 20; ++n) {
        REQUIRE(asked.reply.send(chunk(std::to_string(n), n == 19)).ok());
    }
    for (int n = 0; n < 20; ++n) {
        Got item = got.take();
        CHECK(item.frame.value().chunk().data() == std::to_string(n));
        CHECK(item.last == (n == 19));
    }
    CHECK_THAT(stream.credit(1), FailsWith(ErrorCode::unavailable));
    stream.cancel();
    CHECK(pair.to_courier.empty());
}

TEST_CASE("channel: a cancelled stream is silent and tells the courier", "[link][channel]") {
    Pair pair;
    Inbox<Got> got;
    const bool destroy = GENERATE(false, true);
    std::optional<Stream> stream = pair.vault
                                       ->open_stream(download(),
                                                     [&](Result<Frame> frame, bool last) {
                                                         got.put({std::move(frame), last});
                                                     })
                                       .value();
    const Asked asked = pair.asked.take();
    REQUIRE(asked.reply.send(chunk("first")).ok());
    CHECK(got.take().frame.value().chunk().data() == "first");
    if (destroy) stream.reset();
    else stream->cancel();
    CHECK(pair.to_courier.take().cancel().target_id() == asked.reply.request_id());
    REQUIRE(asked.reply.send(chunk("second")).ok());
    REQUIRE(asked.reply.fail({ErrorCode::canceled, "there"}).ok());
    // A call that comes back shows that the frames before it were taken, and to nobody's harm.
    auto answer = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    REQUIRE(pair.asked.take().reply.send(chat_reply(1)).ok());
    CHECK(answer.get().ok());
    CHECK(got.empty());
}

TEST_CASE("channel: a stream may be cancelled from its own callback", "[link][channel]") {
    Pair pair;
    Stream stream;
    std::promise<void> opened;
    Inbox<bool> called;
    stream = pair.vault
                 ->open_stream(download(),
                               [&](const Result<Frame>&, bool last) {
                                   opened.get_future().wait();
                                   stream.cancel();
                                   called.put(last);
                               })
                 .value();
    opened.set_value();
    const Asked asked = pair.asked.take();
    REQUIRE(asked.reply.send(chunk("x")).ok());
    CHECK_FALSE(called.take());
    CHECK(pair.to_courier.take().has_cancel());
}

TEST_CASE("channel: the courier's death fails what is pending and is told once",
          "[link][channel]") {
    Pair pair;
    Inbox<Got> got;
    Stream stream = pair.vault
                        ->open_stream(download(),
                                      [&](Result<Frame> frame, bool last) {
                                          got.put({std::move(frame), last});
                                      })
                        .value();
    auto answer = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    const Asked first = pair.asked.take();
    (void)pair.asked.take();
    pair.courier.reset();
    CHECK_THAT(answer.get(), FailsWith(ErrorCode::unavailable));
    Got end = got.take();
    CHECK_THAT(end.frame, FailsWith(ErrorCode::unavailable));
    CHECK(end.last);
    CHECK(pair.vault_closed.take().code == ErrorCode::unavailable);
    CHECK_THAT(pair.vault->call(whoami(), kLong), FailsWith(ErrorCode::unavailable));
    CHECK_THAT(pair.vault->post(committed(1)), FailsWith(ErrorCode::unavailable));
    CHECK_FALSE(pair.vault->is_open());
    CHECK_THAT(first.reply.done(), FailsWith(ErrorCode::unavailable));
    pair.vault.reset();
    CHECK(pair.vault_closed.empty());
    CHECK(pair.courier_closed.empty());
}

TEST_CASE("channel: closing here fails what is pending and calls no on_close", "[link][channel]") {
    Pair pair;
    auto answer = std::async(std::launch::async, [&] { return pair.vault->call(whoami(), kLong); });
    (void)pair.asked.take();
    pair.vault->close();
    CHECK_THAT(answer.get(), FailsWith(ErrorCode::unavailable));
    CHECK(pair.courier_closed.take().code == ErrorCode::unavailable);
    CHECK(pair.vault_closed.empty());
}

TEST_CASE("channel: a poster waits while the other side does not read, and close frees it",
          "[link][channel]") {
    Raw raw;
    auto flood = std::async(std::launch::async, [&] {
        for (;;) {
            const Result<void> result = raw.vault->post(committed(1));
            if (!result.ok()) return result;
        }
    });
    // Socket and queue are full once a call cannot even be written.
    const auto stands_still = [&] {
        const auto answer = raw.vault->call(whoami(), milliseconds{5});
        REQUIRE_THAT(answer, FailsWith(ErrorCode::timed_out));
        return std::string{answer.error().where.c_str()} == "wait to write link";
    };
    while (!stands_still()) {
    }
    CHECK(flood.wait_for(seconds{0}) == std::future_status::timeout);
    raw.vault->close();
    CHECK_THAT(flood.get(), FailsWith(ErrorCode::unavailable));
}

TEST_CASE("channel: both sides flooding each other do not deadlock", "[link][channel]") {
    constexpr int kFrames = 20'000;
    std::atomic<int> vault_got{0};
    std::atomic<int> courier_got{0};
    std::promise<void> done;
    auto ends = daemon::stream_pair().value();
    const auto count = [&](std::atomic<int>& counter) {
        ++counter;
        if (vault_got + courier_got == 2 * kFrames) {
            try {
                done.set_value();
            } catch (const std::future_error&) {
            }
        }
    };
    Handlers vault_handlers;
    vault_handlers.on_frame = [&](const Frame&) { count(vault_got); };
    Handlers courier_handlers;
    courier_handlers.on_frame = [&](const Frame&) { count(courier_got); };
    auto far = std::async(std::launch::async, [&] {
        return Channel::open(std::move(ends.second), Side::courier, {}, courier_handlers).value();
    });
    auto vault = Channel::open(std::move(ends.first), Side::vault, {}, vault_handlers).value();
    auto courier = far.get();
    std::thread down{[&] {
        for (int n = 0; n < kFrames; ++n) (void)courier->post(record(std::string(500, 'x')));
    }};
    for (int n = 0; n < kFrames; ++n) (void)vault->post(committed(1));
    down.join();
    CHECK(done.get_future().wait_for(kLong) == std::future_status::ready);
    CHECK(vault_got == kFrames);
    CHECK(courier_got == kFrames);
}

TEST_CASE("channel: the reader's own posts never wait; a peer that does not read is cut off",
          "[link][channel]") {
    auto ends = daemon::stream_pair().value();
    Frame hello;
    hello.mutable_hello()->set_version(kLinkVersion);
    std::string bytes;
    REQUIRE(encode(hello, bytes).ok());
    REQUIRE(daemon::write_all(ends.second.get(), as_bytes(bytes)).ok());
    Inbox<Error> closed;
    Inbox<bool> refused;
    std::promise<Channel*> self;
    auto channel_self = self.get_future().share();
    Handlers handlers;
    handlers.on_close = [&](const Error& why) { closed.put(why); };
    handlers.on_frame = [&](const Frame&) {
        Result<void> result;
        while ((result = channel_self.get()->post(committed(1))).ok()) {
        }
        refused.put(result.error().code == ErrorCode::resource_exhausted);
    };
    auto vault = Channel::open(std::move(ends.first), Side::vault, {}, handlers).value();
    self.set_value(vault.get());
    bytes.clear();
    REQUIRE(encode(record("x"), bytes).ok());
    REQUIRE(daemon::write_all(ends.second.get(), as_bytes(bytes)).ok());
    CHECK(refused.take());
    CHECK(closed.take().code == ErrorCode::unavailable);
}

TEST_CASE("channel: malformed and misplaced frames close the link", "[link][channel]") {
    Raw raw;
    const int kind = GENERATE(range(0, 6));
    CAPTURE(kind);
    Frame frame;
    switch (kind) {
        case 0: frame.mutable_hello()->set_version(kLinkVersion); break;  // twice
        case 1: frame.mutable_committed(); break;                         // from the wrong side
        case 2: frame.mutable_done(); break;                              // answer, no number
        case 3:
            frame = chat_reply(200);
            frame.set_request_id(99);  // to no request
            break;
        case 4:
            frame = record("x");
            frame.set_request_id(1);
            break;
        default: break;
    }
    if (kind == 5) REQUIRE(daemon::write_all(raw.peer.get(), Bytes{0, 0, 0, 0}).ok());
    else raw.send(frame);
    CHECK(raw.closed.take().code == ErrorCode::bad_message);
    std::uint8_t rest[256];
    while (recv(raw.peer.get(), rest, sizeof rest, 0) > 0) {
    }
    CHECK(recv(raw.peer.get(), rest, sizeof rest, 0) == 0);
}

TEST_CASE("channel: an answer of the wrong kind closes the link", "[link][channel]") {
    Raw raw;
    auto answer = std::async(std::launch::async, [&] { return raw.vault->call(whoami(), kLong); });
    Frame hello_and_request;
    FrameReader reader;
    std::uint64_t id = 0;
    while (id == 0) {
        std::uint8_t bytes[256];
        const ssize_t count = recv(raw.peer.get(), bytes, sizeof bytes, 0);
        REQUIRE(count > 0);
        reader.push({bytes, static_cast<std::size_t>(count)});
        while (auto frame = reader.next().value()) id = frame->request_id();
    }
    Frame done;
    done.set_request_id(id);
    done.mutable_done();
    raw.send(done);
    CHECK_THAT(answer.get(), FailsWith(ErrorCode::unavailable));
    CHECK(raw.closed.take().code == ErrorCode::bad_message);
}

TEST_CASE("channel: one that is destroyed in its own handler ends cleanly", "[link][channel]") {
    auto ends = daemon::stream_pair().value();
    Frame hello;
    hello.mutable_hello()->set_version(kLinkVersion);
    std::string bytes;
    REQUIRE(encode(hello, bytes).ok());
    REQUIRE(daemon::write_all(ends.second.get(), as_bytes(bytes)).ok());
    auto held = std::make_shared<std::unique_ptr<Channel>>();
    // Shared: the detached reader may outlive the test's stack by a moment.
    auto ready = std::make_shared<std::promise<void>>();
    auto gone = std::make_shared<Inbox<bool>>();
    Handlers handlers;
    handlers.on_frame = [ready, gone, held](const Frame&) {
        ready->get_future().wait();
        held->reset();
        gone->put(true);
    };
    *held = Channel::open(std::move(ends.first), Side::vault, {}, std::move(handlers)).value();
    ready->set_value();
    bytes.clear();
    REQUIRE(encode(record("x"), bytes).ok());
    REQUIRE(daemon::write_all(ends.second.get(), as_bytes(bytes)).ok());
    CHECK(gone->take());
    std::uint8_t rest[256];
    while (recv(ends.second.get(), rest, sizeof rest, 0) > 0) {
    }
}

TEST_CASE("channel: a frame that came together with Hello is taken at once", "[link][channel]") {
    auto ends = daemon::stream_pair().value();
    Frame hello;
    hello.mutable_hello()->set_version(kLinkVersion);
    Frame request = whoami();
    request.set_request_id(1);
    std::string bytes;
    REQUIRE(encode(hello, bytes).ok());
    REQUIRE(encode(request, bytes).ok());
    REQUIRE(daemon::write_all(ends.first.get(), as_bytes(bytes)).ok());

    Inbox<Asked> asked;
    Handlers handlers;
    handlers.on_request = [&asked](Frame frame, Reply reply) {
        asked.put({std::move(frame), std::move(reply)});
    };
    auto courier = Channel::open(std::move(ends.second), Side::courier, {}, handlers);
    REQUIRE(courier.ok());
    CHECK(asked.take().request.chat().has_whoami());
}
