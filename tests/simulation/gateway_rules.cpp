#include "gateway_rules.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gwctl::tests {
namespace {

const json::value* find(const json::value& v, const char* pointer) {
    boost::system::error_code failed;
    return v.find_pointer(pointer, failed);
}

std::string text(const json::value& v, const char* pointer) {
    const json::value* found = find(v, pointer);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string name_of(const json::value& v) { return text(v, "/metadata/name"); }

/// "10.0.0.1 TCP 80" for each port at the address that the Service asks for.
std::set<std::string> asks_for(const json::value& service) {
    std::set<std::string> all;
    if (!service.is_object())
        return all;
    const std::string address = text(service, "/metadata/annotations/kube-vip.io~1loadbalancerIPs");
    const json::value* ports = find(service, "/spec/ports");
    if (text(service, "/spec/type") != "LoadBalancer" || address.empty() || ports == nullptr)
        return all;
    for (const json::value& p : ports->as_array()) {
        const std::string protocol = text(p, "/protocol");
        all.insert(fmt::format("{} {} {}", address, protocol.empty() ? "TCP" : protocol,
                               p.at("port").to_number<int>()));
    }
    return all;
}

std::string owner_of(const json::value& v) { return text(v, "/metadata/ownerReferences/0/name"); }

std::size_t endpoints_in(const json::value& slice) {
    const json::value* endpoints = find(slice, "/endpoints");
    return endpoints != nullptr && endpoints->is_array() ? endpoints->get_array().size() : 0;
}

/// The slices that the controller makes for a Gateway's Service have its name here.
std::string served_service(const json::value& slice) {
    return text(slice, "/metadata/labels/kubernetes.io~1service-name");
}

} // namespace

gateway_rules::gateway_rules(testing::simulation& world) : world_(world) {
    world.on_change([this](const json::value* before, const json::value* after) { changed(before, after); });
    world.on_late_write([this](const testing::late_write& w) { late(w); });
}

void gateway_rules::changed(const json::value* before, const json::value* after) {
    const std::string kind = text(after != nullptr ? *after : *before, "/kind");
    if (kind == "Service")
        service_changed(before, after);
    else if (kind == "Gateway" && after != nullptr)
        gateway_changed(after);
    else if (kind == "Gateway")
        addresses_.erase(name_of(*before));
    else if (kind == "EndpointSlice")
        slice_changed(before, after);
}

void gateway_rules::service_changed(const json::value* before, const json::value* after) {
    const std::string name = name_of(after != nullptr ? *after : *before);
    ports_.erase(name);
    if (after == nullptr) {
        if (name == "steady-l4" || name == "flappy-l4")
            world_.violated(fmt::format("Service {} was deleted, and its Gateway is there", name));
        return;
    }
    const std::set<std::string> mine = asks_for(*after);
    for (const auto& [other, ports] : ports_)
        for (const std::string& p : ports)
            if (mine.contains(p))
                world_.violated(fmt::format("Services {} and {} both ask for {}", name, other, p));
    if (!mine.empty())
        ports_[name] = mine;
    if (name != "steady-l4")
        return;
    const std::string address = mine.empty() ? "none" : mine.begin()->substr(0, mine.begin()->find(' '));
    if (steady_address_.empty() && address != "none")
        steady_address_ = address;
    if (!steady_address_.empty() && address != steady_address_)
        world_.violated(
            fmt::format("Service steady-l4 asks for {}, and asked for {}", address, steady_address_));
}

/// An address that a status names is nobody else's.
void gateway_rules::gateway_changed(const json::value* after) {
    const std::string name = name_of(*after);
    addresses_.erase(name);
    const std::string address = text(*after, "/status/addresses/0/value");
    if (address.empty())
        return;
    for (const auto& [other, taken] : addresses_)
        if (taken == address)
            world_.violated(fmt::format("Gateways {} and {} both have {}", name, other, address));
    addresses_[name] = address;
}

void gateway_rules::slice_changed(const json::value* before, const json::value* after) {
    const std::string service = served_service(after != nullptr ? *after : *before);
    if (service != "steady-l4" && service != "flappy-l4")
        return;
    if (after == nullptr) {
        world_.violated(fmt::format("EndpointSlice {} of Service {} was deleted, and its listener is there",
                                    name_of(*before), service));
        return;
    }
    if (service != "steady-l4")
        return;
    const bool filled = endpoints_in(*after) > 0;
    if (steady_has_endpoints_ && !filled)
        world_.violated(
            fmt::format("EndpointSlice {} was emptied, and its backend has endpoints", name_of(*after)));
    steady_has_endpoints_ = steady_has_endpoints_ || filled;
}

/// What a late write may not do: give or take an address, a port or an object.
void gateway_rules::late(const testing::late_write& w) {
    ++late_writes_;
    const bool made_or_deleted = w.before.is_null() || w.after.is_null();
    const std::string kind = text(w.after.is_null() ? w.before : w.after, "/kind");
    if (kind == "Event")
        return;
    if (kind != "Service" || (!made_or_deleted && asks_for(w.before) == asks_for(w.after)))
        return;
    if (w.before.is_null() && !world_.get("gateways.gateway.networking.k8s.io", "default", owner_of(w.after)))
        return; // the garbage collector takes what is made for a Gateway that is gone
    world_.violated(fmt::format(
        "a late write of {} changed what a Service asks for, from \"{}\" to \"{}\": {} {}", w.process,
        fmt::join(asks_for(w.before), ", "), fmt::join(asks_for(w.after), ", "), w.method, w.target));
}

} // namespace gwctl::tests
