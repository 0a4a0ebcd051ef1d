// The record of an allocated address on its Gateway: a label or annotation, and spec.addresses.
#include <gwctl/gateway/addresses.hpp>

#include <boost/json/serialize.hpp>

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

} // namespace

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
