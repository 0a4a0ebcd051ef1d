#include "fixed_point.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

namespace gwctl::tests {
namespace {

const std::set<std::string, std::less<>>& left_out() {
    static const std::set<std::string, std::less<>> names{
        "uid",       "resourceVersion", "creationTimestamp",  "managedFields", "generation",
        "clusterIP", "clusterIPs",      "lastTransitionTime", "nodePort",      "observedGeneration"};
    return names;
}

json::value without_chance(const json::value& v) {
    if (v.is_array()) {
        json::array out;
        for (const json::value& e : v.get_array())
            out.push_back(without_chance(e));
        return out;
    }
    if (!v.is_object())
        return v;
    std::map<std::string, json::value> sorted;
    for (const auto& [key, value] : v.get_object())
        // Digests are of what holds addresses.
        if (!left_out().contains(key) && !key.ends_with("/applied"))
            sorted.emplace(key, without_chance(value));
    json::object out;
    for (auto& [key, value] : sorted)
        out[key] = std::move(value);
    return out;
}

/// Takes away what depends on what there was before: the port of a slice without endpoints, the status of a route or set
/// that is nobody's, and a count of zero.
void drop_history(const std::string& kind, json::object& o, const testing::simulation& world) {
    json::value* status = o.if_contains("status");
    if (kind == "EndpointSlice") {
        if (const json::value* all = o.if_contains("endpoints");
            all == nullptr || !all->is_array() || all->get_array().empty())
            o.erase("ports");
    } else if (kind == "Gateway" && status != nullptr) {
        if (const json::value* count = status->get_object().if_contains("attachedListenerSets");
            count != nullptr && count->to_number<int>() == 0)
            status->get_object().erase("attachedListenerSets");
    } else if (kind == "ListenerSet") {
        const auto parent = o.at("spec").at("parentRef").at("name").as_string();
        if (!world.get("gateways.gateway.networking.k8s.io", "default", parent))
            o.erase("status");
    } else if (status != nullptr) {
        if (const json::value* parents = status->get_object().if_contains("parents");
            parents != nullptr && parents->get_array().empty())
            o.erase("status");
    }
}

} // namespace

fixed_point fixed_point_of(const testing::simulation& world) {
    static const std::regex pool_address(R"(10\.0\.[01]\.\d+)");
    fixed_point all;
    for (const json::value& o : world.objects()) {
        const std::string kind(o.at("kind").as_string());
        if (kind == "Event" || kind == "Lease" || kind == "CustomResourceDefinition" || kind == "Namespace")
            continue;
        const json::object& m = o.at("metadata").as_object();
        const json::value* ns = m.if_contains("namespace");
        const std::string name = fmt::format("{} {}/{}", kind, ns != nullptr ? ns->as_string().c_str() : "",
                                             m.at("name").as_string().c_str());
        json::object plain = o.as_object();
        drop_history(kind, plain, world);
        all[name] =
            std::regex_replace(boost::json::serialize(without_chance(plain)), pool_address, "ADDRESS");
    }
    return all;
}

std::vector<std::string> differences(const fixed_point& expected, const fixed_point& found) {
    std::vector<std::string> all;
    const auto note = [&](std::string line) {
        if (all.size() < 5)
            all.push_back(std::move(line));
    };
    for (const auto& [name, text] : expected) {
        const auto other = found.find(name);
        if (other == found.end()) {
            note(name + " is missing");
        } else if (other->second != text) {
            const std::size_t at = static_cast<std::size_t>(
                std::mismatch(text.begin(), text.end(), other->second.begin(), other->second.end()).first -
                text.begin());
            const std::size_t from = at > 80 ? at - 80 : 0;
            note(fmt::format("{}: ...{}... instead of ...{}...", name, other->second.substr(from, 240),
                             text.substr(from, 240)));
        }
    }
    for (const auto& [name, text] : found)
        if (!expected.contains(name))
            note(name + " is left over");
    return all;
}

} // namespace gwctl::tests
