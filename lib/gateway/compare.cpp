#include "compare.hpp"

#include "digest.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

template <class Map>
bool includes(const Map& all, const Map& some) {
    return std::all_of(some.begin(), some.end(), [&](const auto& member) {
        const auto found = all.find(member.first);
        return found != all.end() && found->second == member.second;
    });
}

/// True when `covers` is, and false at times when that is true, too: without the detour over JSON, which takes most of
/// the time of a plan.
bool is_surely_right(const EndpointSlice& live, const EndpointSlice& wanted) {
    return live.addressType == wanted.addressType && live.ports == wanted.ports &&
           live.endpoints == wanted.endpoints &&
           live.metadata.ownerReferences == wanted.metadata.ownerReferences &&
           includes(live.metadata.labels, wanted.metadata.labels) &&
           includes(live.metadata.annotations, wanted.metadata.annotations);
}

bool is_surely_right(const Service&, const Service&) { return false; }

/// Adds the digest and says how the cluster's object compares.
template <class T>
applied_object compare_applied(T& wanted, const T* live, const names& n) {
    applied_object o;
    o.type = T::type;
    o.key = key_of(wanted);
    o.digest = fmt::format("{:016x}", digest(json::encode(wanted)));
    wanted.metadata.annotations[n.applied()] = o.digest;
    if (!wanted.metadata.ownerReferences.empty())
        o.owner = wanted.metadata.ownerReferences.front();
    o.exists = live != nullptr;
    if (live == nullptr)
        return o;
    if (const auto seen = live->metadata.annotations.find(n.applied());
        seen != live->metadata.annotations.end())
        o.has_digest = seen->second == o.digest;
    o.is_right = o.has_digest.value_or(false) && is_surely_right(*live, wanted);
    if (o.is_right)
        return o;
    const json::value is = json::to_value(*live);
    json::value should_be = json::to_value(wanted);
    if constexpr (std::is_same_v<T, Service>)
        if (wanted.spec.selector.empty()) // with one, Kubernetes would add endpoints of its own
            should_be.at("spec").as_object()["selector"].emplace_object();
    o.is_right = o.has_digest.value_or(false) && covers(is, should_be);
    if (!o.is_right)
        o.fields = differences(is, should_be);
    return o;
}

template <class T>
std::map<object_key, const T*> by_key(const std::vector<std::shared_ptr<const T>>& objects) {
    std::map<object_key, const T*> all;
    for (const auto& object : objects)
        all.emplace(key_of(*object), object.get());
    return all;
}

} // namespace

void keep_unapplied(std::vector<Service>& wanted, const snapshot& s, const names& n,
                    std::vector<applied_object>& objects) {
    const auto managed = by_key(s.managed_services);
    std::erase_if(wanted, [&](Service& service) {
        const auto live = managed.find(key_of(service));
        std::shared_ptr<const Service> other;
        if (live == managed.end())
            other = s.cluster->service(key_of(service));
        objects.push_back(compare_applied(service, live == managed.end() ? other.get() : live->second, n));
        return objects.back().is_right;
    });
}

task<void> keep_unapplied(std::vector<EndpointSlice>& wanted, const snapshot& s, const names& n,
                          std::vector<applied_object>& objects, pauses& p) {
    const auto managed = by_key(s.managed_slices);
    std::vector<EndpointSlice> unapplied;
    for (EndpointSlice& slice : wanted) {
        if (p.due())
            co_await p.take();
        const auto live = managed.find(key_of(slice));
        objects.push_back(compare_applied(slice, live == managed.end() ? nullptr : live->second, n));
        if (!objects.back().is_right)
            unapplied.push_back(std::move(slice));
    }
    wanted = std::move(unapplied);
}

applied_object compare_borrowed(const Service& live, const loan& wanted) {
    applied_object o;
    o.type = Service::type;
    o.key = key_of(live);
    o.digest = wanted.digest;
    o.exists = true;
    o.is_right = !wanted.change;
    if (wanted.change)
        o.fields = patch_differences(json::to_value(live), boost::json::parse(wanted.change->body));
    return o;
}

void mark_written(desired_state& desired) {
    using verb = service_write::verb;
    std::set<object_key> slices;
    for (const EndpointSlice& slice : desired.slices)
        slices.insert(key_of(slice));
    std::set<object_key> services;
    for (const service_write& w : desired.writes)
        if (w.what == verb::apply || w.what == verb::borrow)
            services.insert(w.key);
    for (applied_object& o : desired.objects)
        o.is_written = (o.type == EndpointSlice::type ? slices : services).contains(o.key);
}

} // namespace gwctl::gateway::detail
