/// One active process of many, by a Lease (coordination.k8s.io/v1): `manager_options::leader_election`.
#pragma once

#include <chrono>
#include <string>

namespace gwctl {

/// Set it member by member, as all options of the library.
struct leader_election_options {
    leader_election_options() = default;
    std::string namespace_{};
    std::string name{};
    /// Unique per process; empty: host name and a random uuid.
    std::string identity{};
    /// How long others wait after the holder's last sign of life.
    std::chrono::milliseconds lease_duration = std::chrono::seconds(15);
    /// How long the holder tries to renew before it gives up.
    std::chrono::milliseconds renew_deadline = std::chrono::seconds(10);
    /// Between tries.
    std::chrono::milliseconds retry_period = std::chrono::seconds(2);
};

} // namespace gwctl
