#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/announcer.hpp>
#include <gwctl/gateway/cached.hpp>
#include <gwctl/gateway/names.hpp>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using string_map = std::map<std::string, std::string>;

/// As much as the Gateway API lets `spec.infrastructure` have: 8 values of 4096 bytes.
constexpr std::size_t most_bytes = 32 << 10;
/// The longest value that is read is the record of a Service that `update` changed, 100 bytes for each port.
constexpr std::size_t longest_value = 16 << 10;
/// Of each sort. Bounds also what it costs to look for room.
constexpr std::size_t most_keys = 64;

/// Whether there is room for one more key of the same sort, known or not.
bool has_room(const string_map& map, bool is_known) {
    if (map.size() >= (is_known ? 2 * most_keys : most_keys))
        return false;
    std::size_t bytes = 0;
    std::size_t keys = 0;
    for (const auto& [key, value] : map)
        if (is_known_key(key) == is_known) {
            bytes += key.size() + value.size();
            ++keys;
        }
    return bytes < most_bytes && keys < most_keys;
}

template <bool others>
void* emplace(void* container, std::string_view key) {
    auto& map = *static_cast<string_map*>(container);
    const bool is_known = is_known_key(key);
    if ((!is_known && !others) || !has_room(map, is_known))
        return nullptr;
    return &map.try_emplace(map.end(), std::string(key))->second;
}

bool assign(void* target, std::string_view text) {
    *static_cast<std::string*>(target) = std::string(text.substr(0, longest_value));
    return true;
}
bool refuse(void*, std::int64_t) { return false; }
void append(const void* source, std::string& out) {
    json::append_quoted(*static_cast<const std::string*>(source), out);
}

const json::detail::type_info& short_string() noexcept {
    static constexpr json::detail::type_info info{
        json::detail::shape::scalar, {}, nullptr, nullptr, nullptr, &assign, &refuse, &append, "a string"};
    return info;
}

template <bool others>
const json::detail::type_info& trimmed_map() noexcept {
    static constexpr json::detail::type_info info{json::detail::shape::map,
                                                  {},
                                                  &short_string,
                                                  &emplace<others>,
                                                  &json::detail::table<string_map>::visit};
    return info;
}

template <bool others>
std::vector<json::detail::member_info> members() {
    std::vector<json::detail::member_info> all;
    for (json::detail::member_info m : json::detail::table<ObjectMeta>::info.members) {
        if (m.name == "labels" || m.name == "annotations")
            m.type = &trimmed_map<others>;
        all.push_back(m);
    }
    return all;
}

} // namespace

bool is_known_key(std::string_view key) {
    static constexpr std::string_view whole[] = {label_selector_key,
                                                 label_selector_value,
                                                 label_behaviour,
                                                 label_ipam_address,
                                                 label_implementation,
                                                 label_gateway_name,
                                                 label_gateway_class_name,
                                                 annotation_controller,
                                                 annotation_parent_tcp_route,
                                                 annotation_parent_udp_route,
                                                 annotation_cilium_weight,
                                                 annotation_cilium_algorithm,
                                                 discovery_v1::label_service_name,
                                                 discovery_v1::label_managed_by,
                                                 "metallb.universe.tf/loadBalancerIPs",
                                                 "io.cilium/lb-ipam-ips"};
    // Ours begin with the controller's domain, which is not known here.
    static const std::vector<std::string> endings = [] {
        const names n("/");
        return std::vector<std::string>{
            n.gateway(),        n.applied(), n.address(), n.original(), n.accepted_parameters(),
            n.replaced_ports(), n.backend()};
    }();
    const auto is_an_announcers = [&](const announcer_profile& p) {
        return key == p.addresses_key || key == p.sharing_key || key == p.sharing_namespaces_key ||
               key == p.lease_key || key == p.without_endpoints_key;
    };
    const auto profiles = announcer_profiles();
    return std::find(std::begin(whole), std::end(whole), key) != std::end(whole) ||
           std::any_of(endings.begin(), endings.end(), [&](const auto& e) { return key.ends_with(e); }) ||
           std::any_of(profiles.begin(), profiles.end(), is_an_announcers);
}

const json::detail::type_info& trimmed_metadata() noexcept {
    static const std::vector<json::detail::member_info> all = members<false>();
    static const json::detail::type_info info{json::detail::shape::object, all};
    return info;
}

const json::detail::type_info& trimmed_metadata_of_made() noexcept {
    static const std::vector<json::detail::member_info> all = members<true>();
    static const json::detail::type_info info{json::detail::shape::object, all};
    return info;
}

} // namespace gwctl::gateway::detail
