#include <gwctl/gateway/announcer.hpp>
#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/update.hpp>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::Service;

port_claims without(const port_claims& a, const port_claims& b) {
    port_claims rest;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(rest, rest.end()));
    return rest;
}

port_claims common(const port_claims& a, const port_claims& b) {
    port_claims both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
    return both;
}

class scheduler {
public:
    scheduler(std::vector<service_write> writes, const std::vector<std::shared_ptr<const Service>>& live,
              const names& n, const cluster_view& cluster)
        : pending_(std::move(writes)), live_(live), names_(n), cluster_(cluster) {
        for (const auto& s : live_) {
            asks_[key_of(*s)] = claims_of(*s);
            if (!s->metadata.deletionTimestamp.empty())
                leaving_.insert(key_of(*s));
        }
    }

    ordered_writes run() {
        while (!pending_.empty()) {
            const auto can_go = [&](const service_write& w) {
                return w.what == service_write::verb::remove || !meet(w.after, others(w.key));
            };
            // First whoever takes what was given up just now: until then it is served by no one.
            auto next = std::find_if(pending_.begin(), pending_.end(), [&](const service_write& w) {
                return meet(w.after, free_) && can_go(w);
            });
            if (next == pending_.end())
                next = std::find_if(pending_.begin(), pending_.end(), can_go);
            if (next != pending_.end())
                emit(next);
            else if (!break_circle())
                break;
        }
        // Someone whom we do not write asks for what these want.
        std::vector<ordered_writes::obstacle> obstacles;
        for (const service_write& w : pending_) {
            const port_claims missing = without(w.after, asks_[w.key]);
            for (const auto& [holder, claims] : asks_)
                if (port_claims both = common(missing, claims); holder != w.key && !both.empty())
                    obstacles.push_back({w.key, holder, std::move(both), leaving_.contains(holder)});
            if (w.what == service_write::verb::apply)
                if (service_write part = reduced(w); !part.after.empty())
                    record(std::move(part));
        }
        return {std::move(done_), std::move(obstacles)};
    }

private:
    using iterator = std::vector<service_write>::iterator;

    /// What all Services but this one ask for now.
    port_claims others(const object_key& key) const {
        port_claims all;
        for (const auto& [other, claims] : asks_)
            if (other != key)
                all.insert(claims.begin(), claims.end());
        return all;
    }

    void record(service_write w) {
        if (w.what == service_write::verb::remove)
            leaving_.insert(w.key);
        port_claims& now = asks_[w.key];
        w.takes = without(w.after, now);
        w.releases = without(now, w.after);
        free_.insert(w.releases.begin(), w.releases.end());
        free_ = without(free_, w.takes);
        now = w.after;
        done_.push_back(std::move(w));
    }

    void emit(iterator next) {
        service_write w = std::move(*next);
        pending_.erase(next);
        record(std::move(w));
    }

    /// Has one Service release what another waits for; false when none of those that wait for each other can.
    bool break_circle() {
        const auto is_wanted = [&](const service_write& w) {
            const port_claims gone = without(asks_[w.key], w.after);
            return std::any_of(pending_.begin(), pending_.end(), [&](const service_write& other) {
                return other.key != w.key && meet(other.after, gone);
            });
        };
        const auto first = std::find_if(pending_.begin(), pending_.end(), is_wanted);
        if (first == pending_.end())
            return false;
        if (first->what == service_write::verb::borrow) {
            // Its patch is against what the Service is now, so the next plan makes another one.
            const auto back = give_back(first->key);
            pending_.erase(first);
            if (!back)
                return true;
            record(*back);
            return true;
        }
        record(reduced(*first));
        return true;
    }

    std::optional<service_write> give_back(const object_key& key) const {
        const auto live =
            std::find_if(live_.begin(), live_.end(), [&](const auto& s) { return key_of(*s) == key; });
        if (live == live_.end() || !is_borrowed(**live, names_))
            return std::nullopt;
        const auto back = render_return(**live, names_, cluster_);
        if (back.has_error())
            return std::nullopt;
        service_write w;
        w.what = service_write::verb::give_back;
        w.key = key;
        w.patch = back->body;
        w.after = back->claims;
        return w;
    }

    /// The Service with the ports that no one else has, or asking for nothing when that leaves none.
    service_write reduced(const service_write& whole) const {
        const auto has = asks_.find(whole.key);
        const port_claims taken =
            without(others(whole.key), has == asks_.end() ? port_claims() : has->second);
        service_write w = whole;
        // Not the digest of what is wanted, so that the next plan does not take it for that.
        w.applied.metadata.annotations[names_.applied()] = "changing-hands";
        std::erase_if(w.applied.spec.ports, [&](const core_v1::ServicePort& p) {
            return std::any_of(taken.begin(), taken.end(), [&](const port_claim& c) {
                return c.protocol == p.protocol && c.port == p.port;
            });
        });
        if (!w.applied.spec.ports.empty()) {
            w.after = claims_of(w.applied);
            return w;
        }
        w.applied.spec.ports = whole.applied.spec.ports;
        core_v1::ServiceSpec& spec = w.applied.spec;
        spec.type = "ClusterIP";
        spec.loadBalancerIP.clear();
        spec.loadBalancerClass.clear();
        spec.externalTrafficPolicy.clear();
        spec.allocateLoadBalancerNodePorts.reset();
        w.after.clear();
        return w;
    }

    std::vector<service_write> pending_;
    const std::vector<std::shared_ptr<const Service>>& live_;
    const names& names_;
    const cluster_view& cluster_;
    std::map<object_key, port_claims> asks_;
    std::set<object_key> leaving_; ///< deleted; those that still ask for something have finalizers
    port_claims free_;             ///< given up and not taken yet
    std::vector<service_write> done_;
};

} // namespace

bool meet(const port_claims& a, const port_claims& b) {
    return std::any_of(a.begin(), a.end(), [&](const port_claim& c) { return b.contains(c); });
}

port_claims claims_of(const std::vector<std::string>& addresses,
                      const std::vector<core_v1::ServicePort>& ports) {
    port_claims claims;
    for (const std::string& address : addresses)
        for (const core_v1::ServicePort& p : ports)
            claims.insert({address, std::string(protocol_of(p)), p.port});
    return claims;
}

port_claims claims_of(const Service& service) {
    if (service.spec.type != "LoadBalancer")
        return {};
    std::vector<std::string> addresses = split_addresses(service.spec.loadBalancerIP);
    for (const announcer_profile& profile : announcer_profiles())
        if (const auto a = service.metadata.annotations.find(std::string(profile.addresses_key));
            a != service.metadata.annotations.end())
            for (std::string& address : split_addresses(a->second))
                addresses.push_back(std::move(address));
    return claims_of(addresses, service.spec.ports);
}

ordered_writes order_writes(std::vector<service_write> writes,
                            const std::vector<std::shared_ptr<const Service>>& live, const names& n,
                            const cluster_view& cluster) {
    return scheduler(std::move(writes), live, n, cluster).run();
}

bool hand_over::may(const service_write& w) const { return !meet(w.takes, stuck_); }

void hand_over::failed(const service_write& w) {
    stuck_.insert(w.releases.begin(), w.releases.end());
    stuck_.insert(w.takes.begin(), w.takes.end()); // an answer that was lost says nothing of the write
}

} // namespace gwctl::gateway
