#include "bundle_versions.hpp"
#include "merged_patch.hpp"
#include "status_repair.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

/// What Gateways support, by the names of the Gateway API's features. Up to its 1.6.1 GatewayInfrastructure was
/// called GatewayInfrastructurePropagation (pkg/features/gateway.go of both versions).
constexpr std::string_view gateway_features[] = {
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayInfrastructure",
    "GatewayInfrastructurePropagation",
    "GatewayStaticAddresses",
};

bool is_starting(const cluster& c) {
    const auto starts = [](const gwctl::detail::object_table& table) {
        return table.state() == store_state::starting;
    };
    return starts(c.definitions) || starts(c.listener_sets.table()) || starts(c.reference_grants.table()) ||
           std::any_of(c.routes.begin(), c.routes.end(), [&](const auto& r) { return starts(r->table()); });
}

/// What is implemented and there: features of kinds that the API server does not serve are left out. Where that
/// cannot be told now, what was said before stands. Sorted, as the API demands.
std::vector<gateway_v1::SupportedFeature> supported_features(const cluster& c, const GatewayClass& live) {
    std::set<std::string_view> names(std::begin(gateway_features), std::end(gateway_features));
    const auto add = [&](const gwctl::detail::object_table& table, std::string_view feature) {
        const auto& before = live.status.supportedFeatures;
        const bool was_there =
            std::any_of(before.begin(), before.end(), [&](const auto& f) { return f.name == feature; });
        if (table.synced() ? table.state() != store_state::not_served : was_there)
            names.insert(feature);
    };
    add(c.listener_sets.table(), "ListenerSet");
    add(c.reference_grants.table(), "ReferenceGrant");
    for (const auto& source : c.routes)
        for (const std::string_view feature : source->kind().features)
            add(source->table(), feature);
    std::vector<gateway_v1::SupportedFeature> features;
    for (const std::string_view name : names)
        features.emplace_back().name = name;
    return features;
}

verdict judge(const GatewayClass& gateway_class, const judged_parameters& parameters) {
    if (!parameters.accepted.holds)
        return parameters.accepted;
    const auto& reference = gateway_class.spec.parametersRef;
    return {true, "Accepted",
            reference ? fmt::format("The class is accepted with the parameters of ConfigMap {}/{}",
                                    reference->namespace_, reference->name)
                      : "The class is accepted"};
}

void set_supported_version(condition_writer& conditions, const cluster& c) {
    const auto& definitions = c.definitions;
    if (definitions.state() == store_state::synced)
        conditions.set("SupportedVersion", judge_bundle_versions(definitions.list()));
    else
        conditions.set_unknown(
            "SupportedVersion", "Pending",
            fmt::format("The versions of the Gateway API CRDs cannot be read: {}; let this "
                        "controller list and watch customresourcedefinitions",
                        definitions.reason()));
}

GatewayClass::Status desired_status(const cluster& c, const GatewayClass& gateway_class,
                                    const judged_parameters& parameters, wall_time now) {
    GatewayClass::Status status = gateway_class.status;
    condition_writer conditions(std::move(status.conditions), gateway_class.metadata.generation.value_or(0),
                                now);
    conditions.set("Accepted", judge(gateway_class, parameters));
    set_supported_version(conditions, c);
    status.conditions = std::move(conditions).take();
    status.supportedFeatures = supported_features(c, gateway_class);
    return status;
}

/// The finalizers with or without the one that says the class is in use; nothing when they are right.
std::optional<std::vector<std::string>> desired_finalizers(const GatewayClass& gateway_class, bool in_use) {
    std::vector<std::string> finalizers = gateway_class.metadata.finalizers;
    const auto ours = std::find(finalizers.begin(), finalizers.end(), finalizer_class_in_use);
    if (in_use == (ours != finalizers.end()))
        return std::nullopt;
    if (!in_use)
        finalizers.erase(ours);
    else if (gateway_class.metadata.deletionTimestamp.empty())
        finalizers.emplace_back(finalizer_class_in_use);
    else
        return std::nullopt; // no finalizer can be added to what is being deleted
    return finalizers;
}

} // namespace

task<action> reconcile_gateway_class(cluster& c, context& ctx, const GatewayClass& gateway_class) {
    if (gateway_class.spec.controllerName != c.opts.controller_name)
        co_return await_change();
    if (is_starting(c) ||
        (gateway_class.spec.parametersRef && c.parameters.table().state() == store_state::starting))
        co_return await_change(); // whatever its state becomes brings us back
    const object_key key = key_of(gateway_class);
    const bool is_deleted = !gateway_class.metadata.deletionTimestamp.empty();

    writer writes(c, ctx, gwctl::describe(gateway_class));
    std::string change;
    // Who is limited to some namespaces cannot tell who uses the class in others.
    if (c.gateways.table().synced() && c.opts.namespaces.empty()) {
        const bool in_use = c.gateways.any_by_index("class", key.name);
        if (const auto finalizers = desired_finalizers(gateway_class, in_use)) {
            const json::object metadata{{"resourceVersion", gateway_class.metadata.resourceVersion},
                                        {"finalizers", json::array(finalizers->begin(), finalizers->end())}};
            change = boost::json::serialize(json::object{{"metadata", metadata}});
        }
    }
    const judged_parameters parameters = c.parameters_of(gateway_class);
    if (!is_deleted)
        change = merged_patch(change,
                              render_parameters_record(gateway_class.metadata, parameters.record, c.named));
    if (!change.empty()) {
        const auto written = co_await writes.patch(gateway_class, std::move(change));
        if (written)
            co_return await_change(); // the write brings us back
    }
    if (is_deleted)
        co_return await_change();

    const GatewayClass::Status wanted = desired_status(c, gateway_class, parameters, ctx.time.wall_now());
    status_repair<GatewayClass> repair(c, ctx, writes, gateway_class, wanted);
    if (wanted == gateway_class.status) {
        repair.settled();
        co_return await_change();
    }
    const auto left_alone = co_await repair.look();
    if (left_alone)
        co_return requeue_after(*left_alone);
    json::object status = json::to_value(wanted).as_object();
    const bool is_written = co_await writes.patch_status(gateway_class, std::move(status));
    if (!is_written)
        co_return await_change();
    repair.settled();
    const Condition* accepted = find_condition(wanted.conditions, "Accepted");
    const Condition* before = find_condition(gateway_class.status.conditions, "Accepted");
    if (before == nullptr || before->reason != accepted->reason || before->message != accepted->message)
        ctx.event(gateway_class, accepted->status == "True" ? event_type::normal : event_type::warning,
                  accepted->reason, accepted->message);
    ctx.log.info("status written", {{"accepted", accepted->status}, {"reason", accepted->reason}});
    co_return await_change();
}

} // namespace gwctl::gateway::detail
