// What a reconcile of a Gateway would write, for -observe-only.
#include "cluster.hpp"

#include <boost/json/parse.hpp>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

std::string_view verb_of(const service_write& w) {
    switch (w.what) {
    case service_write::verb::remove:
        return "delete";
    case service_write::verb::apply:
        return "apply";
    default:
        return "patch";
    }
}

} // namespace

std::vector<std::string> describe_writes(const cluster& c, const desired_state& desired) {
    std::vector<std::string> lines;
    for (const applied_object& o : desired.objects)
        if (!o.is_right)
            add_would(lines, o.exists ? "apply" : "create", gwctl::describe(o.type, o.key), o.fields);
    for (const service_write& w : desired.writes) {
        if (w.what == service_write::verb::apply)
            continue; // among the objects
        std::vector<field_difference> fields;
        const auto live = c.services.get(w.key);
        if (live && !w.patch.empty())
            fields = patch_differences(boost::json::parse(json::encode(*live)), boost::json::parse(w.patch));
        add_would(lines, verb_of(w), gwctl::describe(Service::type, w.key), fields);
    }
    for (const object_key& key : desired.unwanted_slices)
        add_would(lines, "delete", gwctl::describe(EndpointSlice::type, key), {});
    return lines;
}

void observe_gateway(cluster& c, context& ctx, const std::shared_ptr<const Gateway>& gateway) {
    const gateway_settings settings = c.settings_of(*gateway);
    const assignment assigned = c.addresses().assign(*gateway, settings.effective);
    const snapshot s = c.snapshot_of(gateway, settings);
    desired_state desired = plan(s, assigned.result, settings.effective, ctx.time.wall_now());
    c.publish(key_of(*gateway), std::move(desired.outcomes));
    const std::string object = gwctl::describe(*gateway);
    const json::value live = boost::json::parse(json::encode(*gateway));
    std::vector<std::string> lines;
    for (const std::string& record :
         {render_parameters_record(gateway->metadata, settings.record, c.named), assigned.record})
        if (!record.empty())
            add_would(lines, "patch", object, patch_differences(live, boost::json::parse(record)));
    for (std::string& line : describe_writes(c, desired))
        lines.push_back(std::move(line));
    if (!(desired.status == gateway->status))
        add_would(lines, "patch status of", object,
                  differences(boost::json::parse(json::encode(gateway->status)),
                              boost::json::parse(json::encode(desired.status))));
    c.changes.would(ctx.log, object, std::move(lines));
}

} // namespace gwctl::gateway::detail
