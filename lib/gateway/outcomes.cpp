#include "division.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace gwctl::gateway {
namespace detail {
namespace {

/// How one listener is served for the route that asks.
struct listener_outcome {
    bool served = false;
    std::string reason{};
    std::string message{}; ///< why it is not served, or what of it is not
};

/// What a backend is to get, and what it gets when connections are spread evenly over endpoints.
struct backend_share {
    const backend* target = nullptr;
    double asked = 0;
    double given = 0;
    std::size_t endpoints = 0;
};

/// `ready`: as in `served_endpoints`.
std::vector<backend_share> shares_of(const std::vector<backend>& backends,
                                     const std::vector<std::size_t>& ready) {
    std::vector<backend_share> shares;
    double weights = 0;
    std::size_t all = 0;
    for (const backend& b : backends)
        weights += static_cast<double>(b.weight);
    for (const backend* b : usable_backends(backends)) {
        backend_share& share = shares.emplace_back();
        share.target = b;
        share.endpoints = shares.size() <= ready.size() ? ready[shares.size() - 1] : 0;
        all += share.endpoints;
    }
    for (backend_share& share : shares) {
        share.asked = static_cast<double>(share.target->weight) / weights;
        share.given = all == 0 ? 0 : static_cast<double>(share.endpoints) / static_cast<double>(all);
    }
    return shares;
}

std::optional<verdict> judge_weights(const std::vector<backend>& backends,
                                     const std::vector<std::size_t>& ready) {
    if (!is_weighted(backends))
        return std::nullopt;
    // What the Gateway API's conformance suite tolerates.
    constexpr double tolerance = 0.05;
    bool matches = true;
    std::size_t all = 0;
    std::vector<std::string> lines;
    const auto shares = shares_of(backends, ready);
    for (const backend_share& s : shares)
        all += s.endpoints;
    if (all == 0)
        return std::nullopt; // there is nothing to share out
    for (const backend_share& s : shares) {
        matches = matches && std::abs(s.asked - s.given) <= tolerance;
        lines.push_back(
            fmt::format("Service {} gets {:.0f} % ({} of {} ready endpoints), its weight {} asks for "
                        "{:.0f} %",
                        to_string(s.target->service_key), s.given * 100, s.endpoints, all, s.target->weight,
                        s.asked * 100));
    }
    if (matches)
        return verdict{
            true, "EndpointsMatch",
            fmt::format("Connections are spread evenly over endpoints, whose numbers match the weights: {}",
                        fmt::join(lines, ", "))};
    return verdict{
        false, "EndpointsDecide",
        fmt::format("spec.rules: kube-proxy knows no weights and spreads connections evenly over "
                    "endpoints: {}; scale the backends in proportion to their weights, or use a data plane "
                    "that reads the annotation {} of our EndpointSlices, as Cilium's does with Maglev",
                    fmt::join(lines, ", "), annotation_cilium_weight)};
}

listener_outcome no_backend(const route_view& route, const Listener& listener) {
    std::size_t refs = 0;
    bool has_weight = false;
    for (const auto& rule : route.spec->rules)
        for (const BackendRef& ref : rule.backendRefs) {
            ++refs;
            has_weight = has_weight || ref.weight.value_or(1) != 0;
        }
    const std::string_view why =
        refs == 0    ? "expected a backendRef, got none; add one"
        : has_weight ? "no backendRef can be used; correct what the condition ResolvedRefs names"
                     : "every backendRef has weight 0; give one of them a weight above 0";
    return {
        false, "NoBackend",
        fmt::format("spec.rules: {}; until then connections to listener {} are refused", why, listener.name)};
}

class outcome_judge {
public:
    outcome_judge(const snapshot& s, const attachments& a, const division& d,
                  const planned_services& services, const std::vector<problem>& problems,
                  endpoint_source& source)
        : s_(s), a_(a), d_(d), services_(services), problems_(problems), source_(source) {}

    std::optional<route_outcome> judge(const attachments::entry& entry) const {
        const route_view& route = *entry.route;
        if (route.kind->counted_only)
            return std::nullopt;
        const auto waits = [&](const served_listener& l) { return l.route == &route; };
        if (std::any_of(d_.awaiting_finalizer.begin(), d_.awaiting_finalizer.end(), waits))
            return std::nullopt; // it is about to change
        route_outcome o;
        o.kind = route.kind;
        o.key = key_of(*route.metadata);
        o.uid = route.metadata->uid;
        o.generation = route.metadata->generation.value_or(0);
        for (const attachment& at : entry.parents)
            o.parents.push_back(judge_parent(entry, at));
        return o;
    }

private:
    std::string gateway_text() const { return gwctl::describe(*s_.gateway); }
    /// Whose the listener is.
    std::string owner_text(std::size_t i) const {
        const ListenerSet* set = a_.set_of(i);
        return set == nullptr ? gateway_text() : gwctl::describe(*set);
    }

    route_outcome::parent judge_parent(const attachments::entry& entry, const attachment& at) const {
        route_outcome::parent p;
        if (!at.accepted.holds)
            return p;
        std::map<std::string, std::vector<std::string>> listeners; // by the Service that serves them
        std::vector<std::string> complaints;
        std::string reason = "Programmed";
        for (const std::size_t i : at.listeners) {
            const Listener& listener = *a_.listeners[i].listener;
            const listener_outcome o = judge_listener(entry, i);
            if (o.served)
                listeners[to_string(services_.by_listener.at(&listener))].push_back(listener.name);
            if (!o.message.empty() &&
                std::find(complaints.begin(), complaints.end(), o.message) == complaints.end()) {
                if (complaints.empty())
                    reason = o.reason;
                complaints.push_back(o.message);
            }
            if (!p.weights && o.served && entry.served_by == behaviour::merge)
                p.weights =
                    judge_weights(merged(listener)->backends, services_.endpoints.at(&listener).ready);
        }
        std::string text;
        for (const auto& [service, served] : listeners)
            text += fmt::format("{}Listener{} {} {} served by Service {}", text.empty() ? "" : ". ",
                                served.size() > 1 ? "s" : "", fmt::join(served, ", "),
                                served.size() > 1 ? "are" : "is", service);
        if (listeners.empty())
            p.programmed = {false, reason, fmt::format("{}", fmt::join(complaints, ". "))};
        else if (complaints.empty())
            p.programmed = {true, reason, std::move(text)};
        else
            p.programmed = {true, "PartiallyProgrammed",
                            fmt::format("{}. {}", text, fmt::join(complaints, ". "))};
        return p;
    }

    const merged_port* merged(const Listener& listener) const {
        const auto found = std::find_if(d_.merged_ports.begin(), d_.merged_ports.end(),
                                        [&](const merged_port& p) { return p.listener == &listener; });
        return found == d_.merged_ports.end() ? nullptr : &*found;
    }

    /// Precondition: the route is attached to the listener.
    listener_outcome judge_listener(const attachments::entry& entry, std::size_t i) const {
        const Listener& listener = *a_.listeners[i].listener;
        if (a_.winners[i] != &entry)
            return {false, "Superseded",
                    fmt::format(
                        "spec.parentRefs: listener {} of {} serves {}, which takes precedence (the oldest "
                        "route has the listener); attach to another listener, or delete one of the two",
                        listener.name, owner_text(i), describe(*a_.winners[i]->route))};
        if (!a_.listeners[i].accepted.holds)
            return {false, "ListenerNotAccepted",
                    fmt::format(
                        "{}: status.listeners[{}]: the listener is not accepted, so nothing is served on it; "
                        "correct what its condition Accepted names",
                        owner_text(i), listener.name)};
        if (!services_.served.holds)
            return {false, services_.served.reason, services_.served.message};
        std::string in_part;
        for (const problem& p : problems_) {
            const bool is_ours = p.route != nullptr && p.route == entry.route &&
                                 (p.listener == nullptr || p.listener == &listener);
            if (is_ours && !p.in_part)
                return {false, "NotServed", p.message};
            if (is_ours)
                in_part = p.message;
        }
        if (!services_.by_listener.contains(&listener)) // behaviours of its own Service
            return no_backend(*entry.route, listener);
        listener_outcome o = entry.served_by == behaviour::merge
                                 ? judge_endpoints(*entry.route, listener, merged(listener)->backends)
                                 : judge_own_service(entry, listener);
        if (o.served && o.message.empty())
            o.message = std::move(in_part);
        return o;
    }

    /// Of a behaviour that serves the route by a Service of its own.
    listener_outcome judge_own_service(const attachments::entry& entry, const Listener& listener) const {
        const object_key& service = services_.by_listener.at(&listener);
        if (entry.served_by == behaviour::create)
            return judge_selected(listener, service, "the route's labels selectorkey and selectorvalue");
        const auto judge = [&](const served_listener& l, std::string_view source) {
            return l.target.service->spec.selector.empty()
                       ? judge_endpoints(*entry.route, listener, {l.target})
                       : judge_selected(listener, service, source);
        };
        for (const served_listener& l : d_.duplicated)
            if (l.listener == &listener)
                return judge(l, "the selector of the Service it copies");
        if (const auto borrowed = d_.updated.find(service); borrowed != d_.updated.end())
            return judge(borrowed->second.front(), "the selector");
        return {true, "Programmed", {}};
    }

    std::vector<std::string>
    families_without(const std::function<bool(const std::string&)>& has_endpoints) const {
        std::vector<std::string> lacking;
        for (const std::string& family : services_.families)
            if (!has_endpoints(family))
                lacking.push_back(family);
        return lacking;
    }

    /// A Service for which Kubernetes finds the endpoints.
    listener_outcome judge_selected(const Listener& listener, const object_key& service,
                                    std::string_view source) const {
        const auto slices = s_.cluster->slices(service);
        const auto has_endpoints = [&](std::string_view family) {
            return std::any_of(slices.begin(), slices.end(), [&](const auto& slice) {
                // Without ports it is of a targetPort that no pod names.
                return slice->addressType == family && slice->endpoints && !slice->endpoints->empty() &&
                       !slice->ports.empty();
            });
        };
        if (slices.empty()) // Kubernetes makes one, if an empty one, as soon as it has seen the Service
            return {true, "Programmed", {}};
        if (!has_endpoints("IPv4") && !has_endpoints("IPv6"))
            return {
                false, "NoEndpoints",
                fmt::format("Service {}: spec.selector: no pod matches it, so connections to listener {} are "
                            "refused; start the pods, or correct {}",
                            to_string(service), listener.name, source)};
        const std::vector<std::string> lacking = families_without(has_endpoints);
        if (lacking.empty())
            return {true, "Programmed", {}};
        return {lacking.size() < services_.families.size(), "NoEndpointsOfFamily",
                fmt::format("Service {}: spec.ipFamilies: no pod has an address of the family {} of the "
                            "Gateway's address, so connections to it are refused; give {} an address of "
                            "another family",
                            to_string(service), fmt::join(lacking, " and "), gateway_text())};
    }

    listener_outcome judge_endpoints(const route_view& route, const Listener& listener,
                                     const std::vector<backend>& backends) const {
        const auto usable =
            std::find_if(backends.begin(), backends.end(), [](const backend& b) { return b.usable(); });
        if (usable == backends.end())
            return no_backend(route, listener);
        const auto has_endpoints = [&](const std::string& family) {
            return source_.has_any(backends, family);
        };
        const std::string service = to_string(usable->service_key);
        const bool none_at_all = !has_endpoints("IPv4") && !has_endpoints("IPv6");
        if (none_at_all && usable->service->spec.selector.empty())
            return {false, "NoEndpoints",
                    fmt::format(
                        "Service {}: spec.selector: it has none, and no EndpointSlice gives it endpoints, so "
                        "connections to listener {} are refused; add an EndpointSlice with the label {}: {}, "
                        "or a selector",
                        service, listener.name, discovery_v1::label_service_name, usable->service_key.name)};
        if (none_at_all)
            return {false, "NoEndpoints",
                    fmt::format(
                        "Service {}: spec.selector: it has no endpoint, so connections to listener {} are "
                        "refused; start its pods, or correct the selector",
                        service, listener.name)};
        const std::vector<std::string> lacking = families_without(has_endpoints);
        if (lacking.empty())
            return {true, "Programmed", {}};
        return {
            lacking.size() < services_.families.size(), "NoEndpointsOfFamily",
            fmt::format(
                "Service {}: spec.ipFamilies: no backend has an endpoint of the family {} of the Gateway's "
                "address, so connections to it are refused; let the Service have that family too "
                "(spec.ipFamilyPolicy: PreferDualStack), or give {} an address of another family",
                service, fmt::join(lacking, " and "), gateway_text())};
    }

    const snapshot& s_;
    const attachments& a_;
    const division& d_;
    const planned_services& services_;
    const std::vector<problem>& problems_;
    endpoint_source& source_;
};

} // namespace

task<std::vector<route_outcome>> judge_outcomes(const snapshot& s, const attachments& a, const division& d,
                                                const planned_services& services,
                                                const std::vector<problem>& problems, endpoint_source& source,
                                                pauses& p) {
    const outcome_judge judge(s, a, d, services, problems, source);
    std::vector<route_outcome> outcomes;
    for (const attachments::entry& entry : a.routes) {
        if (p.due())
            co_await p.take();
        if (auto outcome = judge.judge(entry))
            outcomes.push_back(std::move(*outcome));
    }
    co_return outcomes;
}

} // namespace detail

bool add_outcome(std::vector<parent_verdict>& verdicts, const route_view& route,
                 const route_outcome& outcome) {
    if (outcome.uid != route.metadata->uid || outcome.generation != route.metadata->generation.value_or(0) ||
        outcome.parents.size() != verdicts.size())
        return false;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        verdicts[i].programmed = outcome.parents[i].programmed;
        verdicts[i].weights = outcome.parents[i].weights;
    }
    return true;
}

} // namespace gwctl::gateway
