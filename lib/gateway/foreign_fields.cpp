#include "foreign_fields.hpp"

#include <gwctl/json/value.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace gwctl::gateway::detail {

using core_v1::Service;
using core_v1::ServicePort;

namespace {

bool has_foreign_owner(const ObjectMeta& live, const ObjectMeta& wanted) {
    const auto& ours = wanted.ownerReferences;
    return !std::all_of(live.ownerReferences.begin(), live.ownerReferences.end(),
                        [&](const OwnerReference& o) {
                            return std::any_of(ours.begin(), ours.end(),
                                               [&](const OwnerReference& w) { return w.uid == o.uid; });
                        });
}

std::optional<std::string> render(const ObjectMeta& live, const ObjectMeta& wanted, json::object spec) {
    json::object metadata{{"resourceVersion", live.resourceVersion}};
    if (has_foreign_owner(live, wanted))
        metadata["ownerReferences"] = json::to_value(wanted.ownerReferences);
    else if (spec.empty())
        return std::nullopt;
    json::object body{{"metadata", std::move(metadata)}};
    if (!spec.empty())
        body["spec"] = std::move(spec);
    return boost::json::serialize(body);
}

} // namespace

std::optional<std::string> render_foreign_removal(const Service& live, const Service& wanted) {
    json::object spec;
    const auto is_wanted = [&](const ServicePort& p) {
        return std::any_of(wanted.spec.ports.begin(), wanted.spec.ports.end(), [&](const ServicePort& w) {
            return w.port == p.port && w.protocol == p.protocol;
        });
    };
    if (!std::all_of(live.spec.ports.begin(), live.spec.ports.end(), is_wanted))
        spec["ports"] = json::to_value(wanted.spec.ports);
    if (wanted.spec.selector.empty() && !live.spec.selector.empty())
        spec["selector"] = nullptr;
    return render(live.metadata, wanted.metadata, std::move(spec));
}

std::optional<std::string> render_foreign_removal(const discovery_v1::EndpointSlice& live,
                                                  const discovery_v1::EndpointSlice& wanted) {
    return render(live.metadata, wanted.metadata, {});
}

} // namespace gwctl::gateway::detail
