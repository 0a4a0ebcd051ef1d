#include "cluster.hpp"

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
};

route_verdicts judge(cluster& c, const route_view& route) {
    route_verdicts all;
    for (const object_key& key : parent_gateways(route, c)) {
        const auto gateway = c.gateways.get(key);
        if (!gateway || !c.is_ours(*gateway))
            continue;
        const auto judged = c.judge(gateway);
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
    return all;
}

/// Puts the finalizer there or takes it away; true when it wrote.
task<bool> keep_finalizer(cluster& c, served_route_source& source, context& ctx, const route_view& route,
                          bool wanted) {
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
    auto change = patch::merge_patch(boost::json::serialize(json::object{{"metadata", metadata}}));
    co_await source.patch(ctx, key_of(*route.metadata), change);
    co_return true;
}

const std::string* reason_of(const json::value& parent, std::string_view type, std::string& storage) {
    const auto* object = parent.if_object();
    const auto* conditions = object == nullptr ? nullptr : object->if_contains("conditions");
    const auto* list = conditions == nullptr ? nullptr : conditions->if_array();
    if (list == nullptr)
        return nullptr;
    for (const json::value& condition : *list) {
        const auto decoded = json::decode<Condition>(boost::json::serialize(condition));
        if (decoded.has_error() || decoded->type != type)
            continue;
        storage = decoded->reason + ": " + decoded->message;
        return &storage;
    }
    return nullptr;
}

/// One Event per verdict that the status does not show yet.
void announce(cluster& c, const route_view& route, const route_verdicts& verdicts) {
    const core_v1::ObjectReference about = reference_to(c, route);
    const auto tell = [&](std::string_view type, const verdict& v, bool each_message = true) {
        const std::string wanted = v.reason + ": " + (each_message ? v.message : "");
        std::string storage;
        if (route.status->parents)
            for (const json::value& parent : *route.status->parents) {
                const std::string* shown = reason_of(parent, type, storage);
                if (shown != nullptr && (each_message ? *shown == wanted : shown->starts_with(wanted)))
                    return;
            }
        const bool is_well = v.holds && v.reason != "PartiallyProgrammed";
        c.events.record(about, is_well ? event_type::normal : event_type::warning, v.reason, v.message);
    };
    for (const parent_verdict& v : verdicts.parents) {
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

json::value status_value(std::vector<json::value> parents) {
    return json::object{{"status", {{"parents", json::array(parents.begin(), parents.end())}}}};
}

/// Somebody changed our entries.
task<void> report_drift(cluster& c, context& ctx, const route_view& route, std::vector<json::value> parents) {
    const std::vector<json::value> before = route.status->parents.value_or(std::vector<json::value>());
    drift d;
    d.type = route.kind->type;
    d.key = key_of(*route.metadata);
    d.of_status = true;
    d.fields = differences(status_value(before), status_value(std::move(parents)));
    if (d.fields.empty())
        co_return; // an entry too many
    const json::value object = co_await fetch(ctx, d.type, c.served_version(d.type), d.key);
    const std::string changer = find_changer(object, d, ctx.api.options().field_manager);
    c.events.record(reference_to(c, route), event_type::warning, "DriftRepaired", describe_drift(d, changer));
    c.changes.count_repair(d.type);
}

void observe(cluster& c, context& ctx, const route_view& route, const route_verdicts& verdicts,
             bool wants_finalizer) {
    std::vector<std::string> lines;
    const std::string object = describe(route);
    const auto& finalizers = route.metadata->finalizers;
    const bool has_finalizer =
        std::find(finalizers.begin(), finalizers.end(), c.named.cleanup_finalizer()) != finalizers.end();
    if (wants_finalizer != has_finalizer)
        lines.push_back(fmt::format("patch {}: metadata.finalizers: {} {}", object,
                                    wants_finalizer ? "add" : "remove", c.named.cleanup_finalizer()));
    if (route.metadata->deletionTimestamp.empty())
        if (auto parents =
                route_parents(route, verdicts.parents, c.opts.controller_name, ctx.time.wall_now()))
            add_would(lines, "patch status of", object,
                      differences(status_value(route.status->parents.value_or(std::vector<json::value>())),
                                  status_value(std::move(*parents))));
    c.changes.would(ctx.log, object, std::move(lines));
}

task<action> reconcile_present(cluster& c, served_route_source& source, context& ctx, object_key key) {
    const std::optional<route_view> route = source.get(key);
    if (!route) {
        c.changes.forget(gwctl::describe(source.kind().type, key));
        co_return await_change();
    }
    if (const std::string blocked = c.blocked_by(); !blocked.empty()) {
        ctx.log.warn("nothing is decided until all sources are readable", {{"blocked", blocked}});
        co_return requeue_after(std::chrono::seconds(10));
    }
    const bool leaving = !route->metadata->deletionTimestamp.empty();
    const route_verdicts verdicts = leaving ? route_verdicts() : judge(c, *route);
    const bool borrowed = !c.services.by_index("borrower", describe(*route)).empty();
    const bool wants_finalizer = (verdicts.borrows && !leaving) || borrowed;
    if (c.opts.observe_only) {
        if (!verdicts.incomplete)
            observe(c, ctx, *route, verdicts, wants_finalizer);
        co_return await_change();
    }
    const bool wrote_finalizer = co_await keep_finalizer(c, source, ctx, *route, wants_finalizer);
    if (wrote_finalizer || leaving || verdicts.incomplete)
        co_return await_change(); // the write, or the Gateway, brings us back

    const auto parents = route_parents(*route, verdicts.parents, c.opts.controller_name, ctx.time.wall_now());
    const std::string id = describe(*route);
    const std::string wanted = without_times(verdicts);
    if (!parents) {
        c.changes.status_settled(id, *route->metadata, wanted);
        co_return await_change();
    }
    if (c.changes.is_status_drift(id, *route->metadata, wanted))
        co_await report_drift(c, ctx, *route, *parents);
    co_await source.patch_status(ctx, key, parents_patch(*route, *parents));
    c.changes.status_settled(id, *route->metadata, wanted);
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
