#include "status_repair.hpp"
#include "waits.hpp"

#include <gwctl/gateway/listener_sets.hpp>

#include <set>

namespace gwctl::gateway::detail {
namespace {

/// Where Services can be the Gateway's; anyone can write our annotations on those of his own namespace.
std::set<std::string_view> namespaces_of(const snapshot& s) {
    std::set<std::string_view> all{s.gateway->metadata.namespace_};
    for (const route_view& route : s.routes)
        all.insert(route.metadata->namespace_);
    return all;
}

std::optional<std::chrono::nanoseconds> rest_of_parent(cluster& c, const ListenerSet& set) {
    const auto gateway = c.gateways.get(parent_gateway(set));
    return gateway ? c.rest_of(gateway) : std::nullopt;
}

/// Nothing when it is not ours to say anything, or nothing can be said yet.
task<std::optional<ListenerSet::Status>> desired_status(cluster& c, const ListenerSet& set, wall_time now) {
    const object_key parent = parent_gateway(set);
    if (parent.name.empty())
        co_return std::nullopt;
    const auto gateway = c.gateways.get(parent);
    if (!gateway || !gateway->metadata.deletionTimestamp.empty())
        co_return orphan_status(set, now);
    if (!c.is_ours(*gateway))
        co_return std::nullopt;
    const auto judged = co_await c.judge(gateway);
    auto services = c.services.by_index("gateway", to_string(parent));
    const std::set<std::string_view> namespaces = namespaces_of(judged->state);
    std::erase_if(services, [&](const auto& s) { return !namespaces.contains(s->metadata.namespace_); });
    co_return listener_set_status(set, judged->attached, *gateway, services, judged->state.kinds, now);
}

/// One Event per condition that turned.
void announce(context& ctx, const ListenerSet& set, const ListenerSet::Status& wanted) {
    for (const std::string_view type : {"Accepted", "Programmed"}) {
        const Condition* before = find_condition(set.status.conditions, type);
        const Condition* after = find_condition(wanted.conditions, type);
        if (after == nullptr ||
            (before != nullptr && before->status == after->status && before->reason == after->reason))
            continue;
        const bool expected = after->status == "True" || after->reason == "Pending";
        ctx.event(set, expected ? event_type::normal : event_type::warning, after->reason, after->message);
    }
}

} // namespace

task<action> reconcile_listener_set(cluster& c, context& ctx, object_key key) {
    const auto set = c.listener_sets.get(key);
    if (!set)
        c.changes.forget(gwctl::describe(ListenerSet::type, key));
    if (!set || !set->metadata.deletionTimestamp.empty())
        co_return await_change();
    const auto unknown = co_await c.unknown_for(*set);
    if (unknown)
        co_return co_await wait_for_source(c, ctx, set, *unknown);
    if (const auto rest = rest_of_parent(c, *set))
        co_return requeue_after(*rest);
    writer writes(c, ctx, gwctl::describe(*set));
    const std::optional<ListenerSet::Status> wanted = co_await desired_status(c, *set, ctx.time.wall_now());
    if (!wanted)
        co_return await_change();
    status_repair<ListenerSet> repair(c, ctx, writes, *set, *wanted);
    if (*wanted == set->status) {
        repair.settled();
        co_return await_change();
    }
    const auto left_alone = co_await repair.look();
    if (left_alone)
        co_return requeue_after(*left_alone);
    // Both lists written out: an empty one must clear what is there.
    json::object status{{"conditions", json::to_value(wanted->conditions)},
                        {"listeners", json::to_value(wanted->listeners)}};
    const bool is_written = co_await writes.patch_status(*set, std::move(status));
    if (!is_written)
        co_return await_change();
    repair.settled();
    announce(ctx, *set, *wanted);
    const Condition* accepted = find_condition(wanted->conditions, "Accepted");
    const Condition* programmed = find_condition(wanted->conditions, "Programmed");
    ctx.log.info("status written", {{"accepted", accepted->reason}, {"programmed", programmed->reason}});
    co_return await_change();
}

} // namespace gwctl::gateway::detail
