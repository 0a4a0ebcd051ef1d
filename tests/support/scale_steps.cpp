#include <fmt/format.h>

#include <support/scale_corner.hpp>
#include <support/scale_steps.hpp>

namespace gwctl::tests {
namespace {

using steps = std::vector<scale_step>;

std::function<void(in_process_api&)> apply(json::value object) {
    return [object = std::move(object)](in_process_api& api) { api.apply(object); };
}

std::function<void(in_process_api&)> remove(json::value object) {
    return [object = std::move(object)](in_process_api& api) { api.remove(object); };
}

void add_and_remove(steps& to, const std::string& what, const json::value& object) {
    to.push_back({what + " added", apply(object)});
    to.push_back({what + " deleted", remove(object)});
}

/// About the last Gateway.
void add_everyday(steps& to, const cluster_size& size) {
    const std::size_t g = size.gateways - 1;
    to.push_back({"endpoint unready", apply(slice_object(g, 0, size.endpoints, 1))});
    to.push_back({"endpoint ready", apply(slice_object(g, 0, size.endpoints))});
    to.push_back({"backend port gone", apply(service_object(g, 1, false))});
    to.push_back({"backend port back", apply(service_object(g, 1))});
    to.push_back({"route changed", apply(route_object(g, 0, 0, 81))});
    to.push_back({"route changed back", apply(route_object(g, 0, 0, 80))});
    to.push_back({"listener added", apply(gateway_object(g, size.routes + 1))});
    add_and_remove(to, "route", route_object(g, size.routes, size.routes, 80));
    to.push_back({"listener deleted", apply(gateway_object(g, size.routes))});
    to.push_back({"namespace relabelled", apply(namespace_object(namespace_of(g), "b"))});
    to.push_back({"namespace relabelled", apply(namespace_object(namespace_of(g), "a"))});
}

/// About what is let in, and by whom.
void add_permissions(steps& to) {
    add_and_remove(to, "grant", grant_in_corner());
    add_and_remove(to, "ListenerSet", set_in_corner());
    to.push_back({"namespace let in", apply(namespace_object("picked", "picked"))});
    to.push_back({"namespace shut out", apply(namespace_object("picked", "a"))});
}

/// About addresses of a pool that has one.
void add_addresses(steps& to) {
    const json::value foreign = foreign_service("203.0.113.1");
    const json::value waiting = gateway_in_corner("waiting", "small");
    const scale_step arrives{"waiting Gateway added", apply(waiting)};
    const scale_step leaves{"served Gateway deleted", remove(waiting)};
    to.push_back({"address taken", apply(foreign)});
    to.push_back(arrives);
    to.push_back({"pool extended", apply(pools_object("203.0.113.1/32, 203.0.113.2/32"))});
    to.push_back({"parameters changed", apply(parameters_in_corner("ClientIP"))});
    to.push_back({"parameters changed", apply(parameters_in_corner("None"))});
    to.push_back({"address withdrawn", [](in_process_api& api) { api.withdraw("corner", "waiting-small"); }});
    to.push_back({"address announced", [](in_process_api& api) { api.announce(); }});
    to.push_back(leaves);
    to.push_back({"pool shrunk", apply(pools_object("203.0.113.1/32"))});
    to.push_back(arrives);
    to.push_back({"address released", remove(foreign)});
    to.push_back(leaves);
}

} // namespace

std::vector<scale_step> scale_steps(const cluster_size& size) {
    steps all;
    add_everyday(all, size);
    add_and_remove(all, "Gateway", gateway_in_corner("new", "l4"));
    add_permissions(all);
    add_addresses(all);
    return all;
}

} // namespace gwctl::tests
