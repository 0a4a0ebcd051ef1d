/// One active process of many, by a Lease (coordination.k8s.io/v1): `manager_options::leader_election`.
#pragma once

#include <chrono>
#include <string>

namespace gwctl {

/// Only the holder acts. Its writes are refused with `errc::precondition` from `renew_deadline` after the last
/// renewal was sent, suspended hours included, which is asked just before the first byte of each attempt
/// leaves; no write is under way for longer. While it is in doubt whether the Lease is still ours, writes wait.
///
/// Who creates the Lease acts only after `lease_duration`, since a former holder may not have noticed that its
/// Lease was deleted. Who takes over a Lease that was released acts at once.
///
/// Needs the permission to get, create and patch the Lease. `/readyz` has a check `leader-election`, which
/// fails while a process neither leads nor can see the Lease; one that stands by is ready.
///
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
