#include <gwctl/gateway/route_kind.hpp>

#include <tuple>

namespace gwctl::gateway {

bool precedes(const route_view& a, const route_view& b) {
    const auto rank = [](const route_view& r) {
        return std::tie(r.metadata->creationTimestamp, r.metadata->namespace_, r.metadata->name,
                        r.kind->type.kind);
    };
    return rank(a) < rank(b);
}

std::string describe(const route_view& route) {
    return gwctl::describe(route.kind->type, key_of(*route.metadata));
}

} // namespace gwctl::gateway
