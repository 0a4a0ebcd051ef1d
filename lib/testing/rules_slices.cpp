// Rules of EndpointSlices.
#include "json_util.hpp"
#include "names.hpp"
#include "rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t most_endpoints = 1000, most_addresses = 100, most_ports = 20000;

void add(field_errors& errors, const std::string& field, const json::value& value, const problems& found) {
    for (const auto& p : found)
        errors.push_back(invalid_value(field, value, p));
}

field_error too_many(std::string field, std::size_t n, std::size_t most) {
    return {std::move(field), "FieldValueTooMany",
            fmt::format("Too many: {}: must have at most {} items", n, most)};
}

void check_endpoint_ip(const std::string& type, const std::string& list, const std::string& at,
                       const json::value& address, field_errors& errors) {
    const auto text = address.is_string() ? str(address.get_string()) : std::string();
    if (type == "FQDN") {
        if (text.empty()) {
            errors.push_back(required(at));
            return;
        }
        auto found = check_dns_subdomain(text);
        if (text.find('.') == std::string::npos && found.empty())
            found.push_back("should be a domain with at least two segments separated by dots");
        add(errors, at, address, found);
        return;
    }
    const auto found = type == "IPv6" ? check_canonical_address(text) : check_address(text);
    if (!found.empty())
        return add(errors, at, address, found);
    if (ip_family(text) != (type == "IPv4" ? 4 : 6))
        errors.push_back(invalid_value(list, address, fmt::format("must be an {} address", type)));
    add(errors, at, address, check_endpoint_address(text));
}

void check_endpoint(const json::object& endpoint, const std::string& at, const std::string& type,
                    field_errors& errors) {
    const auto& addresses = array_at(endpoint, {"addresses"});
    const auto list = at + ".addresses";
    if (addresses.empty())
        errors.push_back(required(list, "must contain at least 1 address"));
    else if (addresses.size() > most_addresses)
        errors.push_back(too_many(list, addresses.size(), most_addresses));
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto here = fmt::format("{}[{}]", list, i);
        if (type == "IPv4" || type == "IPv6" || type == "FQDN")
            check_endpoint_ip(type, list, here, addresses[i], errors);
    }
    if (const auto* name = endpoint.if_contains("nodeName"); name && name->is_string())
        add(errors, at + ".nodeName", *name, check_dns_subdomain(str(name->get_string())));
    if (const auto* name = endpoint.if_contains("hostname"); name && name->is_string())
        add(errors, at + ".hostname", *name, check_dns_label(str(name->get_string())));
    std::set<std::string> zones;
    const auto& hints = array_at(endpoint, {"hints", "forZones"});
    for (std::size_t i = 0; i < hints.size(); ++i) {
        const auto zone = string_at(hints[i], {"name"});
        const auto here = fmt::format("{}.hints.forZones[{}].name", at, i);
        if (!zones.insert(zone).second)
            errors.push_back(duplicate(here, json::value(zone)));
        add(errors, here, json::value(zone), check_label_value(zone));
    }
}

} // namespace

void check_slice(const json::object& object, const json::object* before, field_errors& errors) {
    const auto type = string_at(object, {"addressType"});
    if (type.empty())
        errors.push_back(required("addressType"));
    else if (type != "IPv4" && type != "IPv6" && type != "FQDN")
        errors.push_back(unsupported("addressType", json::value(type), {"FQDN", "IPv4", "IPv6"}));
    const auto& ports = array_at(object, {"ports"});
    std::set<std::string> names;
    if (ports.size() > most_ports)
        errors.push_back(too_many("ports", ports.size(), most_ports));
    for (std::size_t i = 0; i < std::min(ports.size(), most_ports); ++i) {
        const auto at = fmt::format("ports[{}]", i);
        const auto name = string_at(ports[i], {"name"}), protocol = string_at(ports[i], {"protocol"});
        if (!name.empty())
            add(errors, at + ".name", json::value(name), check_dns_label(name));
        if (!names.insert(name).second)
            errors.push_back(duplicate(at + ".name", json::value(name)));
        if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
            errors.push_back(unsupported(at + ".protocol", json::value(protocol), {"SCTP", "TCP", "UDP"}));
        if (const auto* application = find(ports[i], {"appProtocol"});
            application && application->is_string())
            add(errors, at + ".appProtocol", *application,
                check_qualified_name(str(application->get_string())));
    }
    const auto& endpoints = array_at(object, {"endpoints"});
    field_errors found;
    if (endpoints.size() > most_endpoints)
        found.push_back(too_many("endpoints", endpoints.size(), most_endpoints));
    else
        for (std::size_t i = 0; i < endpoints.size(); ++i)
            if (endpoints[i].is_object())
                check_endpoint(endpoints[i].get_object(), fmt::format("endpoints[{}]", i), type, found);
    // What was stored before stays acceptable.
    if (before == nullptr || array_at(*before, {"endpoints"}) != endpoints)
        errors.insert(errors.end(), found.begin(), found.end());
    check_immutable(object, before, "addressType", errors);
}

std::vector<std::string> slice_warnings(const json::object& object, const json::object* before) {
    std::vector<std::string> out;
    if (before == nullptr && string_at(object, {"addressType"}) == "FQDN")
        out.push_back("spec.addressType: FQDN endpoints are deprecated");
    const auto manager = string_at(object, {"metadata", "labels", "endpointslice.kubernetes.io/managed-by"});
    if (manager == "endpointslice-controller.k8s.io" || manager == "endpointslicemirroring-controller.k8s.io")
        return out;
    const auto& endpoints = array_at(object, {"endpoints"});
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (!endpoints[i].is_object())
            continue;
        const auto& addresses = array_at(endpoints[i].get_object(), {"addresses"});
        for (std::size_t j = 0; j < addresses.size(); ++j)
            if (addresses[j].is_string())
                for (const auto& w : address_warnings(str(addresses[j].get_string())))
                    out.push_back(fmt::format("endpoints[{}].addresses[{}]: {}", i, j, w));
    }
    return out;
}

} // namespace gwctl::testing::detail
