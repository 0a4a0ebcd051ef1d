#include "simulated_link.hpp"

#include "strange_answers.hpp"

#include <algorithm>

namespace gwctl::testing::detail {
namespace {

std::string_view header_of(const http_response& r, std::string_view name) {
    if (name == "Content-Type")
        return r.content_type;
    for (const auto& [key, value] : r.headers)
        if (key == name)
            return value;
    return {};
}

/// An answer that has arrived, as a whole or up to where it breaks.
class simulated_answer final : public gwctl::http_response {
public:
    simulated_answer(detail::http_response r, bool cut) : response_(std::move(r)), cut_(cut) {}
    int status() const noexcept override { return response_.code; }
    std::string_view header(std::string_view name) const noexcept override {
        return header_of(response_, name);
    }
    task<std::string_view> read_some() override {
        if (!std::exchange(read_, true))
            co_return std::string_view(response_.body)
                .substr(0, cut_ ? response_.body.size() / 2 : std::string::npos);
        if (cut_)
            throw api_error(errc::connection_lost, "the simulated connection broke within an answer");
        co_return std::string_view();
    }

private:
    detail::http_response response_;
    bool cut_;
    bool read_ = false;
};

} // namespace

/// A watch, as long as it lasts.
class simulated_watch final : public gwctl::http_response {
public:
    simulated_watch(simulated_network& network, std::shared_ptr<simulated_network::connection> c,
                    watch_start w, std::chrono::milliseconds patience, bool cut)
        : network_(network), connection_(std::move(c)), watch_(std::move(w)), patience_(patience), cut_(cut),
          ends_(now() + watch_.timeout.value_or(std::chrono::hours(1))), bookmark_at_(now() + minute) {
        connection_->watched = watch_.kind->storage_key;
    }
    int status() const noexcept override { return 200; }
    std::string_view header(std::string_view name) const noexcept override {
        return name == "Content-Type" ? "application/json" : "";
    }

    task<std::string_view> read_some() override {
        const steady_time give_up = now() + patience_;
        while (!over_) {
            if (connection_->broken)
                throw api_error(errc::connection_lost, "the simulated watch broke");
            if (now() >= give_up)
                throw api_error(errc::timeout, "the simulated watch was silent for too long");
            if (!connection_->silent) {
                if (now() >= ends_)
                    break;
                const bool due = is_bookmark_due();
                if (due || std::exchange(connection_->news, false)) {
                    co_await network_.travel(connection_, give_up);
                    if (take_frames(due))
                        co_return frames_;
                    continue;
                }
            }
            co_await gwctl::detail::sleep_or_notified(network_.time_, next_event(give_up),
                                                      connection_->changed);
        }
        co_return std::string_view();
    }

private:
    static constexpr std::chrono::minutes minute{1};

    steady_time now() const { return network_.time_.now(); }

    bool is_bookmark_due() {
        return watch_.bookmarks && (std::exchange(connection_->bookmark, false) || now() >= bookmark_at_);
    }
    steady_time next_event(steady_time give_up) const {
        if (connection_->silent)
            return give_up;
        return std::min({give_up, ends_, watch_.bookmarks ? bookmark_at_ : ends_});
    }

    /// What has arrived; false for nothing.
    bool take_frames(bool with_bookmark) {
        frames_.clear();
        if (connection_->silent)
            return false;
        frames_ = network_.api_.frames().next_frames(watch_, over_);
        connection_->news = connection_->news || !watch_.initial.empty();
        if (with_bookmark && !over_ && watch_.initial.empty()) {
            frames_ += network_.api_.frames().bookmark(watch_, watch_.from, false);
            bookmark_at_ = now() + minute;
        }
        if (cut_ && !frames_.empty()) {
            frames_.resize(frames_.size() / 2);
            connection_->broken = true;
        }
        return !frames_.empty();
    }

    simulated_network& network_;
    std::shared_ptr<simulated_network::connection> connection_;
    watch_start watch_;
    std::chrono::milliseconds patience_;
    bool cut_;
    steady_time ends_;
    steady_time bookmark_at_;
    bool over_ = false;
    std::string frames_;
};

task<std::unique_ptr<gwctl::http_response>> simulated_link::send(gwctl::http_request r) {
    const std::shared_ptr<connection> c = network_.connect(*process_);
    const steady_time give_up = network_.time_.now() + r.timeout;
    co_await network_.travel(c, give_up);
    if (network_.time_.now() < network_.down_until_)
        throw api_error(errc::unreachable, "the simulated API server does not listen");
    if (r.permit)
        co_await r.permit->wait();
    const steady_time sent = network_.time_.now();
    network_.observer_.sent(*process_, for_lease_, r);
    const std::optional<trick> t = network_.take_trick(r, for_lease_);
    co_await network_.travel(c, give_up);
    const std::chrono::milliseconds patience = r.idle_timeout.value_or(r.timeout);
    std::vector<write_record> writes;
    http_response made = co_await answer(std::move(r), t, sent, writes);
    const bool cut = t && t->kind == mishap_kind::cut_body;
    if (made.watch) {
        auto watch = std::make_unique<simulated_watch>(network_, c, std::move(*made.watch), patience, cut);
        co_await network_.travel(c, give_up);
        co_return watch;
    }
    co_await network_.travel(c, give_up);
    for (const write_record& w : writes)
        network_.observer_.learnt(*process_, w);
    co_return std::make_unique<simulated_answer>(std::move(made), cut);
}

task<http_response> simulated_link::answer(gwctl::http_request r, std::optional<trick> t, steady_time sent,
                                           std::vector<write_record>& made) {
    const std::vector<write_record>& all = network_.api_.objects().writes();
    const std::size_t before = all.size();
    const bool writes = r.method != "GET" && r.method != "HEAD";
    const mishap_kind kind = t ? t->kind : mishap_kind::cut_body;
    http_response out;
    switch (kind) {
    case mishap_kind::server_error:
        out = server_error(t->dice, writes, !writes && r.target.find("watch=") == std::string::npos);
        if (may_have_taken_effect(out) && t->dice / 16 % 2 == 0)
            (void)network_.answer(*process_, for_lease_, r, sent);
        else
            network_.answered(*process_, r, out);
        co_return out;
    case mishap_kind::strange_answer:
        out = strange_answer(t->dice);
        network_.answered(*process_, r, out);
        co_return out;
    case mishap_kind::late_write:
        network_.deliver_late(*process_, std::move(r), std::chrono::milliseconds(1000 + t->dice % 60000));
        throw api_error(errc::connection_lost, "the simulated connection broke before an answer came");
    case mishap_kind::crash:
        if (t->dice % 2 == 0)
            (void)network_.answer(*process_, for_lease_, r, sent);
        process_->crashed = true;
        while (true)
            co_await network_.never_.wait();
    default:
        out = network_.answer(*process_, for_lease_, r, sent);
        made.assign(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
        co_return out;
    }
}

} // namespace gwctl::testing::detail
