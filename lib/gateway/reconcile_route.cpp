#include "waits.hpp"
#include "writer.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

struct route_verdicts {
    std::vector<parent_verdict> parents{};
    std::vector<std::shared_ptr<const judged_gateway>> judged{}; ///< what `parents` points into
    /// Behaviour `update` serves it somewhere: its clean-up must outlive it.
    bool borrows = false;
    /// A Gateway has not planned for the route as it is now; it wakes the route when it has.
    bool incomplete = false;
    /// Parents are missing here for so long: see `cluster::rest_of`.
    std::optional<std::chrono::nanoseconds> rest{};
};

task<route_verdicts> judge(cluster& c, const route_view& route) {
    route_verdicts all;
    for (const object_key& key : parent_gateways(route, c)) {
        const auto gateway = c.gateways.get(key);
        if (!gateway || !c.is_ours(*gateway))
            continue;
        if (const auto rest = c.rest_of(gateway)) {
            all.rest = std::max(all.rest, rest);
            continue;
        }
        const auto judged = co_await c.judge(gateway);
        all.judged.push_back(judged);
        std::vector<parent_verdict> verdicts = judge_route(route, judged->state, judged->attached, c.opts);
        const route_outcome* outcome = c.outcome(key, route);
        if (outcome == nullptr || !add_outcome(verdicts, route, *outcome))
            all.incomplete = true;
        for (parent_verdict& v : verdicts) {
            const auto served_by = behaviour_of(route, judged->settings.effective.default_behaviour);
            if (v.accepted.holds && served_by.has_value() && *served_by == behaviour::update)
                all.borrows = true;
            all.parents.push_back(std::move(v));
        }
    }
    co_return all;
}

/// Puts the finalizer there or takes it away; true when it wrote.
task<bool> keep_finalizer(cluster& c, writer& writes, served_route_source& source, context& ctx,
                          const route_view& route, bool wanted) {
    const std::string finalizer = c.named.cleanup_finalizer();
    std::vector<std::string> finalizers = route.metadata->finalizers;
    const auto found = std::find(finalizers.begin(), finalizers.end(), finalizer);
    if (wanted == (found != finalizers.end()))
        co_return false;
    if (wanted)
        finalizers.push_back(finalizer);
    else
        finalizers.erase(found);
    const json::object metadata{{"resourceVersion", route.metadata->resourceVersion},
                                {"finalizers", json::array(finalizers.begin(), finalizers.end())}};
    const json::value body{{"metadata", metadata}};
    const bool is_meant = writes.may("patch", describe(route), [&] {
        const json::array before(route.metadata->finalizers.begin(), route.metadata->finalizers.end());
        return patch_differences({{"metadata", {{"finalizers", before}}}}, body);
    });
    if (!is_meant)
        co_return false;
    auto change = patch::merge_patch(boost::json::serialize(body));
    co_await source.patch(ctx, key_of(*route.metadata), change);
    co_return true;
}

/// One Event per verdict that the status does not show yet.
void announce(cluster& c, const route_view& route, const route_verdicts& verdicts) {
    const core_v1::ObjectReference about = reference_to(c, route);
    for (const parent_verdict& v : verdicts.parents) {
        const auto shown = find_entry(route, *v.parent, c.opts.controller_name);
        const auto tell = [&](std::string_view type, const verdict& said, bool each_message = true) {
            const Condition* before = shown ? find_condition(shown->conditions, type) : nullptr;
            if (before != nullptr && before->reason == said.reason &&
                (!each_message || before->message == said.message))
                return;
            const bool is_well = said.holds && said.reason != "PartiallyProgrammed";
            c.events.record(about, is_well ? event_type::normal : event_type::warning, said.reason,
                            said.message);
        };
        tell("Accepted", v.accepted);
        tell("ResolvedRefs", v.resolved_refs);
        if (v.programmed)
            tell(condition_programmed, *v.programmed);
        if (v.weights) // the numbers in it follow every pod that comes or goes
            tell(c.named.weights_condition(), *v.weights, false);
    }
}

/// Conditional on the version the verdicts were made from: `parents` is one list, which other controllers
/// write too.
patch parents_patch(const route_view& route, const std::vector<json::value>& parents) {
    const json::object body{{"metadata", {{"resourceVersion", route.metadata->resourceVersion}}},
                            {"status", {{"parents", json::array(parents.begin(), parents.end())}}}};
    return patch::merge_patch(boost::json::serialize(body));
}

/// What the verdicts say, for telling whether they say the same as before.
std::string without_times(const route_verdicts& verdicts) {
    std::string text;
    for (const parent_verdict& v : verdicts.parents) {
        text += json::encode(*v.parent);
        for (const auto& said :
             {std::optional(v.accepted), std::optional(v.resolved_refs), v.programmed, v.weights})
            if (said)
                text += fmt::format("{}{}{};", said->holds, said->reason, said->message);
    }
    return text;
}

/// Those of `parents` that are ours, as a status.
json::value own_status(const std::vector<json::value>& parents, const cluster& c) {
    json::array own;
    for (const json::value& entry : parents)
        if (written_by(entry, c.opts.controller_name))
            own.push_back(entry);
    return json::object{{"status", json::object{{"parents", std::move(own)}}}};
}

json::value own_status(const route_view& route, const cluster& c) {
    return own_status(route.status->parents.value_or(std::vector<json::value>()), c);
}

/// Somebody changed our entries: what to say when they are put back. To be asked before, while it can be told who it
/// was. Empty for an entry too many.
task<std::string> look_at_drift(cluster& c, context& ctx, const route_view& route,
                                std::vector<json::value> parents) {
    drift d;
    d.type = route.kind->type;
    d.key = key_of(*route.metadata);
    d.of_status = true;
    d.fields = differences(own_status(route, c), own_status(parents, c));
    if (d.fields.empty())
        co_return std::string();
    const json::value object = co_await fetch(ctx, d.type, c.served_version(d.type), d.key);
    const std::string changer = find_changer(object, d, ctx.api.options().field_manager);
    co_return describe_drift(d, changer);
}

task<action> reconcile_present(cluster& c, served_route_source& source, context& ctx, object_key key) {
    const std::optional<route_view> route = source.get(key);
    if (!route) {
        c.changes.forget(gwctl::describe(source.kind().type, key));
        co_return await_change();
    }
    const auto unknown = co_await c.unknown_for(*route);
    if (unknown)
        co_return co_await wait_for_source(c, source, ctx, *route, *unknown);
    writer writes(c, ctx, describe(*route));
    const bool leaving = !route->metadata->deletionTimestamp.empty();
    route_verdicts verdicts;
    if (!leaving)
        verdicts = co_await judge(c, *route);
    if (verdicts.rest)
        co_return requeue_after(*verdicts.rest);
    const bool borrowed = !c.services.by_index("borrower", describe(*route)).empty();
    const bool wants_finalizer = (verdicts.borrows && !leaving) || borrowed;
    const bool wrote_finalizer = co_await keep_finalizer(c, writes, source, ctx, *route, wants_finalizer);
    if (wrote_finalizer || leaving || verdicts.incomplete)
        co_return await_change(); // the write, or the Gateway, brings us back

    const auto parents = route_parents(*route, verdicts.parents, c.opts.controller_name, ctx.time.wall_now());
    const std::string id = describe(*route);
    const std::string wanted = without_times(verdicts);
    if (!parents) {
        c.changes.status_settled(id, *route->metadata, wanted);
        co_return await_change();
    }
    const bool is_meant = writes.may("patch status of", id, [&] {
        return patch_differences(own_status(*route, c), own_status(*parents, c));
    });
    if (!is_meant)
        co_return await_change();
    const std::string status_id = "status of " + id;
    std::string repaired;
    if (c.changes.is_status_drift(id, *route->metadata, wanted)) {
        if (const auto rest = c.repair_rests.rest_of(status_id, ctx.time.now()))
            co_return requeue_after(*rest);
        repaired = co_await look_at_drift(c, ctx, *route, *parents);
    }
    co_await source.patch_status(ctx, key, parents_patch(*route, *parents));
    c.changes.status_settled(id, *route->metadata, wanted);
    if (!repaired.empty()) {
        repaired += describe_rest(c.repair_rests.repaired(status_id, ctx.time.now()), c.opts);
        c.events.record(reference_to(c, *route), event_type::warning, "DriftRepaired", repaired);
        c.changes.count_repair(route->kind->type);
    }
    announce(c, *route, verdicts);
    for (const parent_verdict& v : verdicts.parents)
        ctx.log.info(
            "status written",
            {{"parent", v.parent->name}, {"accepted", v.accepted.reason}, {"refs", v.resolved_refs.reason}});
    co_return await_change();
}

} // namespace

task<action> reconcile_route_status(cluster& c, served_route_source& source, context& ctx, object_key key) {
    try {
        co_return co_await reconcile_present(c, source, ctx, key);
    } catch (const api_error& e) {
        if (e.code() != errc::not_found)
            throw;
    }
    co_return await_change(); // deleted meanwhile, which brings us back
}

} // namespace gwctl::gateway::detail
