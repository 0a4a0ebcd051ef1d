/// From a snapshot of one Gateway to everything that should exist for it. Pure: the same input gives the same
/// output.
#pragma once

#include <gwctl/gateway/differences.hpp>
#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/outcome.hpp>
#include <gwctl/gateway/slices.hpp>
#include <gwctl/gateway/status.hpp>
#include <gwctl/gateway/update.hpp>

namespace gwctl::gateway {

/// Something that the owner of a Service ought to know.
struct notice {
    object_key service{};
    std::string message{};
};

/// An object that we apply, or a user's Service that we borrow.
struct applied_object {
    resource_type type{};
    object_key key{};
    std::string digest{}; ///< of what is wanted
    bool is_right = false;
    bool exists = false;
    bool is_written = false; ///< by this plan
    /// Whether the live one says that it was applied with this digest (nothing: that it was applied at all).
    /// If it is not right then, someone has changed it since.
    std::optional<bool> has_digest{};
    std::vector<field_difference> fields{}; ///< what is not right about one that exists
    OwnerReference owner{};                 ///< with which it goes
};

/// Whether a Gateway that has no address may get one: it is accepted, or about to be. One that has an address
/// keeps it whatever becomes of it.
bool may_get_address(const snapshot& s, const attachments& a, const names& n);

/// To be carried out from top to bottom: first slices, since a Service without endpoints refuses connections.
struct desired_state {
    std::vector<discovery_v1::EndpointSlice> slices{};
    std::vector<service_write> writes{};
    /// Slices of ours that have no reason to exist any more.
    std::vector<object_key> unwanted_slices{};
    Gateway::Status status{};
    std::vector<problem> problems{};
    std::vector<notice> notices{};
    /// All that ought to be, whether it is going to be written or not.
    std::vector<applied_object> objects{};
    /// What becomes of each route of the snapshot; a route that is about to be changed by us is left out.
    std::vector<route_outcome> outcomes{};
};

/// What should exist for a Gateway of a class of ours; `settings` are what holds for it. Everything
/// that is applied carries a digest of itself (annotation `names::applied`); those that the cluster
/// has already, digest and content, are left out, so a second plan after the first was carried out is empty.
desired_state plan(const snapshot& s, const addressing& addresses, const options& settings, wall_time now);

/// What should exist for a Gateway that is gone or whose class is not ours: nothing.
desired_state plan_removal(const snapshot& s, const options& o);

/// What a route's status says about this Gateway, one verdict per parentRef that names it, in the route's
/// order.
std::vector<parent_verdict> judge_route(const route_view& route, const snapshot& s, const attachments& a,
                                        const options& o);

} // namespace gwctl::gateway
