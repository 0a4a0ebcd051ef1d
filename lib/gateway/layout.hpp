// Which endpoint is in which slice.
#pragma once

#include "endpoints.hpp"

#include <set>
#include <string>

namespace gwctl::gateway::detail {

/// The limit of the endpoint slice controller (kube-controller-manager --max-endpoints-per-slice).
inline constexpr std::size_t endpoints_per_slice = 100;

/// A slice, numbered, and which endpoints it is to have. Its addresses are those of slices that outlive it.
struct slot {
    std::size_t number = 0;
    std::int32_t target_port = 0;
    std::string owner{};                 ///< of which backend, when each has slices of its own
    std::set<std::string_view> before{}; ///< addresses in the cluster
    std::set<std::string_view> addresses{};
    const endpoint_group* group = nullptr;
    std::size_t kept = 0; ///< how many of `addresses` are in `before`

    std::size_t room() const { return endpoints_per_slice - addresses.size(); }
    bool is_written() const { return kept != before.size() || kept != addresses.size(); }
};

/// Who goes where.
class layout {
public:
    /// `taken`: numbers that other slices of the prefix have. With `tightly` endpoints move into as few slices as
    /// they fit into, and slices without any are not kept.
    layout(std::vector<slot> slots, std::set<std::size_t> taken, bool tightly);

    /// The addresses in slices of the cluster that are of this target port and backend. `owner`: as in `slot`.
    std::set<std::string_view> addresses_before(std::int32_t target_port, const std::string& owner) const;
    /// How many places (see endpoint_limit.hpp) the endpoints in the cluster take.
    std::size_t places_before() const;

    /// `owners`: of each group, as in `slot`. The groups must outlive the slots.
    void place(const endpoint_groups& groups, const std::vector<std::string>& owners);
    const std::vector<slot>& slots() const { return slots_; }

private:
    void keep(const endpoint_group& g, const std::string& owner);
    void fill(const endpoint_group& g, const std::string& owner);
    slot& slot_for(const endpoint_group& g, const std::string& owner, std::size_t missing);
    slot& add();

    std::vector<slot> slots_;
    std::set<std::size_t> taken_;
    std::size_t next_ = 0; ///< all numbers below are taken
    bool tightly_;
    std::map<const endpoint_group*, std::set<std::string_view>> placed_;
};

/// The slices that exist, by what stands before the number in their names.
class existing_slices {
public:
    explicit existing_slices(const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& live);

    /// The slots of one port and family, at least one. `prefix`: of the names. `port`: for a slot that is new.
    layout slots_of(const std::string& namespace_, const std::string& prefix, std::string_view family,
                    std::int32_t port, const names& n) const;

private:
    struct numbered {
        std::size_t number = 0;
        const discovery_v1::EndpointSlice* slice = nullptr;
    };
    std::map<std::pair<std::string_view, std::string_view>, std::vector<numbered>>
        by_prefix_; ///< with namespace
    std::map<std::string_view, std::size_t> in_namespace_;
};

} // namespace gwctl::gateway::detail
