#include "report.hpp"

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/listener_sets_v1.hpp>
#include <gwctl/gateway/attach.hpp>
#include <gwctl/gateway/names.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gwctl::tools {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;
using gateway::route_view;
using gateway_v1::Gateway;
using gateway_v1::GatewayClass;
using gateway_v1::ListenerSet;
using gateway_v1::ListenerStatus;
using gateway_v1::RouteParentStatus;

/// The objects of a run, typed.
struct world {
    std::vector<GatewayClass> classes{};
    std::vector<Gateway> gateways{};
    std::vector<ListenerSet> sets{};
    std::vector<route_view> routes{};
    std::vector<Service> services{};
    std::vector<EndpointSlice> slices{};
    std::string controller{};

    const GatewayClass* class_of(const Gateway& g) const {
        const auto found = std::find_if(classes.begin(), classes.end(), [&](const GatewayClass& c) {
            return c.metadata.name == g.spec.gatewayClassName;
        });
        return found == classes.end() ? nullptr : &*found;
    }
    bool is_ours(const GatewayClass& c) const { return c.spec.controllerName == controller; }
    bool is_ours(const Gateway& g) const {
        const GatewayClass* c = class_of(g);
        return c != nullptr && is_ours(*c);
    }
    bool has_class_of_ours() const {
        return std::any_of(classes.begin(), classes.end(), [&](const auto& c) { return is_ours(c); });
    }
    bool has_gateway(const object_key& key) const {
        return std::any_of(gateways.begin(), gateways.end(),
                           [&](const Gateway& g) { return key_of(g) == key; });
    }
    bool has_set(const object_key& key) const {
        return std::any_of(sets.begin(), sets.end(), [&](const ListenerSet& s) { return key_of(s) == key; });
    }
    std::vector<const ListenerSet*> sets_of(const Gateway& g) const {
        std::vector<const ListenerSet*> its;
        for (const ListenerSet& s : sets)
            if (gateway::parent_gateway(s) == key_of(g))
                its.push_back(&s);
        return its;
    }
};

template <class T>
void take(std::vector<T>& into, const std::string& text) {
    if (auto decoded = json::decode<T>(text); decoded.has_value())
        into.push_back(std::move(*decoded));
}

template <gateway::RouteKind K>
void take_route(std::vector<route_view>& into, const std::string& text) {
    if (auto decoded = json::decode_shared<typename K::route>(text); decoded.has_value())
        into.push_back(gateway::view_of<K>(*decoded));
}

world read(const std::vector<json::value>& objects, const std::string& controller_name) {
    world w;
    w.controller = controller_name;
    for (const json::value& object : objects) {
        const std::string kind(object.at("kind").as_string());
        const std::string text = boost::json::serialize(object);
        if (kind == "GatewayClass")
            take(w.classes, text);
        if (kind == "Gateway")
            take(w.gateways, text);
        if (kind == "ListenerSet")
            take(w.sets, text);
        if (kind == "Service")
            take(w.services, text);
        if (kind == "EndpointSlice")
            take(w.slices, text);
        if (kind == "TCPRoute")
            take_route<gateway::tcp>(w.routes, text);
        if (kind == "UDPRoute")
            take_route<gateway::udp>(w.routes, text);
    }
    return w;
}

/// The entries of a route's status that are ours, by the Gateway they are about.
std::vector<RouteParentStatus> our_parents(const route_view& route, const world& w) {
    std::vector<RouteParentStatus> ours;
    if (!route.status->parents)
        return ours;
    for (const json::value& entry : *route.status->parents) {
        auto decoded = json::decode<RouteParentStatus>(boost::json::serialize(entry));
        if (decoded.has_value() && decoded->controllerName == w.controller)
            ours.push_back(std::move(*decoded));
    }
    return ours;
}

class painter {
public:
    painter(const world& w, bool colour) : w_(w), colour_(colour) {}

    std::string draw() {
        if (!w_.has_class_of_ours())
            line("", fmt::format("There is no GatewayClass with controllerName {}", w_.controller));
        for (const GatewayClass& c : w_.classes)
            if (w_.is_ours(c))
                draw_class(c.metadata.name, words(c.status.conditions));
        std::set<std::string> missing;
        for (const Gateway& g : w_.gateways)
            if (w_.class_of(g) == nullptr)
                missing.insert(g.spec.gatewayClassName);
        for (const std::string& name : missing)
            draw_class(name, paint("does not exist", "31"));
        draw_unattached();
        return std::move(out_);
    }

private:
    std::string paint(std::string_view text, std::string_view code) const {
        return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }
    std::string bold(std::string_view text) const { return paint(text, "1"); }

    /// "Accepted, not Programmed (Pending: Service ... waits ...)"
    std::string words(const std::vector<Condition>& conditions) const {
        std::vector<std::string> all;
        for (const Condition& c : conditions) {
            if (c.type == "Conflicted" && c.status != "True")
                continue; // says nothing that Accepted does not
            if (c.type.ends_with("/GrantedAddresses"))
                continue; // for the controller
            if (c.status == "True")
                all.push_back(paint(c.type, c.type == "Conflicted" ? "31" : "32"));
            else
                all.push_back(paint(fmt::format("not {} ({}: {})", c.type, c.reason, c.message), "31"));
        }
        return all.empty() ? paint("no status", "33") : fmt::format("{}", fmt::join(all, ", "));
    }

    void line(const std::string& indent, const std::string& text, const std::string& state = {}) {
        out_ += state.empty() ? fmt::format("{}{}\n", indent, text)
                              : fmt::format("{}{}  {}\n", indent, text, state);
    }

    void draw_class(const std::string& name, const std::string& state) {
        line("", fmt::format("{} {}", bold("GatewayClass"), name), state);
        std::vector<const Gateway*> gateways;
        for (const Gateway& g : w_.gateways)
            if (g.spec.gatewayClassName == name)
                gateways.push_back(&g);
        for (const Gateway* g : gateways)
            draw_gateway(*g, g == gateways.back());
    }

    void draw_gateway(const Gateway& g, bool last) {
        std::vector<std::string> addresses;
        for (const auto& a : g.status.addresses)
            addresses.push_back(a.value.value_or(""));
        line(last ? "└─ " : "├─ ",
             fmt::format("{} {}  {}", bold("Gateway"), to_string(key_of(g)),
                         addresses.empty() ? "no address" : fmt::format("{}", fmt::join(addresses, ", "))),
             words(g.status.conditions));
        const std::string indent = last ? "   " : "│  ";
        const std::vector<const ListenerSet*> sets = w_.sets_of(g);
        const std::vector<const Service*> services = services_of(g);
        draw_listeners(Gateway::type.kind, key_of(g), g.spec.listeners, g.status.listeners, indent,
                       services.empty() && sets.empty());
        for (const ListenerSet* s : sets)
            draw_set(*s, indent, services.empty() && s == sets.back());
        for (const Service* s : services)
            draw_service(*s, indent, s == services.back());
    }

    void draw_set(const ListenerSet& s, const std::string& indent, bool last) {
        line(indent + (last ? "└─ " : "├─ "),
             fmt::format("{} {}", bold(ListenerSet::type.kind), to_string(key_of(s))),
             words(s.status.conditions));
        draw_listeners(ListenerSet::type.kind, key_of(s), s.spec.listeners, s.status.listeners,
                       indent + (last ? "   " : "│  "), true);
    }

    /// `ends`: nothing is drawn below them.
    void draw_listeners(std::string_view kind, const object_key& parent,
                        const std::vector<gateway_v1::Listener>& listeners,
                        const std::vector<ListenerStatus>& statuses, const std::string& indent, bool ends) {
        for (std::size_t i = 0; i < listeners.size(); ++i) {
            const gateway_v1::Listener& l = listeners[i];
            const bool last = ends && i + 1 == listeners.size();
            const auto status = std::find_if(statuses.begin(), statuses.end(),
                                             [&](const auto& s) { return s.name == l.name; });
            line(indent + (last ? "└─ " : "├─ "),
                 fmt::format("{} {}  {} {}", bold("listener"), l.name, l.protocol, l.port),
                 status == statuses.end() ? paint("no status", "33") : words(status->conditions));
            draw_routes(kind, parent, l, indent + (last ? "   " : "│  "));
        }
    }

    void draw_routes(std::string_view kind, const object_key& key, const gateway_v1::Listener& l,
                     const std::string& indent) {
        std::vector<std::pair<std::string, std::string>> lines;
        for (const route_view& route : w_.routes)
            for (const RouteParentStatus& parent : our_parents(route, w_))
                if (selects(parent.parentRef, route, kind, key, l))
                    lines.emplace_back(fmt::format("{} {} → {}", bold(route.kind->type.kind),
                                                   to_string(key_of(*route.metadata)), backends(route)),
                                       words(parent.conditions));
        for (std::size_t i = 0; i < lines.size(); ++i)
            line(indent + (i + 1 == lines.size() ? "└─ " : "├─ "), lines[i].first, lines[i].second);
    }

    static bool selects(const gateway_v1::ParentReference& parent, const route_view& route,
                        std::string_view kind, const object_key& key, const gateway_v1::Listener& l) {
        return parent.kind.value_or("Gateway") == kind && parent.name == key.name &&
               parent.namespace_.value_or(route.metadata->namespace_) == key.namespace_ &&
               (parent.sectionName ? *parent.sectionName == l.name : route.kind->accepts(l)) &&
               (!parent.port || *parent.port == l.port);
    }

    static std::string backends(const route_view& route) {
        std::vector<std::string> all;
        for (const auto& rule : route.spec->rules)
            for (const auto& ref : rule.backendRefs)
                all.push_back(fmt::format("{}{}{}", ref.namespace_ ? *ref.namespace_ + "/" : "", ref.name,
                                          ref.port ? fmt::format(":{}", *ref.port) : ""));
        return all.empty() ? "no backend" : fmt::format("{}", fmt::join(all, ", "));
    }

    std::vector<const Service*> services_of(const Gateway& g) const {
        const std::string annotation = gateway::names(w_.controller).gateway();
        std::vector<const Service*> found;
        for (const Service& s : w_.services) {
            const auto a = s.metadata.annotations.find(annotation);
            if (a != s.metadata.annotations.end() && a->second == to_string(key_of(g)))
                found.push_back(&s);
        }
        return found;
    }

    void draw_service(const Service& s, const std::string& indent, bool last) {
        std::vector<std::string> addresses;
        for (const auto& ingress : s.status.loadBalancer.ingress)
            addresses.push_back(ingress.ip);
        line(indent + (last ? "└─ " : "├─ "),
             fmt::format("{} {}  {}", bold("Service"), to_string(key_of(s)), s.spec.type),
             addresses.empty() ? paint("not announced", "31")
                               : paint(fmt::format("announced on {}", fmt::join(addresses, ", ")), "32"));
        for (std::size_t i = 0; i < s.spec.ports.size(); ++i) {
            const auto& port = s.spec.ports[i];
            const std::vector<std::string> endpoints = endpoints_of(s, port);
            line(indent + (last ? "   " : "│  ") + (i + 1 == s.spec.ports.size() ? "└─ " : "├─ "),
                 fmt::format("port {} {} → {}", port.port, port.protocol,
                             endpoints.empty() ? paint("no endpoints", "33")
                                               : fmt::format("{}", fmt::join(endpoints, ", "))));
        }
    }

    std::vector<std::string> endpoints_of(const Service& s, const core_v1::ServicePort& port) const {
        std::vector<std::string> all;
        for (const EndpointSlice& slice : w_.slices) {
            const auto service = slice.metadata.labels.find(std::string(discovery_v1::label_service_name));
            if (slice.metadata.namespace_ != s.metadata.namespace_ ||
                service == slice.metadata.labels.end() || service->second != s.metadata.name ||
                !slice.endpoints)
                continue;
            for (const auto& p : slice.ports) {
                if (p.name.value_or("") != port.name || !p.port)
                    continue;
                for (const auto& endpoint : *slice.endpoints)
                    if (!endpoint.addresses.empty() && endpoint.conditions.ready.value_or(true))
                        all.push_back(slice.addressType == "IPv6"
                                          ? fmt::format("[{}]:{}", endpoint.addresses.front(), *p.port)
                                          : fmt::format("{}:{}", endpoint.addresses.front(), *p.port));
            }
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    void draw_unattached() {
        for (const route_view& route : w_.routes)
            if (our_parents(route, w_).empty())
                line("",
                     fmt::format("{} {} → {}", bold(route.kind->type.kind),
                                 to_string(key_of(*route.metadata)), backends(route)),
                     paint("names no Gateway of ours", "33"));
    }

    const world& w_;
    bool colour_;
    std::string out_;
};

void collect(std::vector<std::string>& failures, const std::string& what,
             const std::vector<Condition>& conditions, std::initializer_list<std::string_view> wanted) {
    for (const std::string_view type : wanted) {
        const auto found =
            std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.type == type; });
        if (found == conditions.end())
            failures.push_back(fmt::format("{}: no condition {}", what, type));
        else if (found->status != "True")
            failures.push_back(fmt::format("{}: not {} ({}): {}", what, type, found->reason, found->message));
    }
}

/// That another route has the listener, or that pods are not there yet, is no mistake in what is read. That no
/// backend can be used is one, which ResolvedRefs tells unless all weights are zero.
void collect_parent(std::vector<std::string>& failures, const std::string& what,
                    const std::vector<Condition>& conditions) {
    const std::size_t before = failures.size();
    collect(failures, what, conditions, {"Accepted", "ResolvedRefs"});
    const bool is_told = failures.size() > before;
    for (const Condition& c : conditions)
        if (c.type == gateway::condition_programmed && c.reason != "Superseded" &&
            c.reason != "NoEndpoints" && !(c.reason == "NoBackend" && is_told))
            collect(failures, what, {c}, {gateway::condition_programmed});
}

/// Wrong names, which no condition tells: nobody is responsible for what hangs on nothing.
void collect_dangling(std::vector<std::string>& failures, const world& w) {
    if (!w.has_class_of_ours())
        failures.push_back(fmt::format("there is no GatewayClass with controllerName {}; create it, or name "
                                       "the controller of yours with -gateway-class-name",
                                       w.controller));
    for (const Gateway& g : w.gateways)
        if (w.class_of(g) == nullptr)
            failures.push_back(fmt::format("{}: spec.gatewayClassName: GatewayClass {} does not exist; "
                                           "create it or correct the name",
                                           describe(g), g.spec.gatewayClassName));
    for (const ListenerSet& s : w.sets)
        if (!w.has_gateway(gateway::parent_gateway(s)))
            failures.push_back(fmt::format("{}: spec.parentRef: Gateway {} does not exist; create it or "
                                           "correct the name",
                                           describe(s), to_string(gateway::parent_gateway(s))));
    for (const route_view& route : w.routes) {
        for (const object_key& set : gateway::parent_sets(route))
            if (!w.has_set(set))
                failures.push_back(
                    fmt::format("{}: spec.parentRefs: ListenerSet {} does not exist; create it "
                                "or correct the name",
                                gateway::describe(route), to_string(set)));
        const std::vector<object_key> parents = gateway::parent_gateways(route);
        if (!parents.empty() &&
            std::none_of(parents.begin(), parents.end(), [&](const auto& p) { return w.has_gateway(p); }))
            failures.push_back(fmt::format("{}: spec.parentRefs: Gateway {} does not exist; create it or "
                                           "correct the name",
                                           gateway::describe(route), to_string(parents.front())));
        if (route.spec->parentRefs.empty())
            failures.push_back(
                fmt::format("{}: spec.parentRefs: expected a Gateway, got none", gateway::describe(route)));
    }
}

} // namespace

std::string render_tree(const std::vector<json::value>& objects, const std::string& controller_name,
                        bool colour) {
    const world w = read(objects, controller_name);
    return painter(w, colour).draw();
}

std::vector<std::string> find_failures(const std::vector<json::value>& objects,
                                       const std::string& controller_name) {
    const world w = read(objects, controller_name);
    std::vector<std::string> failures;
    collect_dangling(failures, w);
    for (const GatewayClass& c : w.classes)
        if (w.is_ours(c))
            collect(failures, describe(c), c.status.conditions, {"Accepted"});
    for (const Gateway& g : w.gateways) {
        if (!w.is_ours(g))
            continue;
        collect(failures, describe(g), g.status.conditions, {"Accepted", "Programmed"});
        for (const auto& l : g.status.listeners)
            collect(failures, fmt::format("{}, listener {}", describe(g), l.name), l.conditions,
                    {"Accepted", "ResolvedRefs"});
        for (const ListenerSet* s : w.sets_of(g)) {
            collect(failures, describe(*s), s->status.conditions, {"Accepted", "Programmed"});
            for (const auto& l : s->status.listeners)
                collect(failures, fmt::format("{}, listener {}", describe(*s), l.name), l.conditions,
                        {"Accepted", "ResolvedRefs"});
        }
    }
    for (const route_view& route : w.routes)
        for (const RouteParentStatus& p : our_parents(route, w))
            collect_parent(failures, fmt::format("{}, parent {}", gateway::describe(route), p.parentRef.name),
                           p.conditions);
    return failures;
}

} // namespace gwctl::tools
