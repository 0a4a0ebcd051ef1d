/// gateway.networking.k8s.io: ListenerSet, which adds listeners to a Gateway that allows it (Gateway API
/// v1.6).
#pragma once

#include <gwctl/api/gateway_v1.hpp>

namespace gwctl::gateway_v1 {

struct ParentGatewayReference {
    ParentGatewayReference() = default;
    std::optional<std::string> group; ///< absent means gateway.networking.k8s.io
    std::optional<std::string> kind;  ///< absent means Gateway
    std::string name;
    std::optional<std::string> namespace_; ///< absent means the ListenerSet's
    friend bool operator==(const ParentGatewayReference&, const ParentGatewayReference&) = default;
};
BOOST_DESCRIBE_STRUCT(ParentGatewayReference, (), (group, kind, name, namespace_))

struct ListenerSet {
    struct Spec {
        Spec() = default;
        ParentGatewayReference parentRef;
        std::vector<Listener> listeners; ///< names are unique within the set only
        friend bool operator==(const Spec&, const Spec&) = default;
    };
    struct Status {
        Status() = default;
        std::vector<Condition> conditions;
        std::vector<ListenerStatus> listeners;
        friend bool operator==(const Status&, const Status&) = default;
    };
    ListenerSet() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    static constexpr resource_type type{group, "v1", "ListenerSet", "listenersets"};
    ObjectMeta metadata;
    Spec spec;
    Status status;
    friend bool operator==(const ListenerSet&, const ListenerSet&) = default;
};
BOOST_DESCRIBE_STRUCT(ListenerSet::Spec, (), (parentRef, listeners))
BOOST_DESCRIBE_STRUCT(ListenerSet::Status, (), (conditions, listeners))
BOOST_DESCRIBE_STRUCT(ListenerSet, (), (metadata, spec, status))

} // namespace gwctl::gateway_v1
