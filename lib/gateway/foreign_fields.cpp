#include "foreign_fields.hpp"

#include <gwctl/json/value.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace gwctl::gateway::detail {

using core_v1::Service;
using core_v1::ServicePort;

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
    if (spec.empty())
        return std::nullopt;
    const json::object body{{"metadata", {{"resourceVersion", live.metadata.resourceVersion}}},
                            {"spec", spec}};
    return boost::json::serialize(body);
}

} // namespace gwctl::gateway::detail
