/// coordination.k8s.io/v1: Lease, the lock of leader election.
#pragma once

#include <gwctl/api/resource.hpp>

namespace gwctl::coordination_v1 {

struct LeaseSpec {
    LeaseSpec() = default;
    std::optional<std::string> holderIdentity;
    std::optional<std::int32_t> leaseDurationSeconds;
    std::optional<std::string> acquireTime; ///< MicroTime
    std::optional<std::string> renewTime;   ///< MicroTime
    std::optional<std::int32_t> leaseTransitions;
    friend bool operator==(const LeaseSpec&, const LeaseSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(LeaseSpec, (),
                      (holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions))

struct Lease {
    Lease() = default;
    static constexpr resource_type type{"coordination.k8s.io", "v1", "Lease", "leases"};
    ObjectMeta metadata;
    LeaseSpec spec;
    friend bool operator==(const Lease&, const Lease&) = default;
};
BOOST_DESCRIBE_STRUCT(Lease, (), (metadata, spec))

} // namespace gwctl::coordination_v1
