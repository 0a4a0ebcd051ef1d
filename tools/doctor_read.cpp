// From the API server's JSON to what the checks look at.
#include "doctor.hpp"

#include <fmt/format.h>

namespace gwctl::tools {
namespace {

/// The value at a path of members; null when there is none.
const json::value& at(const json::value& object, std::initializer_list<std::string_view> path) {
    static const json::value none;
    const json::value* here = &object;
    for (const std::string_view member : path) {
        const auto* o = here->if_object();
        here = o == nullptr ? nullptr : o->if_contains(member);
        if (here == nullptr)
            return none;
    }
    return *here;
}

std::string text(const json::value& object, std::initializer_list<std::string_view> path) {
    const auto* s = at(object, path).if_string();
    return s == nullptr ? std::string() : std::string(*s);
}

const json::array& items(const json::value& object, std::initializer_list<std::string_view> path) {
    static const json::array none;
    const auto* a = at(object, path).if_array();
    return a == nullptr ? none : *a;
}

object_key key_of_object(const json::value& object) {
    return {text(object, {"metadata", "namespace"}), text(object, {"metadata", "name"})};
}

} // namespace

workload read_workload(const json::value& object) {
    workload w;
    w.kind = text(object, {"kind"});
    w.key = key_of_object(object);
    if (const auto* replicas = at(object, {"spec", "replicas"}).if_int64())
        w.replicas = static_cast<int>(*replicas);
    const json::value& pod = w.kind == "Pod" ? object : at(object, {"spec", "template"});
    for (const json::value& container : items(pod, {"spec", "containers"})) {
        w.images.push_back(text(container, {"image"}));
        for (const std::string_view member : {"command", "args"})
            for (const json::value& argument : items(container, {member}))
                w.arguments.push_back(text(argument, {}));
    }
    return w;
}

announced_service read_service(const json::value& object) {
    announced_service s;
    s.key = key_of_object(object);
    s.load_balancer_class = text(object, {"spec", "loadBalancerClass"});
    std::set<std::string> writers;
    for (const json::value& entry : items(object, {"metadata", "managedFields"}))
        if (!at(entry, {"fieldsV1", "f:status", "f:loadBalancer"}).is_null())
            writers.insert(text(entry, {"manager"}));
    s.writers.assign(writers.begin(), writers.end());
    return s;
}

node read_node(const json::value& object) {
    node n;
    n.name = text(object, {"metadata", "name"});
    for (const json::value& address : items(object, {"status", "addresses"}))
        n.addresses.push_back(text(address, {"address"}));
    return n;
}

announcer_pool read_metallb_pool(const json::value& object) {
    announcer_pool p;
    p.name = text(object, {"metadata", "name"});
    for (const json::value& range : items(object, {"spec", "addresses"}))
        p.ranges.push_back(text(range, {}));
    const auto* automatic = at(object, {"spec", "autoAssign"}).if_bool();
    p.gives_by_itself = automatic == nullptr || *automatic;
    return p;
}

announcer_pool read_cilium_pool(const json::value& object) {
    announcer_pool p;
    p.name = text(object, {"metadata", "name"});
    const auto* disabled = at(object, {"spec", "disabled"}).if_bool();
    for (const json::value& block : items(object, {"spec", "blocks"})) {
        if (disabled != nullptr && *disabled)
            break;
        const std::string start = text(block, {"start"});
        const std::string stop = text(block, {"stop"});
        p.ranges.push_back(!start.empty() ? start + (stop.empty() ? "" : "-" + stop) : text(block, {"cidr"}));
    }
    p.gives_by_itself = false; // it has no such setting, and skips addresses that are in use
    return p;
}

} // namespace gwctl::tools
