// Row 29 of the Gateway API contract for random lists: what other controllers wrote into a route's status stays
// as it is, to the byte and in its order, whatever becomes of our entries beside it.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/dice.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using gwctl::tests::dice;

namespace {

constexpr std::string_view ours = "thebsdbox.co.uk/controller";

std::string random_text(dice& d) {
    return d.pick({R"("")", R"("web")", R"("é")", R"("\u0001\n\t")", R"("\ud83d\ude00 ü")", R"("a\"b\\c/")",
                   R"("{}")", R"("null")", R"(" ")"});
}

std::string random_value(dice& d, int depth = 0) {
    const int what = d.roll(depth < 3 ? 6 : 4);
    if (what == 0)
        return d.pick({"null", "true", "false"});
    if (what == 1)
        return d.pick({"0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
                       "1.5", "1e300", "-0.25"});
    if (what < 4)
        return random_text(d);
    std::vector<std::string> parts;
    for (int i = 0, count = d.roll(4); i < count; ++i)
        parts.push_back(what == 4 ? random_value(d, depth + 1)
                                  : fmt::format("\"{}{}\":{}", d.pick({"z", "a", "é", "type", "name"}), i,
                                                random_value(d, depth + 1)));
    return fmt::format("{}{}{}", what == 4 ? "[" : "{", fmt::join(parts, ","), what == 4 ? "]" : "}");
}

std::string random_parent(dice& d) {
    return fmt::format(R"({{"name":"{}","kind":"{}","group":"gateway.networking.k8s.io"{}}})",
                       d.pick({"web", "api", "theirs", "gone"}), d.pick({"Gateway", "ListenerSet"}),
                       d.chance(30) ? ",\"unknown\":" + random_value(d) : "");
}

std::string random_conditions(dice& d) {
    return fmt::format(
        R"([{{"observedGeneration":{},"type":"{}","status":"{}","reason":"R","message":{},"lastTransitionTime":"2020-01-01T00:00:00Z"{}}}])",
        d.roll(3) * 1000, d.pick({"Accepted", "Programmed", "example.com/Green"}), d.pick({"True", "False"}),
        random_text(d), d.chance(30) ? ",\"unknown\":" + random_value(d) : "");
}

/// With its members in any order.
json::value random_entry(dice& d, std::vector<std::string> members) {
    members.push_back("\"parentRef\":" + (d.chance(85) ? random_parent(d) : random_value(d)));
    members.push_back("\"conditions\":" + (d.chance(85) ? random_conditions(d) : random_value(d)));
    for (int i = d.roll(3); i > 0; --i)
        members.push_back(fmt::format("\"unknown{}\":{}", i, random_value(d)));
    std::shuffle(members.begin(), members.end(), d.engine);
    return boost::json::parse(fmt::format("{{{}}}", fmt::join(members, ",")));
}

json::value foreign_entry(dice& d) {
    if (d.chance(10))
        return boost::json::parse(d.pick({"null", "7", R"("x")", "[]", R"([{"controllerName":"x"}])", "{}"}));
    if (d.chance(10))
        return random_entry(d, {});
    return random_entry(
        d, {"\"controllerName\":" +
            d.pick({R"("example.com/other")", R"("example.com/other")", R"("thebsdbox.co.uk/controller2")",
                    R"("thebsdbox.co.uk/Controller")", R"("thebsdbox.co.uk")", R"("")", "null", "7", "[]"})});
}

/// By our name, for a parent that is not ours, or that no entry of ours could name.
json::value forged_entry(dice& d) {
    return random_entry(d, {fmt::format("\"controllerName\":\"{}\"", ours)});
}

bool is_ours(const json::value& entry) {
    const auto* object = entry.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("controllerName");
    return name != nullptr && name->is_string() && name->get_string() == ours;
}

template <class K>
class shared_route {
public:
    using route = typename K::route;

    explicit shared_route(dice& d) : d_(d) {
        w_.backend("app", "[{name: t, port: 80}, {name: u, port: 80, protocol: UDP}]");
        for (const std::string_view name : {"web", "api"})
            w_.gateway(name, listeners());
        w_.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: " +
               listeners() + "}}");
        change_spec();
    }

    /// One of the things that happen to a route.
    void happen() {
        const int what = d_.roll(6);
        if (what < 3)
            others_write();
        else if (what == 3)
            change_spec();
        else if (what == 4)
            w_.gateway(d_.pick({"web", "api"}), listeners());
        else if (w_.get<Gateway>("web"))
            w_.remove<Gateway>("web");
    }

    void settle_and_check() {
        w_.settle();
        std::vector<std::string> foreign;
        std::size_t of_ours = 0;
        for (const json::value& entry : parents())
            if (is_ours(entry))
                ++of_ours;
            else
                foreign.push_back(boost::json::serialize(entry));
        CHECK(foreign == expected_);
        const auto live = w_.template get<route>("r");
        std::size_t wanted = 0;
        for (const ParentReference& p : live->spec.parentRefs)
            wanted += p.name != "theirs" && w_.get<Gateway>(p.name) ? 1 : 0;
        CHECK(of_ours == wanted);
        w_.take_writes();
        w_.settle();
        CHECK(w_.take_writes().empty());
    }

private:
    std::string listeners() {
        return fmt::format("[{{name: t, protocol: TCP, port: {0}}}, {{name: u, protocol: UDP, port: {0}}}]",
                           80 + d_.roll(9));
    }

    /// As the API server would store it.
    std::vector<json::value> parents() const {
        const auto live = w_.template get<route>("r");
        const route stored = json::decode<route>(json::encode(*live)).value();
        return stored.status.parents.value_or(std::vector<json::value>());
    }

    void change_spec() {
        std::vector<std::string> refs;
        for (const std::string_view name : {"web", "theirs", "api"})
            if (d_.chance(70))
                refs.push_back(fmt::format("{{name: {}}}", name));
        w_.route(route::type.kind, "r", fmt::format("[{}]", fmt::join(refs, ", ")),
                 fmt::format("[{{name: {}, port: 80}}]", d_.pick({"app", "missing"})));
    }

    void others_write() {
        std::vector<json::value> all = parents();
        for (int i = d_.roll(3); i > 0 && !all.empty(); --i)
            all.erase(all.begin() + d_.roll(static_cast<int>(all.size()))); // ours, too
        if (d_.chance(30))
            std::shuffle(all.begin(), all.end(), d_.engine);
        for (int i = d_.roll(4); i > 0; --i) {
            json::value entry = d_.chance(75) ? foreign_entry(d_) : forged_entry(d_);
            if (!all.empty() && d_.chance(20))
                entry = all[static_cast<std::size_t>(d_.roll(static_cast<int>(all.size())))]; // once more
            all.insert(all.begin() + d_.roll(static_cast<int>(all.size()) + 1), std::move(entry));
        }
        expected_.clear();
        for (const json::value& entry : all)
            if (!is_ours(entry))
                expected_.push_back(boost::json::serialize(entry));
        route changed = *w_.template get<route>("r");
        changed.status.parents = std::move(all);
        w_.put(std::move(changed));
    }

    dice& d_;
    world w_;
    std::vector<std::string> expected_;
};

template <class K>
void check_seed(unsigned seed) {
    INFO("seed " << seed);
    dice d(seed);
    shared_route<K> r(d);
    for (int step = 0; step < 8; ++step) {
        INFO("step " << step);
        r.happen();
        if (d.chance(70))
            r.settle_and_check();
    }
    r.settle_and_check();
}

constexpr unsigned seeds = 60;

} // namespace

TEST_CASE("property: other controllers' entries of a TCPRoute's status stay as they are, byte for byte") {
    check_seed<tcp>(GENERATE(range(0U, seeds)));
}

TEST_CASE("property: other controllers' entries of a UDPRoute's status stay as they are, byte for byte") {
    check_seed<udp>(GENERATE(range(0U, seeds)));
}
