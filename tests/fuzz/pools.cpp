// The ConfigMap of address pools. An input is its data: lines of KEY=VALUE.
#include "fuzz.hpp"

#include <gwctl/ipam/pool.hpp>

using namespace gwctl;
using namespace gwctl::fuzz;

namespace {

using pool_data = std::map<std::string, std::string>;

bool same(const ipam::pool_config& a, const ipam::pool_config& b) {
    if (a.pools.size() != b.pools.size() || a.limits != b.limits || a.order != b.order ||
        a.accepted != b.accepted)
        return false;
    for (std::size_t i = 0; i < a.pools.size(); ++i)
        if (a.pools[i].key != b.pools[i].key || a.pools[i].addresses != b.pools[i].addresses ||
            a.pools[i].covered != b.pools[i].covered)
            return false;
    return true;
}

void check_set(const ipam::interval_set& set) {
    const std::pair<const ipam::ip_address, ipam::ip_address>* before = nullptr;
    for (const auto& range : set.ranges()) {
        const auto& [first, last] = range;
        require(first.family() == last.family() && first <= last, "a range has one family and runs forwards");
        require(before == nullptr || before->second.family() != first.family() ||
                    (before->second < first && before->second + 1 < first),
                "ranges are in order, disjoint and not adjacent");
        require(ipam::special_range_of(first).empty() && ipam::special_range_of(last).empty(),
                "no pool has addresses that cannot be announced", first.to_string(), last.to_string());
        for (const auto& end : {first, last}) {
            const auto again = ipam::parse_address(end.to_string());
            require(again.has_value() && *again == end, "an address can be read as it is written",
                    end.to_string());
        }
        before = &range;
    }
}

void check_config(const ipam::pool_config& config, const pool_data& data) {
    for (const auto& pool : config.pools) {
        require(data.contains(pool.key), "a pool is of a key that is there", pool.key);
        require(!pool.addresses.empty(), "a pool has addresses", pool.key);
        check_set(pool.addresses);
        check_set(pool.covered);
        auto both = pool.covered;
        for (const auto& [first, last] : pool.addresses.ranges())
            both.insert({first, last});
        require(both == pool.covered, "what is handed out is within what the text names", pool.key);
    }
    for (const auto& [key, text] : config.accepted)
        require(data.contains(key), "an accepted text is of a key that is there", key);
    for (const auto& line : config.errors)
        require(line.find('\n') == std::string::npos, "a mistake is one line", line);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    pool_data all, half;
    while (!rest.empty()) {
        std::string_view line = take_until(rest, "\n");
        const std::string key(take_until(line, "="));
        all[key] = line;
        half[key] = line.substr(0, line.size() / 2);
    }
    const auto config = ipam::parse_pools("ConfigMap default/ipam", all);
    check_config(config, all);
    require(same(config, ipam::parse_pools("ConfigMap default/ipam", all, config)),
            "the same text again changes nothing");
    // An edit that went wrong.
    const auto edited = ipam::parse_pools("ConfigMap default/ipam", half, config);
    check_config(edited, half);
    for (const auto& [key, text] : config.accepted)
        require(edited.accepted.contains(key) || key.starts_with("search-order") || edited.errors.empty() ||
                    config.accepted.at(key).empty() || half.at(key) == all.at(key) ||
                    edited.accepted.size() <= half.size(),
                "a slip in an edit takes no key away", key);
    return 0;
}
