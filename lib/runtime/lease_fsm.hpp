/// The rules of holding a Lease, without I/O.
#pragma once

#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/runtime/leader_election.hpp>

#include <optional>
#include <random>

namespace gwctl {

/// Checks that lease_duration > renew_deadline > 1.2 retry_period > 0 and that names are there. Errors:
/// `errc::config`.
result<void> validate(const leader_election_options& o);

/// "host_6a0f...": the host's name and a random uuid.
std::string unique_identity();

/// The owner does what `next` says and reports what came of it. Whether a foreign lease ran out is judged by
/// our monotonic clock since we last saw the record change, never by the times written in it.
class lease_fsm {
public:
    explicit lease_fsm(leader_election_options options);

    enum class step { get, create, update, wait, lost };
    struct todo {
        step what = step::get;
        coordination_v1::Lease
            lease{};         ///< create, update: what to write; its resourceVersion is a precondition
        steady_time until{}; ///< wait: when to ask again
    };
    /// What to do now. `lost` is final.
    todo next(steady_time now, wall_time wall);

    void got(coordination_v1::Lease lease, steady_time now);
    void got_nothing();
    /// A create or update that was sent at `sent` succeeded.
    void wrote(coordination_v1::Lease lease, steady_time sent, steady_time now);
    /// Someone else was faster: the lease must be read again.
    void conflicted(steady_time now);
    void failed(steady_time now);

    bool leading() const noexcept { return leading_; }
    /// While leading: until when no one else can believe to lead.
    steady_time valid_until() const noexcept { return renewed_ + options_.renew_deadline; }
    /// Who holds the lease as far as we know; empty: no one.
    std::string holder() const;

    /// What to write in order to hand the lease over at once; nothing when we do not hold it.
    std::optional<coordination_v1::Lease> release(wall_time wall);
    const leader_election_options& options() const noexcept { return options_; }

private:
    leader_election_options options_;
    std::optional<coordination_v1::Lease> observed_{};
    steady_time observed_at_{};
    steady_time renewed_{};
    steady_time next_try_{};
    bool must_get_ = true;
    bool leading_ = false;
    bool lost_ = false;
    std::mt19937_64 random_{};
};

} // namespace gwctl
