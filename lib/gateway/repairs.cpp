#include "repairs.hpp"

#include <boost/json/parse.hpp>

namespace gwctl::gateway::detail {
namespace {

/// What is gone with its owner was not taken from us: this controller hears of the owner in its own time.
task<bool> is_owner_there(cluster& c, context& ctx, const drift& d) {
    const resource_type* type = &Gateway::type;
    for (const auto& source : c.routes)
        if (source->kind().type.kind == d.owner.kind)
            type = &source->kind().type;
    object_key key(d.key.namespace_, d.owner.name);
    const json::value owner = co_await fetch(ctx, *type, c.served_version(*type), std::move(key));
    co_return owner.is_object() && owner.at("metadata").at("uid") == json::value(d.owner.uid);
}

} // namespace

std::string without_times(Gateway::Status status) {
    const auto clear = [](std::vector<Condition>& conditions) {
        for (Condition& c : conditions)
            c.lastTransitionTime.clear();
    };
    clear(status.conditions);
    for (auto& listener : status.listeners)
        clear(listener.conditions);
    return json::encode(status);
}

task<std::vector<repair>> describe_repairs(cluster& c, context& ctx, std::vector<drift> drifts,
                                           std::string version) {
    std::vector<repair> repairs;
    for (const drift& d : drifts) {
        std::string changer;
        if (d.fields.empty()) {
            const bool is_there = co_await is_owner_there(c, ctx, d);
            if (!is_there)
                continue;
        } else {
            const json::value object = co_await fetch(ctx, d.type, version, d.key);
            changer = find_changer(object, d, ctx.api.options().field_manager);
        }
        repair& r = repairs.emplace_back();
        r.type = d.type;
        r.message = describe_drift(d, changer);
    }
    co_return repairs;
}

void report_repairs(cluster& c, context& ctx, const Gateway& gateway, const std::vector<repair>& repairs) {
    for (const repair& r : repairs) {
        ctx.log.warn(r.message);
        ctx.event(gateway, event_type::warning, "DriftRepaired", r.message);
        c.changes.count_repair(r.type);
    }
}

std::vector<drift> find_status_drift(const cluster& c, const Gateway& gateway,
                                     const Gateway::Status& wanted) {
    if (wanted == gateway.status ||
        !c.changes.is_status_drift(gwctl::describe(gateway), gateway.metadata, without_times(wanted)))
        return {};
    drift d;
    d.type = Gateway::type;
    d.key = key_of(gateway);
    d.of_status = true;
    d.fields = differences(json::object{{"status", boost::json::parse(json::encode(gateway.status))}},
                           json::object{{"status", boost::json::parse(json::encode(wanted))}});
    if (d.fields.empty())
        return {};
    return {std::move(d)};
}

} // namespace gwctl::gateway::detail
