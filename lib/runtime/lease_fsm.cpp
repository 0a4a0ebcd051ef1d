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

bool lease_fsm::is_ours(const Lease& lease) const {
    return lease.spec.holderIdentity == options_.identity && lease.metadata.uid == our_uid_;
}

result<void> lease_fsm::check(const Lease& answer) const {
    const ObjectMeta& m = answer.metadata;
    if (m.name == options_.name && m.namespace_ == options_.namespace_ && !m.uid.empty() &&
        !m.resourceVersion.empty())
        return {};
    return error{errc::decode,
                 fmt::format("Lease {}/{}: expected the Lease, got an answer without its name, uid or "
                             "resourceVersion; look at what answers between here and the API server",
                             options_.namespace_, options_.name)};
}

lease_fsm::todo lease_fsm::next(boot_time now, wall_time wall) {
    todo t;
    if (leading() && now >= valid_until())
        role_ = role::lost;
    if (role_ == role::waiting && now >= valid_until()) { // others may have it by now
        role_ = role::candidate;
        must_get_ = true;
    }
    if (role_ == role::waiting && now >= acts_from_)
        role_ = role::leading;
    if (role_ == role::lost) {
        t.what = step::lost;
        return t;
    }
    if (now < next_try_) {
        t.what = step::wait;
        t.until = next_try_;
        if (role_ != role::candidate)
            t.until = std::min(t.until, valid_until());
        if (role_ == role::waiting)
            t.until = std::min(t.until, acts_from_);
        return t;
    }
    if (must_get_) {
        t.what = step::get;
        return t;
    }

    if (role_ == role::candidate && held_by_another()) {
        // Judged by when we saw the record change, so that no two clocks need to agree.
        const std::chrono::seconds said(observed_->spec.leaseDurationSeconds.value_or(0));
        if (now < observed_at_ + (said.count() > 0 ? said : options_.lease_duration)) {
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
    if (!observed_)
        may_have_created_ = true;
    t.lease = wanted(wall);
    return t;
}

Lease lease_fsm::wanted(wall_time wall) const {
    Lease lease = observed_.value_or(Lease());
    const std::string current = holder();
    lease.metadata.name = options_.name;
    lease.metadata.namespace_ = options_.namespace_;
    coordination_v1::LeaseSpec& spec = lease.spec;
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
    return lease;
}

void lease_fsm::got(Lease lease, boot_time now) {
    if (!observed_ || observed_->spec != lease.spec || observed_->metadata.uid != lease.metadata.uid)
        observed_at_ = now;
    observed_ = std::move(lease);
    must_get_ = false;
    const bool was_in_doubt = std::exchange(in_doubt_, false);
    if (is_ours(*observed_)) {
        // Whoever keeps changing the record, or a server that refuses for another reason, makes no storm.
        if (was_in_doubt)
            next_try_ = now + options_.retry_period;
    } else if (leading()) {
        role_ = role::lost;
    } else if (role_ == role::waiting) {
        role_ = role::candidate;
    }
}

void lease_fsm::got_nothing() {
    observed_.reset();
    must_get_ = false;
    in_doubt_ = false;
    if (leading())
        role_ = role::lost;
    else if (role_ == role::waiting)
        role_ = role::candidate;
}

void lease_fsm::wrote(Lease lease, boot_time sent, boot_time now) {
    if (role_ == role::candidate && lease.metadata.uid != our_uid_) {
        const bool was_held = observed_ && observed_->spec.holderIdentity.has_value();
        const bool was_our_create =
            may_have_created_ && observed_ && observed_->spec.holderIdentity == options_.identity;
        acts_from_ = was_held && !was_our_create ? now : now + options_.lease_duration;
        our_uid_ = lease.metadata.uid;
    }
    observed_ = std::move(lease);
    observed_at_ = now;
    renewed_ = sent;
    if (role_ == role::candidate)
        role_ = role::waiting;
    if (role_ == role::waiting && now >= acts_from_ && now < valid_until())
        role_ = role::leading;
    must_get_ = false;
    in_doubt_ = false;
    next_try_ = now + options_.retry_period;
}

void lease_fsm::conflicted(boot_time now) {
    failed(now);
    if (role_ == role::candidate)
        return;
    in_doubt_ = true;
    next_try_ = now;
}

void lease_fsm::failed(boot_time now) {
    // The write may have taken effect all the same, so what we know of the lease may be old.
    must_get_ = true;
    next_try_ = now + options_.retry_period;
}

std::optional<Lease> lease_fsm::release(wall_time wall) {
    if (!observed_ || holder() != options_.identity)
        return std::nullopt;
    role_ = role::lost;
    Lease lease = *observed_;
    lease.spec.holderIdentity = "";
    lease.spec.leaseDurationSeconds = 1;
    lease.spec.renewTime = format_micro_time(wall);
    lease.spec.acquireTime = lease.spec.renewTime;
    return lease;
}

} // namespace gwctl
