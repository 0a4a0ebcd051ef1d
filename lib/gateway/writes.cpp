#include "writes.hpp"

#include <gwctl/gateway/adoption.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;
using verb = service_write::verb;

service_write by_patch(verb what, const service_patch& p) {
    service_write w;
    w.what = what;
    w.key = p.service;
    w.patch = p.body;
    w.after = p.claims;
    return w;
}

template <class T>
bool has_key(const std::vector<T>& objects, const object_key& key) {
    return std::any_of(objects.begin(), objects.end(), [&](const T& o) { return key_of(o) == key; });
}

class write_planner {
public:
    write_planner(service_wishes wishes, const division& d, const snapshot& s, const names& n,
                  desired_state& desired)
        : wishes_(std::move(wishes)), d_(d), s_(s), n_(n), desired_(desired) {}

    /// Returns what cannot be written.
    std::vector<ordered_writes::obstacle> run() {
        for (const auto& live : s_.managed_services)
            settle_managed(*live);
        for (const auto& live : s_.leftovers)
            settle_leftover(*live);
        for (Service& service : wishes_.changed) {
            service_write w;
            w.key = key_of(service);
            w.after = claims_of(service);
            w.applied = std::move(service);
            writes_.push_back(std::move(w));
        }
        for (const service_patch& p : wishes_.borrowed)
            writes_.push_back(by_patch(verb::borrow, p));
        const auto live = live_services();
        std::erase_if(writes_, [&](const service_write& w) { return releases_frozen(w, live); });
        ordered_writes ordered = order_writes(std::move(writes_), live, n_, *s_.cluster);
        desired_.writes = std::move(ordered.writes);
        return std::move(ordered.obstacles);
    }

private:
    bool releases_frozen(const service_write& w,
                         const std::vector<std::shared_ptr<const Service>>& live) const {
        const auto old =
            std::find_if(live.begin(), live.end(), [&](const auto& s) { return key_of(*s) == w.key; });
        if (old == live.end())
            return false;
        const port_claims before = claims_of(**old);
        return std::any_of(before.begin(), before.end(), [&](const port_claim& c) {
            return wishes_.frozen.contains(c) && (w.what == verb::remove || !w.after.contains(c));
        });
    }

    void settle_managed(const Service& live) {
        const object_key key = key_of(live);
        if (is_borrowed(live, n_)) {
            if (d_.updated.contains(key))
                return;
            const result<service_patch> back = render_return(live, n_, *s_.cluster);
            if (back.has_value())
                writes_.push_back(by_patch(verb::give_back, *back));
            else
                desired_.problems.push_back({nullptr, back.error().message});
            return;
        }
        if (live.metadata.annotations.contains(n_.applied()) && !has_key(wishes_.kept, key))
            remove(live);
    }

    /// One that finalizers keep asks for its ports until they are gone, and whoever is to have these waits.
    /// Elsewhere anyone can make a Service that looks like ours, with a finalizer: there it is first made to
    /// ask for nothing, so that nobody waits.
    void remove(const Service& live) {
        const bool is_leaving = !live.metadata.deletionTimestamp.empty();
        if (is_elsewhere(live) && (is_leaving || is_held(live)) && meet(claims_of(live), wanted_claims())) {
            writes_.push_back(render_silence(live));
            return;
        }
        if (is_leaving)
            return;
        service_write w;
        w.what = verb::remove;
        w.key = key_of(live);
        if (is_held(live))
            w.after = claims_of(live);
        writes_.push_back(std::move(w));
    }

    void settle_leftover(const Service& live) {
        const object_key key = key_of(live);
        const auto awaits = [&](const served_listener& l) { return l.target.service_key == key; };
        if (has_key(wishes_.kept, key) || d_.updated.contains(key) ||
            std::any_of(d_.awaiting_finalizer.begin(), d_.awaiting_finalizer.end(), awaits))
            return; // taken over, now or soon
        const std::string object = "Service " + to_string(key);
        if (is_copied_leftover(live) || !live.metadata.deletionTimestamp.empty())
            return remove(live);
        const port_claims claims = claims_of(live);
        const port_claims wanted = wanted_claims();
        if (meet(claims, wanted)) {
            writes_.push_back(render_release(live, n_));
            desired_.notices.push_back(
                {key,
                 fmt::format(
                     "{}: spec.type: the Go controller left it asking for an address and ports that "
                     "Gateway {} serves by another Service now, so it is of type ClusterIP again; restore "
                     "its other ports if it is yours, or delete it",
                     object, to_string(key_of(*s_.gateway)))});
            return;
        }
        std::vector<std::string> asks;
        for (const port_claim& c : claims)
            asks.push_back(fmt::format("{} {} {}", c.address, c.protocol, c.port));
        desired_.notices.push_back(
            {key,
             fmt::format(
                 "{}: metadata.annotations[{}]: the Go controller left it for {}, asking for {}; it may be "
                 "a user's, so it stays as it is; delete it, or set its type and ports as they should be "
                 "and remove the annotation",
                 object, annotation_controller, leftover_route(live),
                 asks.empty() ? "any address" : fmt::format("{}", fmt::join(asks, ", ")))});
    }

    /// What the Services of the plan ask for.
    port_claims wanted_claims() const {
        port_claims all;
        const auto add = [&](const port_claims& more) { all.insert(more.begin(), more.end()); };
        for (const Service& service : wishes_.kept)
            add(claims_of(service));
        for (const auto& [key, listeners] : d_.updated)
            add(claims_of(*listeners.front().target.service));
        for (const service_patch& p : wishes_.borrowed)
            add(p.claims);
        return all;
    }

    bool is_elsewhere(const Service& live) const {
        return s_.gateway && live.metadata.namespace_ != s_.gateway->metadata.namespace_;
    }

    /// Anyone can write our annotations on Services of his own namespace. One that is not going to be
    /// written has no say in a Gateway of another.
    bool is_strange(const Service& live) const {
        const object_key key = key_of(live);
        if (!is_elsewhere(live) || d_.updated.contains(key))
            return false;
        return std::none_of(writes_.begin(), writes_.end(),
                            [&](const service_write& w) { return w.key == key; });
    }

    /// Those whose claims count: of this Gateway's, and whatever is going to be written.
    std::vector<std::shared_ptr<const Service>> live_services() const {
        std::map<object_key, std::shared_ptr<const Service>> all;
        for (const auto* known : {&s_.managed_services, &s_.leftovers})
            for (const auto& live : *known)
                if (!is_strange(*live))
                    all[key_of(*live)] = live;
        const auto add = [&](const object_key& key) {
            if (auto live = s_.cluster->service(key))
                all[key] = std::move(live);
        };
        for (const service_patch& p : wishes_.borrowed)
            add(p.service);
        for (const Service& service : wishes_.kept)
            add(key_of(service));
        std::vector<std::shared_ptr<const Service>> services;
        for (auto& [key, live] : all)
            services.push_back(std::move(live));
        return services;
    }

    service_wishes wishes_;
    const division& d_;
    const snapshot& s_;
    const names& n_;
    desired_state& desired_;
    std::vector<service_write> writes_;
};

} // namespace

std::vector<ordered_writes::obstacle> plan_writes(service_wishes wishes, const division& d, const snapshot& s,
                                                  const names& n, desired_state& desired) {
    return write_planner(std::move(wishes), d, s, n, desired).run();
}

} // namespace gwctl::gateway::detail
