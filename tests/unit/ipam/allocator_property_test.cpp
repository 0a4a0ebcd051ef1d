#include <gwctl/ipam/allocator.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::ipam;

namespace {

using config_data = std::map<std::string, std::string>;

ip_address at(std::string_view text) { return parse_address(text).value(); }

pool_config pools(const config_data& data) { return parse_pools("ConfigMap default/kubevip", data); }

request dynamic_request(std::string holder, std::string namespace_ = "a") {
    request r;
    r.holder = std::move(holder);
    r.namespace_ = std::move(namespace_);
    return r;
}

// What first fit means, by walking: the lowest (or highest) free address of the first pool that has one.
std::optional<ip_address> expected_address(const pool_config& config, std::string_view namespace_,
                                           const std::set<ip_address>& in_use) {
    for (const std::string_view key :
         {std::string("cidr-").append(namespace_), std::string("range-").append(namespace_),
          std::string("cidr-global"), std::string("range-global")}) {
        for (const pool& p : config.pools) {
            if (p.key != key) {
                continue;
            }
            std::optional<ip_address> found;
            for (const auto& [first, last] : p.addresses.ranges()) {
                for (uint128 i = 0; i <= last.number() - first.number(); ++i) {
                    const ip_address a = first + i;
                    if (!in_use.contains(a) && (!found || config.order == search_order::descending)) {
                        found = a;
                    }
                }
            }
            if (found) {
                return found;
            }
        }
    }
    return std::nullopt;
}

} // namespace

TEST_CASE("allocator: any history agrees with walking the pools") {
    const auto seed = GENERATE(range(0U, 30U));
    const auto order = GENERATE("asc", "desc");
    std::mt19937 rng(seed);
    const std::vector<config_data> edits{
        {{"cidr-a", "10.0.0.0/29"}, {"range-global", "10.0.0.250-10.0.1.5"}, {"search-order", order}},
        {{"range-a", "10.0.0.2-10.0.0.12"}, {"cidr-global", "10.0.0.0/28"}, {"search-order", order}},
        {{"range-b", "10.0.0.1-10.0.0.9"},
         {"range-global", "10.0.0.5-10.0.0.20"},
         {"exclude-global", "10.0.0.7"},
         {"search-order", order}},
    };
    pool_config config = pools(edits[0]);
    allocator a(config);
    a.rebuild({});
    std::map<std::string, ip_address> model; // holder -> address
    for (int step = 0; step < 300; ++step) {
        INFO("seed " << seed << " " << order << " step " << step);
        std::set<ip_address> in_use;
        for (const auto& [holder, address] : model) {
            in_use.insert(address);
        }
        REQUIRE(in_use.size() == model.size()); // unique
        const std::string namespace_ = rng() % 2 == 0 ? "a" : "b";
        const std::string holder = fmt::format("Gateway {}/{}", namespace_, rng() % 15);
        switch (rng() % 8) {
        case 0:
        case 1:
            a.release(holder);
            model.erase(holder);
            break;
        case 2:
            config = pools(edits[rng() % edits.size()]);
            a.set_pools(config);
            break;
        case 3: { // a restart in the middle: the same facts in another order
            std::vector<claim> facts = a.claims().claims();
            std::shuffle(facts.begin(), facts.end(), rng);
            a.rebuild(facts);
            break;
        }
        default: {
            const allocation got = a.allocate(dynamic_request(holder, namespace_));
            const auto held = model.find(holder);
            const auto wanted = held != model.end() ? std::optional(held->second)
                                                    : expected_address(config, namespace_, in_use);
            REQUIRE(got.has_value() == wanted.has_value());
            if (got) {
                REQUIRE(got->to_string() == wanted->to_string());
                model[holder] = *got;
            }
        }
        }
        for (const pool_usage& u : a.usage()) {
            const auto p = std::find_if(config.pools.begin(), config.pools.end(),
                                        [&u](const pool& candidate) { return candidate.key == u.key; });
            REQUIRE(u.capacity == p->addresses.size(u.family));
            REQUIRE(u.used ==
                    static_cast<std::uint64_t>(std::count_if(model.begin(), model.end(), [&](const auto& m) {
                        return p->addresses.contains(m.second);
                    })));
        }
    }
}

TEST_CASE("allocator: rebuilt from the same facts in any order, it answers the same") {
    const auto seed = GENERATE(range(0U, 20U));
    std::mt19937 rng(seed);
    std::vector<claim> facts;
    std::vector<request> pinned;
    for (int i = 0; i < 30; ++i) {
        facts.push_back({ip_address(ip_family::ipv4, 0x0a000001 + rng() % 15),
                         fmt::format("Gateway a/{}", rng() % 20), static_cast<claim_kind>(rng() % 3),
                         wall_time(std::chrono::seconds(rng() % 4))});
        request r = dynamic_request(fmt::format("Gateway a/{}", rng() % 40));
        r.address = ip_address(ip_family::ipv4, 0x0a000001 + rng() % 20);
        r.since = wall_time(std::chrono::seconds(rng() % 4));
        pinned.push_back(r);
    }
    // One claim per holder and address: two of different age would be a contradiction, not a fact.
    std::sort(facts.begin(), facts.end(), [](const claim& x, const claim& y) {
        return std::tie(x.address, x.holder) < std::tie(y.address, y.holder);
    });
    facts.erase(std::unique(facts.begin(), facts.end(),
                            [](const claim& x, const claim& y) {
                                return x.address == y.address && x.holder == y.holder;
                            }),
                facts.end());
    const auto answers = [&] {
        allocator a(pools({{"range-global", "10.0.0.1-10.0.0.60"}}));
        a.rebuild(facts, pinned);
        std::vector<ip_address> got;
        for (int i = 0; i < 40; ++i) {
            got.push_back(a.allocate(dynamic_request(fmt::format("Gateway a/{}", i))).value());
        }
        CHECK(std::set<ip_address>(got.begin(), got.end()).size() == got.size());
        return std::pair(got, a.claims().claims());
    };
    const auto first = answers();
    for (int i = 0; i < 5; ++i) {
        std::shuffle(facts.begin(), facts.end(), rng);
        std::shuffle(pinned.begin(), pinned.end(), rng);
        CHECK((answers() == first));
    }
}

TEST_CASE("allocator: a whole /16, in sequence and from fragments") {
    const auto order = GENERATE("asc", "desc");
    allocator a(
        pools({{"cidr-global", "10.0.0.0/16"}, {"skip-end-ips-in-cidr", "false"}, {"search-order", order}}));
    a.rebuild({});
    const bool up = std::string_view(order) == "asc";
    for (unsigned i = 0; i < 65536; ++i) {
        const allocation got = a.allocate(dynamic_request(fmt::format("Gateway a/{}", i)));
        REQUIRE(got.has_value());
        REQUIRE((*got == ip_address(ip_family::ipv4, 0x0a000000 + (up ? i : 65535 - i))));
    }
    CHECK(a.allocate(dynamic_request("Gateway a/more")).error().reason == refusal_reason::exhausted);
    for (unsigned i = 0; i < 65536; i += 2) {
        a.release(fmt::format("Gateway a/{}", i));
    }
    CHECK(a.usage()[0].used == 32768);
    for (unsigned i = 0; i < 65536; i += 2) {
        const allocation got = a.allocate(dynamic_request(fmt::format("Gateway b/{}", i)));
        REQUIRE(got.has_value());
        REQUIRE((*got == ip_address(ip_family::ipv4, 0x0a000000 + (up ? i : 65535 - i))));
    }
    CHECK(a.usage()[0].free() == 0);
}

TEST_CASE("allocator: a /64 is not walked") {
    allocator a(pools({{"cidr-global", "2001:db8::/64"}}));
    std::vector<claim> facts;
    for (unsigned i = 1; i <= 1000; ++i) {
        facts.push_back({at("2001:db8::") + i, fmt::format("Gateway a/{}", i), claim_kind::dynamic, {}});
    }
    a.rebuild(facts);
    CHECK(a.allocate(dynamic_request("Gateway a/next"))->to_string() == "2001:db8::3e9");
    CHECK(a.usage()[0].used == 1001);
    CHECK(a.usage()[0].free() == a.usage()[0].capacity - 1001);
}
