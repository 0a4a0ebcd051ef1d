// Plans in pieces: others have the event loop in between, and what comes out is the same.
#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <gateway/endpoints.hpp>
#include <gateway/in_pieces.hpp>
#include <gateway/judged.hpp>
#include <gateway/one_answer.hpp>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::detail;
using namespace gwctl::gateway::testing;
using namespace std::chrono_literals;

namespace {

/// Each look at it takes 1 ms.
class busy_clock final : public clock {
public:
    steady_time now() const noexcept override { return now_ += 1ms; }
    wall_time wall_now() const noexcept override { return {}; }
    task<void> sleep_until(steady_time) override { co_return; }

private:
    mutable steady_time now_{};
};

/// Many routes, ListenerSets and endpoints, so that every loop of a plan is long.
void build(world& w) {
    w.gateway("web", "[{name: l0, protocol: TCP, port: 80}, {name: l1, protocol: TCP, port: 81}]",
              "allowedListeners: {namespaces: {from: All}}");
    for (int i = 0; i < 30; ++i)
        w.listener_set(fmt::format("set{}", i),
                       fmt::format("[{{name: x, protocol: TCP, port: {}}}]", 1000 + i));
    std::string pods;
    for (int i = 1; i < 250; ++i)
        pods += fmt::format("{}10.1.0.{}", i == 1 ? "" : ", ", i);
    w.backend("a", "[{port: 80}]", "[" + pods + "]");
    for (int i = 0; i < 40; ++i)
        w.route("TCPRoute", fmt::format("r{}", i), "[{name: web}]", "[{name: a, port: 80}]");
}

std::string text_of(const desired_state& desired) {
    std::string text = json::encode(desired.status);
    for (const auto& slice : desired.slices)
        text += "\n" + json::encode(slice);
    for (const service_write& write : desired.writes)
        text += "\n" + json::encode(write.applied);
    for (const route_outcome& o : desired.outcomes)
        for (const auto& parent : o.parents)
            text +=
                fmt::format("\n{} {}", to_string(o.key), parent.programmed ? parent.programmed->message : "");
    return text;
}

} // namespace

TEST_CASE("pauses: a plan gives up the event loop every 10 ms, and is the same as one that does not") {
    world w;
    build(w);
    const addressing addresses = w.addresses_of(key("web"));
    const options o = w.settings(key("web")).effective;
    const snapshot s = w.snapshot_of(key("web"));
    const std::string at_once = text_of(plan(s, addresses, o, w.now));

    const busy_clock time;
    pauses p(time);
    boost::asio::io_context loop;
    std::string in_pieces;
    std::size_t turns_of_others = 0;
    bool is_done = false;
    boost::asio::co_spawn(loop, plan_in_pieces(s, addresses, o, w.now, p),
                          [&](const std::exception_ptr& failed, const desired_state& desired) {
                              is_done = true;
                              CHECK_FALSE(failed);
                              in_pieces = text_of(desired);
                          });
    const std::function<void()> other = [&] {
        ++turns_of_others;
        if (!is_done)
            boost::asio::post(loop, other);
    };
    boost::asio::post(loop, other);
    loop.run();
    CHECK(in_pieces == at_once);
    // 2 x 30 sets, 40 routes twice, 32 listeners, as many slices twice: each asks once, and ten of them are a piece.
    CHECK(p.taken() >= 15);
    CHECK(turns_of_others >= p.taken());
}

TEST_CASE("pauses: work that is not to be interrupted never is") {
    pauses none;
    CHECK_FALSE(none.due());
    const busy_clock time;
    const pauses some(time);
    int asked = 0;
    while (!some.due())
        ++asked;
    CHECK(asked == 9);
}

TEST_CASE("one answer: what was read once stays as it was, whatever changes") {
    world w;
    w.backend("a", "[{port: 80}]", "[10.1.0.1]");
    w.gateway("web", "[{name: l, protocol: TCP, port: 80}]");
    const one_answer seen(w);
    const auto service = seen.service(key("a"));
    REQUIRE(seen.slices(key("a")).size() == 1);
    CHECK_FALSE(seen.service(key("late")));
    CHECK(seen.is_ours(key("web")));
    w.backend("a", "[{port: 81}]", "[10.1.0.1, 10.1.0.2]");
    w.backend("late", "[{port: 80}]");
    w.remove<Gateway>("web");
    CHECK(seen.service(key("a")) == service);
    CHECK(seen.slices(key("a")).front()->endpoints->size() == 1);
    CHECK_FALSE(seen.service(key("late")));
    CHECK(seen.is_ours(key("web")));
    CHECK(seen.gateway(key("web")) == nullptr); // first asked now
}

TEST_CASE("judged Gateways: what is forgotten while it is judged is not kept") {
    judged_gateways all;
    const auto gateway = std::make_shared<const Gateway>();
    const auto judge = [&] {
        auto judged = std::make_shared<judged_gateway>();
        judged->state.gateway = gateway;
        return judged;
    };
    {
        judged_gateways::judgement one(all, key_of(*gateway));
        CHECK(all.is_under_way(key_of(*gateway)));
        CHECK_FALSE(all.find(gateway));
        all.erase(key_of(*gateway));
        one.keep(judge());
        CHECK_FALSE(all.find(gateway));
    }
    CHECK_FALSE(all.is_under_way(key_of(*gateway)));
    {
        judged_gateways::judgement one(all, key_of(*gateway));
        all.clear();
        judged_gateways::judgement two(all, key_of(*gateway));
        two.keep(judge());
        CHECK(all.find(gateway));
    }
    CHECK(all.find(gateway));
    CHECK_FALSE(all.find(std::make_shared<const Gateway>()));
    all.clear();
    CHECK_FALSE(all.find(gateway));
}

TEST_CASE("endpoints: listeners with equal backends read them once") {
    world w;
    std::string listeners;
    for (int i = 0; i < 16; ++i)
        listeners += fmt::format("{}{{name: l{}, protocol: TCP, port: {}}}", i == 0 ? "" : ", ", i, 80 + i);
    w.gateway("web", "[" + listeners + "]");
    std::string pods;
    for (int i = 1; i <= 200; ++i)
        pods += fmt::format("{}10.1.0.{}", i == 1 ? "" : ", ", i);
    w.backend("a", "[{port: 80}]", "[" + pods + "]");
    w.backend("b", "[{port: 80}]", "[10.2.0.1]");
    for (int i = 0; i < 16; ++i)
        w.route("TCPRoute", fmt::format("r{}", i), fmt::format("[{{name: web, sectionName: l{}}}]", i),
                "[{name: a, port: 80}, {name: b, port: 80}]");
    const snapshot s = w.snapshot_of(key("web"));
    pauses none;
    endpoint_source source(w, none);
    std::size_t of_first = 0;
    for (const route_view& route : s.routes) {
        const std::vector<backend> backends = judge_backends(route, behaviour::merge, w.named, w);
        const auto groups = finish(source.collect(backends, "IPv4", false));
        CHECK(groups->front().endpoints.size() == 201);
        if (of_first == 0)
            of_first = source.steps();
    }
    CHECK(of_first == 3 * 201); // read, put together, divided by target port
    CHECK(source.steps() == of_first);
    // Another list of the same backends reads none of them again.
    w.route("TCPRoute", "other", "[{name: web}]", "[{name: b, port: 80}, {name: a, port: 80}]");
    const route_view other = view_of<tcp>(w.get<gateway_v1::TCPRoute>("other"));
    finish(source.collect(judge_backends(other, behaviour::merge, w.named, w), "IPv4", false));
    CHECK(source.steps() == of_first + 2 * 201);
}
