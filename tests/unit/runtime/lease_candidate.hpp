// A candidate for the Lease kube-system/gateway, and what it may find there.
#pragma once

#include <gwctl/core/time.hpp>

#include <algorithm>
#include <runtime/lease_fsm.hpp>
#include <support/catch.hpp>

namespace gwctl::tests {

using namespace std::chrono_literals;
using coordination_v1::Lease;
using step = lease_fsm::step;

inline leader_election_options options_of(const std::string& identity) {
    leader_election_options o;
    o.namespace_ = "kube-system";
    o.name = "gateway";
    o.identity = identity;
    return o;
}

struct candidate {
    explicit candidate(const std::string& identity) : fsm(options_of(identity)) {}
    lease_fsm fsm;
    boot_time now = boot_time() + 1h;
    wall_time wall = parse_time("2026-01-31T08:15:00Z").value();

    lease_fsm::todo next() { return fsm.next(now, wall); }
    void pass(std::chrono::seconds t) {
        now += t;
        wall += t;
    }
    void wrote(Lease l, const std::string& uid = "u1") {
        l.metadata.uid = uid;
        l.metadata.resourceVersion = std::to_string(++version);
        fsm.wrote(std::move(l), now, now);
    }
    /// Takes over a released one.
    void acquire();
    void create(const std::string& uid) {
        REQUIRE(next().what == step::get);
        fsm.got_nothing();
        const auto todo = next();
        REQUIRE(todo.what == step::create);
        wrote(todo.lease, uid);
    }
    /// Everything that is to do succeeds until then.
    void renew_until(boot_time then) {
        while (now < then) {
            const auto todo = next();
            if (todo.what == step::update)
                wrote(todo.lease, todo.lease.metadata.uid);
            else if (todo.what == step::wait)
                now = std::min(then, todo.until);
            else
                FAIL("neither to renew nor to wait");
        }
    }
    int version = 7;
};

inline Lease held_by(const std::string& who, const std::string& renewed = "2026-01-31T08:15:00.000000Z") {
    Lease l;
    l.metadata.namespace_ = "kube-system";
    l.metadata.name = "gateway";
    l.metadata.uid = "u1";
    l.metadata.resourceVersion = "7";
    l.spec.holderIdentity = who;
    l.spec.leaseDurationSeconds = 15;
    l.spec.acquireTime = "2026-01-31T08:00:00.000000Z";
    l.spec.renewTime = renewed;
    l.spec.leaseTransitions = 4;
    return l;
}

inline void candidate::acquire() {
    REQUIRE(next().what == step::get);
    fsm.got(held_by(""), now);
    const auto todo = next();
    REQUIRE(todo.what == step::update);
    wrote(todo.lease);
    REQUIRE(fsm.leading());
}

} // namespace gwctl::tests
