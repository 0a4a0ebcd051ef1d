/// Conditions, and the status of Gateways, listeners and routes (Gateway API v1.6 contract).
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/gateway/announcement.hpp>
#include <gwctl/gateway/attach.hpp>
#include <gwctl/gateway/backends.hpp>

#include <set>

namespace gwctl::gateway {

/// Conditions of one object, merged into those it has: by type, other types kept, `lastTransitionTime` kept
/// while `status` stays. Messages are cut to the 32,768 bytes that metav1.Condition allows.
class condition_writer {
public:
    condition_writer(std::vector<Condition> existing, std::int64_t generation, wall_time now)
        : conditions_(std::move(existing)), generation_(generation), now_(now) {}

    void set(std::string_view type, bool holds, std::string reason, std::string message);
    void set(std::string_view type, const verdict& v) { set(type, v.holds, v.reason, v.message); }
    /// No condition of this type: there is nothing to say.
    void remove(std::string_view type);
    void set_unknown(std::string_view type, std::string reason, std::string message);

    /// At most 8 conditions, as the Gateway API allows: others' are dropped before ours.
    std::vector<Condition> take() &&;

private:
    void put(std::string_view type, std::string_view status, std::string reason, std::string message);

    std::vector<Condition> conditions_;
    std::set<std::string, std::less<>> ours_{};
    std::int64_t generation_;
    wall_time now_;
};

/// Null when there is none of this type.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
bool is_true(const std::vector<Condition>& conditions, std::string_view type);

/// The addresses of a Gateway, or why it has none.
struct addressing {
    std::vector<std::string> addresses{};
    /// The announcer chooses: it cannot be asked, or no pools are configured and the user pinned none.
    bool left_to_announcer = false;
    /// `accepted` is false for address types that no one could serve (UnsupportedAddress).
    verdict accepted{};
    /// False: AddressNotAssigned or AddressNotUsable.
    verdict usable{};
    /// What the condition `names::granted_condition()` says; none: neither it nor the record is there.
    std::optional<verdict> granted{};
    /// What the condition `names::grant_record()` records.
    std::vector<std::string> granted_addresses{};
};

/// What the limit of endpoints leaves out.
struct left_out_endpoints {
    std::set<const Listener*> listeners{}; ///< those that are not served by all of theirs
    std::string message{};
    std::string limit{}; ///< for the listeners' own conditions
};

/// The Gateway's status; equal to the existing one when nothing changed.
/// `announcements`: one per Service that serves it. `served`: what these have ports for, by protocol and port.
/// `parameters`: false for `spec.infrastructure` we refuse.
Gateway::Status gateway_status(const snapshot& s, const attachments& a, const addressing& addresses,
                               const std::vector<announcement>& announcements,
                               const std::set<protocol_port>& served, const verdict& parameters,
                               const verdict& services, const left_out_endpoints& left_out, const names& n,
                               wall_time now);

/// What a plan says of Programmed gives way to `why` (False/NoResources), as if it had never been said: the
/// time of the last transition is that of `live`, if Programmed is False there already.
void refuse_programmed(std::vector<Condition>& planned, const std::vector<Condition>& live,
                       std::int64_t generation, const std::string& why, wall_time now);

/// Our entries for one route, merged into `status.parents`: entries of other controllers are kept as they
/// are, byte for byte, and ours for parents that are gone are dropped. Nothing when the list is as it should
/// be.
struct parent_verdict {
    const ParentReference* parent = nullptr;
    verdict accepted{};
    verdict resolved_refs{};
    std::optional<verdict> programmed{}; ///< see route_outcome
    std::optional<verdict> weights{};
};
std::optional<std::vector<json::value>> route_parents(const route_view& route,
                                                      const std::vector<parent_verdict>& verdicts,
                                                      std::string_view controller_name, wall_time now);

/// Whether an entry of `status.parents` is that controller's.
bool written_by(const json::value& entry, std::string_view controller_name);

/// Our entry for a parent, if the route's status has one.
std::optional<gateway_v1::RouteParentStatus>
find_entry(const route_view& route, const ParentReference& parent, std::string_view controller_name);

} // namespace gwctl::gateway
