#include "simulated_network.hpp"

#include "simulated_link.hpp"
#include "strange_answers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

bool writes(const gwctl::http_request& r) { return r.method != "GET" && r.method != "HEAD"; }

/// Who holds the Lease by this answer; "" when it is none.
std::string holder_in(const std::string& body) {
    boost::system::error_code failed;
    const json::value v = boost::json::parse(body, failed);
    if (failed || !v.is_object())
        return {};
    const json::value* holder = v.find_pointer("/spec/holderIdentity", failed);
    return holder != nullptr && holder->is_string() ? std::string(holder->get_string()) : std::string();
}

} // namespace

simulated_network::simulated_network(virtual_clock& time, simulated_api& api, network_observer& observer,
                                     asio::any_io_executor world, std::uint64_t seed)
    : time_(time), api_(api), observer_(observer), world_(std::move(world)), random_(seed) {
    api_.on_change = [this](const change& c) { changed(c); };
}

std::shared_ptr<transport> simulated_network::link(std::shared_ptr<process> of, bool for_lease) {
    return std::make_shared<simulated_link>(*this, std::move(of), for_lease);
}

template <class F>
void simulated_network::for_each_connection(F f) {
    for (auto it = connections_.begin(); it != connections_.end();) {
        if (const auto c = it->lock()) {
            f(*c);
            ++it;
        } else {
            it = connections_.erase(it);
        }
    }
}

void simulated_network::changed(const change& c) {
    for_each_connection([&](connection& to) {
        if (to.watched != c.kind)
            return;
        to.news = true;
        to.changed.notify_all();
    });
}

void simulated_network::break_all() {
    for_each_connection([](connection& c) {
        c.broken = true;
        c.changed.notify_all();
    });
}

void simulated_network::ask_bookmarks() {
    for_each_connection([](connection& c) {
        c.bookmark = true;
        c.changed.notify_all();
    });
}

void simulated_network::happen(const mishap& m) {
    const steady_time now = time_.now();
    switch (m.kind) {
    case mishap_kind::slow_network:
        slow_until_ = now + seconds(10);
        break;
    case mishap_kind::broken_connections:
        break_all();
        break;
    case mishap_kind::half_open:
        for_each_connection(
            [&](connection& c) { c.silent = c.silent || (c.replica == m.replica && !c.watched.empty()); });
        break;
    case mishap_kind::server_restart:
        down_until_ = now + milliseconds(500 + m.dice % 20000);
        api_.compact();
        break_all();
        break;
    case mishap_kind::compaction:
        api_.compact();
        if (m.dice % 2 == 0)
            break_all();
        break;
    case mishap_kind::server_error:
    case mishap_kind::strange_answer:
    case mishap_kind::cut_body:
        // Requests for the Lease are so many that they would use up what is meant for others.
        tricks_.push_back({m.kind, m.dice / 64, 1 + m.dice % 8, m.dice / 8 % 4 == 0});
        if (m.kind == mishap_kind::strange_answer && m.dice / 32 % 2 == 0)
            break_all(); // as when a proxy is exchanged: watches are opened through the new one
        break;
    case mishap_kind::late_write:
    case mishap_kind::crash:
        tricks_.push_back({m.kind, m.dice, 1, false});
        break;
    case mishap_kind::pause:
    case mishap_kind::lease_deletion:
        break;
    }
}

void simulated_network::calm() {
    tricks_.clear();
    slow_until_ = down_until_ = time_.now();
    for_each_connection([](connection& c) {
        c.broken = c.broken || c.silent;
        c.changed.notify_all();
    });
}

std::shared_ptr<simulated_network::connection> simulated_network::connect(const process& by) {
    auto c = std::make_shared<connection>();
    c->replica = by.replica;
    connections_.push_back(c);
    return c;
}

std::chrono::nanoseconds simulated_network::latency() {
    if (time_.now() < slow_until_)
        return milliseconds(random(5000));
    // Most messages are quick; some take long enough to be overtaken by others.
    return random(16) == 0 ? milliseconds(random(300)) : std::chrono::microseconds(200 + random(20000));
}

task<void> simulated_network::travel(std::shared_ptr<connection> c, steady_time give_up) {
    const steady_time there = time_.now() + latency();
    const steady_time until = std::min(there, give_up);
    // Waiting for two things costs several times what sleeping does, and this is where most of a simulation's time goes.
    if (until - time_.now() < milliseconds(50))
        co_await time_.sleep_until(until);
    while (!c->broken && time_.now() < until)
        co_await gwctl::detail::sleep_or_notified(time_, until, c->changed);
    if (c->broken)
        throw api_error(errc::connection_lost, "the simulated connection broke");
    if (there > give_up)
        throw api_error(errc::timeout, "the simulated network did not deliver in time");
}

std::optional<simulated_network::trick> simulated_network::take_trick(const gwctl::http_request& r,
                                                                      bool for_lease) {
    for (auto t = tricks_.begin(); t != tricks_.end(); ++t) {
        const bool own_write = t->kind == mishap_kind::late_write || t->kind == mishap_kind::crash;
        if ((own_write && !writes(r)) || t->about_lease != for_lease)
            continue;
        if (t->kind == mishap_kind::cut_body && writes(r))
            continue;
        const trick taken = *t;
        if (--t->left == 0)
            tricks_.erase(t);
        return taken;
    }
    return std::nullopt;
}

http_response simulated_network::answer(process& by, bool for_lease, const gwctl::http_request& r,
                                        steady_time sent) {
    http_request asked;
    asked.method = r.method;
    asked.target = r.target;
    asked.body = r.body;
    asked.user_agent = by.name;
    for (const auto& [name, value] : r.headers) {
        if (name == "Content-Type")
            asked.content_type = value;
        else if (name == "Accept")
            asked.accept = value;
    }
    const std::size_t before = api_.objects().writes().size();
    http_response out = api_.answer(asked);
    const auto& all = api_.objects().writes();
    for (std::size_t i = before; i < all.size(); ++i)
        if (all[i].user_agent == by.name)
            observer_.wrote(by, all[i]);
    if (for_lease && writes(r) && out.code < 300) {
        by.may_write_until = holder_in(out.body) == by.name ? sent + by.renew_deadline : sent;
        observer_.renewed(by);
    }
    answered(by, r, out);
    return out;
}

void simulated_network::answered(const process& by, const gwctl::http_request& r, const http_response& a) {
    observer_.trace(fmt::format("{} {} {} -> {}, {} bytes, digest {:x}", by.name, r.method, r.target, a.code,
                                a.body.size(), std::hash<std::string>()(a.body)));
}

void simulated_network::deliver_late(const process& by, gwctl::http_request r,
                                     std::chrono::nanoseconds delay) {
    ++late_;
    auto deliver = [](simulated_network& n, process sender, gwctl::http_request request,
                      std::chrono::nanoseconds wait) -> task<void> {
        co_await n.time_.sleep_for(wait);
        const std::uint64_t before = n.api_.version();
        (void)n.answer(sender, false, request, n.time_.now());
        --n.late_;
        if (n.api_.version() == before)
            co_return;
        const change* c = n.api_.objects().objects().at(before + 1);
        late_write w;
        w.method = request.method;
        w.target = request.target;
        w.process = sender.name;
        if (c != nullptr && c->before)
            w.before = c->before->object();
        if (c != nullptr && c->type != change_type::deleted)
            w.after = c->now->object();
        n.observer_.came_late(w);
    };
    asio::co_spawn(world_, deliver(*this, by, std::move(r), delay), asio::detached);
}

} // namespace gwctl::testing::detail
