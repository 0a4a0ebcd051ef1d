#include <gwctl/gateway/grants.hpp>

#include <algorithm>

namespace gwctl::gateway {

bool permitted(const reference& from, const reference& to, const cluster_view& cluster) {
    if (from.namespace_ == to.namespace_)
        return true;
    const auto lists_from = [&](const gateway_v1::ReferenceGrantFrom& f) {
        return f.group == from.group && f.kind == from.kind && f.namespace_ == from.namespace_;
    };
    const auto lists_to = [&](const gateway_v1::ReferenceGrantTo& t) {
        return t.group == to.group && t.kind == to.kind && (!t.name || t.name->empty() || *t.name == to.name);
    };
    const auto grants = cluster.grants(std::string(to.namespace_));
    return std::any_of(grants.begin(), grants.end(), [&](const auto& grant) {
        const auto& spec = grant->spec;
        return std::any_of(spec.from.begin(), spec.from.end(), lists_from) &&
               std::any_of(spec.to.begin(), spec.to.end(), lists_to);
    });
}

} // namespace gwctl::gateway
