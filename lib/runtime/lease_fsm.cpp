#include "lease_fsm.hpp"

#include <gwctl/core/time.hpp>

#include <fmt/format.h>

#include <random>
#include <unistd.h>

namespace gwctl {

using coordination_v1::Lease;

result<void> validate(const leader_election_options& o) {
    const auto wrong = [](std::string what) { return error{errc::config, "leader election: " + what}; };
    if (o.name.empty() || o.namespace_.empty())
        return wrong("the Lease needs a name and a namespace");
    if (o.lease_duration <= o.renew_deadline)
        return wrong(fmt::format("the lease duration ({} ms) must be longer than the renew deadline ({} ms)",
                                 o.lease_duration.count(), o.renew_deadline.count()));
    if (o.retry_period.count() <= 0 || o.renew_deadline.count() * 5 <= o.retry_period.count() * 6)
        return wrong(fmt::format("the renew deadline ({} ms) must be longer than 1.2 retry periods ({} ms), "
                                 "and these longer than 0",
                                 o.renew_deadline.count(), o.retry_period.count()));
    return {};
}

std::string unique_identity() {
    char host[256] = {};
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = 0;
    std::random_device random;
    return fmt::format("{}_{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", host, random(), random() & 0xffff,
                       random() & 0xfff, 0x8000 | (random() & 0x3fff), random(), random() & 0xffff);
}

lease_fsm::lease_fsm(leader_election_options options) : options_(std::move(options)) {
    if (options_.identity.empty())
        options_.identity = unique_identity();
    random_.seed(std::hash<std::string>()(options_.identity));
}

std::string lease_fsm::holder() const {
    return observed_ ? observed_->spec.holderIdentity.value_or("") : std::string();
}

lease_fsm::todo lease_fsm::next(steady_time now, wall_time wall) {
    todo t;
    if (leading_ && now >= valid_until()) {
        leading_ = false;
        lost_ = true;
    }
    if (lost_) {
        t.what = step::lost;
        return t;
    }
    if (now < next_try_) {
        t.what = step::wait;
        t.until = leading_ ? std::min(next_try_, valid_until()) : next_try_;
        return t;
    }
    if (must_get_) {
        t.what = step::get;
        return t;
    }

    const std::string current = holder();
    if (!leading_ && !current.empty() && current != options_.identity) {
        // Judged by when we saw the record change, so that no two clocks need to agree.
        const std::chrono::seconds term(observed_->spec.leaseDurationSeconds.value_or(0));
        if (now < observed_at_ + term) {
            must_get_ = true;
            // client-go's jitter of 1.2, so that several candidates do not ask in step.
            const double unit = std::uniform_real_distribution<double>(0.0, 1.2)(random_);
            next_try_ = now + options_.retry_period +
                        std::chrono::milliseconds(static_cast<std::int64_t>(
                            static_cast<double>(options_.retry_period.count()) * unit));
            t.what = step::wait;
            t.until = next_try_;
            return t;
        }
    }

    t.what = observed_ ? step::update : step::create;
    if (observed_)
        t.lease = *observed_;
    t.lease.metadata.name = options_.name;
    t.lease.metadata.namespace_ = options_.namespace_;
    coordination_v1::LeaseSpec& spec = t.lease.spec;
    spec.renewTime = format_micro_time(wall);
    // Rounded up: others must not take over before we gave up.
    spec.leaseDurationSeconds =
        static_cast<std::int32_t>(std::chrono::ceil<std::chrono::seconds>(options_.lease_duration).count());
    if (current != options_.identity || !spec.acquireTime)
        spec.acquireTime = spec.renewTime;
    if (observed_ && current != options_.identity)
        spec.leaseTransitions = spec.leaseTransitions.value_or(0) + 1;
    else if (!observed_)
        spec.leaseTransitions = 0;
    spec.holderIdentity = options_.identity;
    return t;
}

void lease_fsm::got(Lease lease, steady_time now) {
    if (!observed_ || observed_->spec != lease.spec)
        observed_at_ = now;
    observed_ = std::move(lease);
    must_get_ = false;
    if (leading_ && holder() != options_.identity) {
        leading_ = false;
        lost_ = true;
    }
}

void lease_fsm::got_nothing() {
    observed_.reset();
    must_get_ = false;
}

void lease_fsm::wrote(Lease lease, steady_time sent, steady_time now) {
    observed_ = std::move(lease);
    observed_at_ = now;
    renewed_ = sent;
    leading_ = true;
    must_get_ = false;
    next_try_ = now + options_.retry_period;
}

void lease_fsm::conflicted(steady_time now) { failed(now); }

void lease_fsm::failed(steady_time now) {
    // The write may have taken effect all the same, so what we know of the lease may be old.
    must_get_ = true;
    next_try_ = now + options_.retry_period;
}

std::optional<Lease> lease_fsm::release(wall_time wall) {
    if (!observed_ || holder() != options_.identity)
        return std::nullopt;
    leading_ = false;
    lost_ = true;
    Lease lease = *observed_;
    lease.spec.holderIdentity = "";
    lease.spec.leaseDurationSeconds = 1;
    lease.spec.renewTime = format_micro_time(wall);
    lease.spec.acquireTime = lease.spec.renewTime;
    return lease;
}

} // namespace gwctl
