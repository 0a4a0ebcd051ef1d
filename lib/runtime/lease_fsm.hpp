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
/// our monotonic clock since we last saw the record change, never by the times written in it. That clock goes
/// on while the machine is suspended, since the lease does.
///
/// Whoever finds no Lease cannot know since when there is none: a holder that has not noticed yet still acts,
/// for up to its renew deadline. So who creates one acts only after one lease duration. A Lease that was
/// released or ran out can be acted on at once: its version, on which taking it depends, has not changed since.
class lease_fsm {
public:
    explicit lease_fsm(leader_election_options options);

    enum class step { get, create, update, wait, lost };
    struct todo {
        step what = step::get;
        coordination_v1::Lease
            lease{};       ///< create, update: what to write; its resourceVersion is a precondition
        boot_time until{}; ///< wait: when to ask again
    };
    /// What to do now. `lost` is final.
    todo next(boot_time now, wall_time wall);

    /// Whether an answer is the Lease that was asked for, and not whatever a proxy answers with 200. Errors:
    /// `errc::decode`.
    result<void> check(const coordination_v1::Lease& answer) const;

    // What came of it. Leases are ones that `check` accepts.
    void got(coordination_v1::Lease lease, boot_time now);
    /// The API server says that there is no such Lease.
    void got_nothing();
    /// A create or update that was sent at `sent` succeeded.
    void wrote(coordination_v1::Lease lease, boot_time sent, boot_time now);
    /// The lease is not what we took it for, or is gone: it must be read again. One who leads or waits to lead
    /// asks at once.
    void conflicted(boot_time now);
    void failed(boot_time now);

    bool leading() const noexcept { return role_ == role::leading; }
    /// Leading, and whether the Lease is still ours must be asked before anything is written.
    bool in_doubt() const noexcept { return leading() && in_doubt_; }
    /// Holds a Lease that it created and must not act on yet.
    bool waits_to_lead() const noexcept { return role_ == role::waiting; }
    /// While leading: until when no one else can believe to lead.
    boot_time valid_until() const noexcept { return renewed_ + options_.renew_deadline; }
    /// Who holds the lease as far as we know; empty: no one.
    std::string holder() const;
    bool held_by_another() const { return !holder().empty() && holder() != options_.identity; }

    /// What to write in order to hand the lease over at once; nothing when we do not hold it.
    std::optional<coordination_v1::Lease> release(wall_time wall);
    const leader_election_options& options() const noexcept { return options_; }

private:
    enum class role { candidate, waiting, leading, lost };
    bool is_ours(const coordination_v1::Lease& lease) const;
    coordination_v1::Lease wanted(wall_time wall) const;

    leader_election_options options_;
    role role_ = role::candidate;
    std::optional<coordination_v1::Lease> observed_{};
    boot_time observed_at_{};
    boot_time renewed_{};
    boot_time next_try_{};
    bool must_get_ = true;
    bool in_doubt_ = false;
    bool may_have_created_ = false; ///< a create was sent: it may take effect whenever there is no Lease
    std::string our_uid_{};         ///< of the Lease that was ours last
    boot_time acts_from_{};         ///< when that Lease is ours
    std::mt19937_64 random_{};
};

} // namespace gwctl
