#include "write_fence.hpp"

namespace gwctl::detail {

void write_fence::open_until(boot_time t) {
    until_.store(t.time_since_epoch().count());
    if (held_.exchange(false))
        on_decided();
}

void write_fence::hold_until(boot_time t) {
    held_.store(true);
    until_.store(t.time_since_epoch().count());
}

write_fence::state write_fence::at(boot_time now) const noexcept {
    state s;
    s.held = held_.load(); // first: whoever opens or closes lets go of it last
    s.left = boot_time(boot_time::duration(until_.load())) - now;
    return s;
}

namespace {

class fence_permit final : public send_permit {
public:
    fence_permit(std::shared_ptr<write_fence> fence, clock& time, notifier& decided, std::string what)
        : fence_(std::move(fence)), time_(time), decided_(decided), what_(std::move(what)) {}

    task<std::chrono::milliseconds> wait() override {
        while (true) {
            const write_fence::state s = fence_->at(time_.boot_now());
            const auto left = std::chrono::floor<std::chrono::milliseconds>(s.left);
            if (left.count() <= 0)
                throw api_error(errc::precondition, what_ + ": not sent, leadership was lost");
            if (!s.held)
                co_return left;
            const steady_time closes = time_.now() + left + std::chrono::milliseconds(1);
            co_await sleep_or_notified(time_, closes, decided_);
        }
    }

private:
    std::shared_ptr<write_fence> fence_;
    clock& time_;
    notifier& decided_;
    std::string what_;
};

class fenced_transport final : public transport {
public:
    fenced_transport(std::shared_ptr<transport> inner, std::shared_ptr<write_fence> fence, clock& time,
                     notifier& decided)
        : inner_(std::move(inner)), fence_(std::move(fence)), time_(time), decided_(decided) {}

    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (request.method != "GET" && request.method != "HEAD") {
            request.permit = std::make_shared<fence_permit>(fence_, time_, decided_,
                                                            request.method + " " + request.target);
            // Also here, since no connection need be made in vain, and since not every transport asks.
            co_await request.permit->wait();
        }
        auto response = co_await inner_->send(std::move(request));
        co_return response;
    }
    std::string_view host() const noexcept override { return inner_->host(); }

private:
    std::shared_ptr<transport> inner_;
    std::shared_ptr<write_fence> fence_;
    clock& time_;
    notifier& decided_;
};

} // namespace

std::shared_ptr<transport> make_fenced_transport(std::shared_ptr<transport> inner,
                                                 std::shared_ptr<write_fence> fence, clock& time,
                                                 notifier& decided) {
    return std::make_shared<fenced_transport>(std::move(inner), std::move(fence), time, decided);
}

} // namespace gwctl::detail
