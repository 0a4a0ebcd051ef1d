// The record of an allocated address on its Gateway: a label or annotation, spec.addresses, and a condition.
#include <gwctl/gateway/addresses.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using gateway_v1::GatewayAddress;

/// What `spec.addresses` is to be; nothing when it is so.
std::optional<json::array> render_addresses(const Gateway& gateway, const std::string& recorded,
                                            const std::string& allocated, bool is_replaced) {
    const auto& wishes = gateway.spec.addresses;
    const auto has = [&](const std::string& address) {
        return !address.empty() && std::any_of(wishes.begin(), wishes.end(),
                                               [&](const GatewayAddress& w) { return w.value == address; });
    };
    const bool is_missing = !allocated.empty() && !has(allocated);
    const bool is_stale = allocated.empty() && is_replaced && has(recorded);
    if (!is_missing && !is_stale)
        return std::nullopt;
    json::array written;
    bool placed = allocated.empty();
    for (const GatewayAddress& w : wishes) {
        const bool has_value = w.value && !w.value->empty();
        if (has_value && *w.value != recorded) {
            written.push_back({{"type", "IPAddress"}, {"value", *w.value}});
        } else if (!placed) { // the entry that asked for an address gets it
            written.push_back({{"type", "IPAddress"}, {"value", allocated}});
            placed = true;
        } else if (!has_value && allocated.empty()) {
            written.push_back(json::object{{"type", "IPAddress"}});
        }
    }
    if (!placed)
        written.push_back({{"type", "IPAddress"}, {"value", allocated}});
    return written;
}

/// What the condition `names::grant_record()` says; nothing when it is not readable.
std::optional<std::vector<ipam::ip_address>> read_record(const std::string& message) {
    boost::system::error_code failed;
    const json::value parsed = boost::json::parse(message, failed);
    if (failed || !parsed.is_array())
        return std::nullopt;
    std::vector<ipam::ip_address> all;
    for (const json::value& entry : parsed.get_array())
        if (const auto* text = entry.if_string())
            if (const auto address = ipam::parse_address(std::string_view(*text)); address.has_value())
                all.push_back(*address);
    return all;
}

/// Up to 0.1 there was no record but the addresses at the beginning of the message for people. To be removed
/// with the release after the next.
std::vector<ipam::ip_address> read_old_message(std::string_view message) {
    std::vector<ipam::ip_address> all;
    message = message.substr(0, message.find(';'));
    while (!message.empty()) {
        const std::size_t comma = std::min(message.find(", "), message.size());
        if (const auto parsed = ipam::parse_address(message.substr(0, comma)); parsed.has_value())
            all.push_back(*parsed);
        message.remove_prefix(std::min(comma + 2, message.size()));
    }
    return all;
}

bool has(const std::vector<ipam::ip_address>& all, const ipam::ip_address& address) {
    return std::find(all.begin(), all.end(), address) != all.end();
}

} // namespace

/// Which addresses the Gateway's status says that we gave it.
std::vector<ipam::ip_address> address_book::granted_before(const Gateway& gateway) const {
    const auto& conditions = gateway.status.conditions;
    if (const Condition* record = find_condition(conditions, names_.grant_record()))
        if (auto read = read_record(record->message))
            return *std::move(read);
    const Condition* said = find_condition(conditions, names_.granted_condition());
    return said == nullptr ? std::vector<ipam::ip_address>() : read_old_message(said->message);
}

/// Whether the Gateway has an address by our grant, and so may keep it outside the pools.
bool address_book::may_keep(const Gateway& gateway, const std::string& address) const {
    if (!has_pools() || !configured_)
        return true; // without the ConfigMap nobody knows what lies in the pools
    const auto parsed = ipam::parse_address(address);
    if (parsed.has_error() || !has(granted_before(gateway), *parsed))
        return false;
    // Another controller may have had the Gateway in between: it leaves our condition, and not our addresses.
    const auto& shown = gateway.status.addresses;
    return std::any_of(shown.begin(), shown.end(), [&](const GatewayAddress& a) {
        const auto other = ipam::parse_address(a.value.value_or(""));
        return other.has_value() && *other == *parsed;
    });
}

/// What is to be said of the addresses that the Gateway gets.
void address_book::describe_granted(const Gateway& gateway, const ipam::request& request,
                                    const options& settings, addressing& result) const {
    if (!has_pools())
        return;
    std::vector<std::string> granted;
    std::vector<std::string> outside;
    const std::vector<ipam::ip_address> before = granted_before(gateway);
    for (const std::string& address : result.addresses) {
        const auto parsed = ipam::parse_address(address);
        const bool in_pools = parsed.has_value() && allocator_.in_pools(request, *parsed);
        if (!in_pools && !settings.allow_addresses_outside_pools && configured_)
            outside.push_back(address);
        if (in_pools || settings.allow_addresses_outside_pools || configured_ ||
            (parsed.has_value() && has(before, *parsed)))
            granted.push_back(address);
    }
    if (granted.empty())
        return;
    verdict v{true, "InPools", fmt::format("{}", fmt::join(granted, ", "))};
    const Condition* said = find_condition(gateway.status.conditions, names_.granted_condition());
    const bool has_read_pools = !allocator_.pools().source.empty();
    if (!has_read_pools && said != nullptr && granted.size() == before.size())
        v = {true, said->reason, said->message}; // where they lie cannot be told yet
    if (!outside.empty()) {
        v.reason = "OutsidePools";
        v.message += fmt::format(
            "; {} {} in no pool that this Gateway may draw from ({}), and stays as long as the Gateway asks "
            "for it; remove the label {} (for IPv6 the annotation {}), and then the address from "
            "spec.addresses, to have one of these pools instead",
            fmt::join(outside, ", "), outside.size() == 1 ? "lies" : "lie",
            settings.pools.empty()
                ? fmt::format("those of namespace {}, and the global ones", gateway.metadata.namespace_)
                : fmt::format("its class names {}", fmt::join(settings.pools, ", ")),
            label_ipam_address, names_.address());
    }
    result.granted = std::move(v);
    result.granted_addresses = std::move(granted);
}

std::string address_book::recorded_address(const Gateway& gateway) const {
    const auto label = gateway.metadata.labels.find(std::string(label_ipam_address));
    if (label != gateway.metadata.labels.end())
        return label->second;
    const auto annotation = gateway.metadata.annotations.find(names_.address());
    return annotation == gateway.metadata.annotations.end() ? std::string() : annotation->second;
}

/// `is_replaced`: without an allocation now, an earlier record goes.
std::string address_book::render_record(const Gateway& gateway, const std::string& allocated,
                                        bool is_replaced) const {
    json::object labels;
    json::object annotations;
    const auto put = [](json::object& into, const auto& live, const std::string& key,
                        const std::string& wanted) {
        const auto old = live.find(key);
        if (wanted.empty() ? old != live.end() : old == live.end() || old->second != wanted)
            into[key] = wanted.empty() ? json::value() : json::value(wanted);
    };
    const bool v6 = allocated.find(':') != std::string::npos;
    if (!allocated.empty() || is_replaced) {
        put(labels, gateway.metadata.labels, std::string(label_ipam_address), v6 ? "" : allocated);
        put(annotations, gateway.metadata.annotations, names_.address(), v6 ? allocated : "");
    }
    if (!allocated.empty())
        put(labels, gateway.metadata.labels, std::string(label_implementation),
            options_.implementation_label);

    json::object spec;
    if (options_.write_spec_address)
        if (auto written = render_addresses(gateway, recorded_address(gateway), allocated, is_replaced))
            spec["addresses"] = std::move(*written);
    if (labels.empty() && annotations.empty() && spec.empty())
        return {};
    json::object metadata{{"resourceVersion", gateway.metadata.resourceVersion}};
    if (!labels.empty())
        metadata["labels"] = std::move(labels);
    if (!annotations.empty())
        metadata["annotations"] = std::move(annotations);
    json::object patch{{"metadata", std::move(metadata)}};
    if (!spec.empty())
        patch["spec"] = std::move(spec);
    return boost::json::serialize(patch);
}

} // namespace gwctl::gateway
