// Tables of bad input: what becomes of it is a condition that names the field and says what to change.
#pragma once

#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>
#include <support/messages.hpp>

namespace gwctl::gateway::testing {

struct bad_input {
    const char* name;
    const char* object; ///< "Gateway web": what is changed in a world where all is well
    std::string change; ///< a merge patch
    const char* where;  ///< "Gateway web", "Gateway web listener a": whose condition tells of it
    const char* type;   ///< of the condition
    const char* says;   ///< "False/PortUnavailable"
    const char* field;  ///< what the message has, word by word
    const char* remedy; ///< the same
};

/// Gateway web with listeners a (TCP) and u (UDP), ListenerSet more with listener s, Service app, TCPRoute and
/// UDPRoute r, TCPRoute far to namespace team, TCPRoute set to the ListenerSet, ConfigMap parameters.
inline world good_world() {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.add("{kind: ConfigMap, metadata: {name: parameters, labels: {thebsdbox.co.uk/parameters: 'true'}}}");
    w.gateway("api", "[{name: a, protocol: TCP, port: 80}]", "addresses: [{value: 10.0.0.9}]");
    w.gateway(
        "web", "[{name: a, protocol: TCP, port: 80}, {name: u, protocol: UDP, port: 80}]",
        "allowedListeners: {namespaces: {from: All}}, infrastructure: {parametersRef: {group: '', kind: "
        "ConfigMap, name: parameters}}");
    w.listener_set("more", "[{name: s, protocol: TCP, port: 81}]");
    for (const std::string_view name : {"app", "team/app"})
        w.backend(name, "[{name: t, port: 80}, {name: u, port: 80, protocol: UDP}]");
    w.add("{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [{group: "
          "gateway.networking.k8s.io, kind: TCPRoute, namespace: default}], to: [{group: '', kind: "
          "Service}]}}");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.route("UDPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.route("TCPRoute", "far", "[{name: web}]", "[{name: app, namespace: team, port: 80}]");
    w.route("TCPRoute", "set", "[{kind: ListenerSet, name: more}]", "[{name: app, port: 80}]");
    return w;
}

/// A map in YAML's flow style, with the fields of another one added or put in their place.
inline std::string overlaid(std::string_view map, const std::string& fields) {
    json::value all = json::parse_yaml(map, "map").value().front();
    const json::value more = json::parse_yaml("{" + fields + "}", "fields").value().front();
    for (const auto& field : more.as_object())
        all.as_object()[field.key()] = field.value();
    return boost::json::serialize(all);
}

/// Applies the merge patch to "KIND NAME".
inline void change_object(world& w, std::string_view object, std::string_view change) {
    const std::string_view kind = object.substr(0, object.find(' '));
    const std::string_view name = object.substr(kind.size() + 1);
    const bool known =
        [&]<class... T>(std::type_identity<std::tuple<T...>>) {
            return ((kind == T::type.kind && (w.merge<T>(name, change), true)) || ...);
        }(std::type_identity<std::tuple<Gateway, ListenerSet, gateway_v1::TCPRoute, gateway_v1::UDPRoute,
                                        core_v1::Service, core_v1::ConfigMap, ReferenceGrant>>());
    if (!known)
        w.merge<GatewayClass>(object_key(std::string(name)), change);
}

inline const std::vector<Condition>& of_listener(const std::vector<gateway_v1::ListenerStatus>& all,
                                                 std::string_view name) {
    for (const auto& l : all)
        if (l.name == name)
            return l.conditions;
    FAIL("no status of listener " << name);
    return all.front().conditions;
}

/// The conditions of "Gateway web", "ListenerSet more listener s", "TCPRoute r".
inline std::vector<Condition> conditions_of(const world& w, const std::string& where) {
    const std::string kind = where.substr(0, where.find(' '));
    const std::size_t listener = where.find(" listener ");
    const std::string name = where.substr(kind.size() + 1, listener - kind.size() - 1);
    const auto pick = [&](const auto& status) {
        return listener == where.npos ? status.conditions
                                      : of_listener(status.listeners, where.substr(listener + 10));
    };
    if (kind == "Gateway")
        return pick(w.get<Gateway>(name)->status);
    if (kind == "ListenerSet")
        return pick(w.get<ListenerSet>(name)->status);
    if (kind == "GatewayClass") {
        condition_writer conditions({}, 1, w.now);
        conditions.set("Accepted", w.class_settings(name).accepted);
        return std::move(conditions).take();
    }
    const auto parents = kind == "TCPRoute" ? w.get<gateway_v1::TCPRoute>(name)->status.parents
                                            : w.get<gateway_v1::UDPRoute>(name)->status.parents;
    REQUIRE((parents && parents->size() == 1));
    return json::decode<gateway_v1::RouteParentStatus>(boost::json::serialize(parents->front()))
        .value()
        .conditions;
}

/// What is bad for one is bad for nobody else.
inline void check_neighbour(const world& w) {
    CHECK(w.programmed("api") == "True/Programmed");
    CHECK(w.addresses("api") == std::vector<std::string>{"10.0.0.9"});
}

/// Settling fails when the world does not come to rest, or a message that says no lacks a field or a remedy.
inline void check_bad_input(world& w, const bad_input& row) {
    INFO(row.name);
    change_object(w, row.object, row.change);
    w.settle();
    const std::vector<Condition> conditions = conditions_of(w, row.where);
    const Condition* c = find_condition(conditions, row.type);
    REQUIRE(c != nullptr);
    INFO(c->message);
    CHECK(c->status + "/" + c->reason == row.says);
    CHECK(c->message.find(row.field) != std::string::npos);
    CHECK(c->message.find(row.remedy) != std::string::npos);
    CHECK(tests::lacks(c->message) == "");
}

inline void check_bad_input(const std::vector<bad_input>& rows) {
    for (const bad_input& row : rows) {
        world w = good_world();
        check_bad_input(w, row);
        INFO(row.name);
        check_neighbour(w);
    }
}

} // namespace gwctl::gateway::testing
