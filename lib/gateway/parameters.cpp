#include "parameter_data.hpp"
#include "syntax.hpp"

#include <gwctl/gateway/parameters.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using gateway_v1::ParametersReference;
using string_map = std::map<std::string, std::string>;

/// False when the word is none of the two.
bool set_either(bool& to, std::string_view word, std::string_view no, std::string_view yes) {
    to = word == yes;
    return word == yes || word == no;
}

bool set_behaviour(options& o, std::string_view word) {
    const auto parsed = parse_behaviour(word);
    o.default_behaviour = parsed.value_or(o.default_behaviour);
    return parsed.has_value();
}

bool set_traffic_policy(options& o, std::string_view word) {
    return set_either(o.keep_client_address, word, "Cluster", "Local");
}

bool set_session_affinity(options& o, std::string_view word) {
    return set_either(o.session_affinity, word, "None", "ClientIP");
}

bool set_announcer(options& o, std::string_view word) {
    const auto parsed = parse_announcer(word);
    o.announced_by = parsed.value_or(o.announced_by);
    return parsed.has_value();
}

/// Names as in the keys of the pools, which are those of namespaces.
bool set_pools(options& o, std::string_view list) {
    constexpr std::size_t most_pools = 32;
    o.pools.clear();
    while (o.pools.size() < most_pools) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view name = trimmed(list.substr(0, comma));
        if (!detail::is_dns_label(name))
            return false;
        o.pools.emplace_back(name);
        if (comma == list.size())
            return true;
        list.remove_prefix(comma + 1);
    }
    return false;
}

/// A label-style name, perhaps with a domain in front (Kubernetes: ServiceSpec.loadBalancerClass).
bool set_load_balancer_class(options& o, std::string_view name) {
    o.load_balancer_class = name;
    const std::size_t slash = name.find('/');
    return (slash == name.npos || detail::is_word(name.substr(0, slash), "-.", 253)) &&
           detail::is_word(slash == name.npos ? name : name.substr(slash + 1), "-_.", 63);
}

bool set_node_ports(options& o, std::string_view word) {
    return set_either(o.node_ports.emplace(), word, "false", "true");
}

struct parameter {
    std::string_view key;
    bool for_gateways;
    std::string expected;
    bool (*set)(options&, std::string_view value);
};

const std::vector<parameter>& known_parameters() {
    static const std::vector<parameter> all{
        {"serviceBehaviour", true, fmt::format("one of {}", behaviour_names), set_behaviour},
        {"externalTrafficPolicy", true, "Cluster or Local", set_traffic_policy},
        {"sessionAffinity", true, "None or ClientIP", set_session_affinity},
        {"announcer", false, fmt::format("one of {}", announcer_names), set_announcer},
        {"pools", false, "names of pools with commas in between, such as edge for range-edge", set_pools},
        {"loadBalancerClass", false, "a name such as example.com/class", set_load_balancer_class},
        {"allocateLoadBalancerNodePorts", false, "true or false", set_node_ports},
    };
    return all;
}

/// The keys that may be used, for messages.
std::string key_list(parameter_scope scope) {
    std::vector<std::string_view> keys;
    for (const parameter& p : known_parameters())
        if (p.for_gateways || scope == parameter_scope::gateway_class)
            keys.push_back(p.key);
    return fmt::format("{}", fmt::join(keys, ", "));
}

/// Sets one parameter; a message when that is not possible.
std::string set_parameter(options& o, const std::string& key, std::string_view text, parameter_scope scope) {
    const auto& known = known_parameters();
    const auto p = std::find_if(known.begin(), known.end(), [&](const parameter& k) { return k.key == key; });
    if (p == known.end())
        return fmt::format("data[{}]: is no parameter; expected {}; correct or remove it", detail::shown(key),
                           key_list(scope));
    if (scope == parameter_scope::gateway && !p->for_gateways)
        return fmt::format("data[{}]: is for GatewayClasses only; expected {}; remove it, or ask for a class "
                           "that has it",
                           key, key_list(scope));
    const std::string_view value = trimmed(text);
    if (value.size() > longest_parameter || !p->set(o, value))
        return fmt::format("data[{}]: expected {}, got \"{}\"; correct or remove it", key, p->expected,
                           detail::shown(value));
    return {};
}

/// Why these options cannot work together; empty when they can.
std::string contradiction(const options& o) {
    const announcer_profile& profile = profile_of(o.announced_by);
    if (!o.pools.empty() && o.ipam_config.name.empty())
        return "pools: the controller has no pools; set its flag -ipam-configmap, or remove the key";
    if (!o.pools.empty() && !profile.takes_requests)
        return fmt::format("pools: {} has addresses of its own and cannot be asked for any; remove the key",
                           profile.title);
    if (o.keep_client_address && profile.node_ports_when_local && !o.node_ports.value_or(true))
        return fmt::format("externalTrafficPolicy: Local comes by node ports with {}, and "
                           "allocateLoadBalancerNodePorts is false; remove one of the two",
                           profile.title);
    return {};
}

std::string encode(const string_map& data) {
    json::object o;
    for (const auto& [key, value] : data)
        o[key] = trimmed(value);
    return boost::json::serialize(o);
}

/// The parameters that a record holds; nothing when it is none.
std::optional<string_map> decode(const std::string& record) {
    boost::system::error_code failed;
    const json::value parsed = boost::json::parse(record, failed);
    if (failed || !parsed.is_object())
        return std::nullopt;
    string_map data;
    for (const auto& [key, value] : parsed.get_object()) {
        if (!value.is_string())
            return std::nullopt;
        data.emplace(key, value.get_string());
    }
    return data;
}

/// One object with its parametersRef.
struct referrer {
    const std::optional<ParametersReference> reference;
    std::string namespace_; ///< of the ConfigMap
    std::string_view path;
    const ObjectMeta& metadata;
    parameter_scope scope;
};

bool is_configmap(const ParametersReference& r) { return r.group.empty() && r.kind == "ConfigMap"; }

/// The data that the reference leads to.
result<parameter_data> fetch(const referrer& r, const options& base, const parameter_source& source,
                             const names& n) {
    const ParametersReference& reference = *r.reference;
    const auto refuse = [&](std::string message) {
        return error{errc::decode, fmt::format("{}{}", r.path, message)};
    };
    if (!is_configmap(reference))
        return refuse(
            fmt::format(": expected a ConfigMap (group \"\", kind ConfigMap), got {} {} of group \"{}\"; "
                        "name a ConfigMap or remove the reference",
                        reference.kind, reference.name, reference.group));
    if (r.namespace_.empty())
        return refuse(fmt::format(".namespace: expected the namespace of ConfigMap {}, got none; add it",
                                  reference.name));
    const object_key key(r.namespace_, reference.name);
    if (!base.namespaces.empty() && !base.namespaces.contains(key.namespace_))
        return refuse(
            fmt::format(".namespace: this controller is limited to some namespaces and does not read "
                        "{}; move the ConfigMap to one that it reads, or add {} to its flag -namespace",
                        key.namespace_, key.namespace_));
    if (!source.unreadable.empty())
        return refuse(fmt::format(": ConfigMap {} cannot be read: {}; let this controller list and watch "
                                  "configmaps, as manifests/{}.yaml does",
                                  to_string(key), source.unreadable,
                                  base.namespaces.empty() ? "parameters-rbac" : "namespaced"));
    const auto map = source.find(key);
    if (!map)
        return refuse(
            fmt::format(": ConfigMap {0} does not exist or lacks the label {1}=true, by which this "
                        "controller finds it; create it, or: kubectl label configmap {2} -n {3} {1}=true",
                        to_string(key), n.parameters(), key.name, key.namespace_));
    parameter_data data = map->data;
    for (const auto& [name, bytes] : map->binaryData.values)
        data.values.emplace(name, "(binary)");
    data.omitted += map->binaryData.omitted;
    return data;
}

judged_parameters judge(const referrer& r, const options& base, const parameter_source& source,
                        const names& n) {
    judged_parameters judged{{true, "Accepted", ""}, base, ""};
    if (!r.reference)
        return judged;
    const result<parameter_data> data = fetch(r, base, source, n);
    result<options> effective = data.has_value() ? with_parameters(base, data->values, r.scope, data->omitted)
                                                 : result<options>(data.error());
    if (effective.has_value()) {
        judged.effective = std::move(*effective);
        judged.record = encode(data->values);
        return judged;
    }
    std::string message = effective.error().message;
    if (data.has_value())
        message = fmt::format("{}: ConfigMap {}/{}: {}", r.path, r.namespace_, r.reference->name, message);
    const auto before = r.metadata.annotations.find(n.accepted_parameters());
    if (before != r.metadata.annotations.end()) {
        judged.record = before->second;
        const auto earlier = decode(before->second);
        result<options> kept = earlier ? with_parameters(base, *earlier, r.scope) : result<options>(base);
        if (kept.has_value() && earlier && !earlier->empty()) {
            judged.effective = std::move(*kept);
            message += "; until then the parameters that were accepted before stay in use";
        }
    }
    judged.accepted = {false, "InvalidParameters", std::move(message)};
    return judged;
}

} // namespace

gateway_settings settings_of(const Gateway& gateway, const GatewayClass& gateway_class, const options& flags,
                             const parameter_source& source, const names& n) {
    judged_parameters of_class = judge_parameters(gateway_class, flags, source, n);
    judged_parameters own = judge_parameters(gateway, of_class.effective, source, n);
    return {std::move(own.effective), std::move(of_class.accepted), std::move(own.accepted),
            std::move(own.record)};
}

std::string render_parameters_record(const ObjectMeta& live, const std::string& record, const names& n) {
    const std::string key = n.accepted_parameters();
    const auto old = live.annotations.find(key);
    if (record.empty() ? old == live.annotations.end()
                       : old != live.annotations.end() && old->second == record)
        return {};
    const json::object annotations{{key, record.empty() ? json::value() : json::value(record)}};
    const json::object metadata{{"resourceVersion", live.resourceVersion}, {"annotations", annotations}};
    return boost::json::serialize(json::object{{"metadata", metadata}});
}

bool is_parameter(std::string_view key) {
    const auto& known = known_parameters();
    return std::any_of(known.begin(), known.end(), [&](const parameter& p) { return p.key == key; });
}

result<options> with_parameters(options base, const string_map& data, parameter_scope scope,
                                std::size_t omitted) {
    std::vector<std::string> mistakes;
    std::size_t more = omitted;
    for (const auto& [key, value] : data)
        if (std::string mistake = set_parameter(base, key, value, scope); !mistake.empty()) {
            if (mistakes.size() < most_parameter_mistakes)
                mistakes.push_back(std::move(mistake));
            else
                ++more;
        }
    if (mistakes.empty())
        if (std::string both = contradiction(base); !both.empty())
            mistakes.push_back(std::move(both));
    if (more > 0)
        mistakes.push_back(fmt::format("and {} more", more));
    if (!mistakes.empty())
        return error{errc::decode, fmt::format("{}", fmt::join(mistakes, "; "))};
    return base;
}

judged_parameters judge_parameters(const GatewayClass& gateway_class, const options& flags,
                                   const parameter_source& source, const names& n) {
    const auto& reference = gateway_class.spec.parametersRef;
    return judge({reference, reference ? reference->namespace_ : std::string(), "spec.parametersRef",
                  gateway_class.metadata, parameter_scope::gateway_class},
                 flags, source, n);
}

judged_parameters judge_parameters(const Gateway& gateway, const options& of_class,
                                   const parameter_source& source, const names& n) {
    const auto& infrastructure = gateway.spec.infrastructure;
    judged_parameters judged =
        judge({infrastructure ? infrastructure->parametersRef : std::nullopt, gateway.metadata.namespace_,
               "spec.infrastructure.parametersRef", gateway.metadata, parameter_scope::gateway},
              of_class, source, n);
    if (!infrastructure)
        return judged;
    const std::string key = n.external_traffic_policy();
    const auto policy = infrastructure->annotations.find(key);
    if (policy == infrastructure->annotations.end())
        return judged;
    options with_policy = judged.effective;
    std::string mistake;
    if (!set_traffic_policy(with_policy, policy->second))
        mistake = fmt::format("expected Cluster or Local, got \"{}\"; correct or remove it",
                              detail::shown(policy->second));
    else
        mistake = contradiction(with_policy);
    if (mistake.empty())
        judged.effective = std::move(with_policy);
    else if (judged.accepted.holds)
        judged.accepted = {false, "InvalidParameters",
                           fmt::format("spec.infrastructure.annotations[{}]: {}", key, mistake)};
    return judged;
}

std::optional<object_key> parameters_of(const GatewayClass& gateway_class) {
    const auto& r = gateway_class.spec.parametersRef;
    if (!r || !is_configmap(*r))
        return std::nullopt;
    return object_key(r->namespace_, r->name);
}

std::optional<object_key> parameters_of(const Gateway& gateway) {
    const auto& infrastructure = gateway.spec.infrastructure;
    if (!infrastructure || !infrastructure->parametersRef || !is_configmap(*infrastructure->parametersRef))
        return std::nullopt;
    return object_key(gateway.metadata.namespace_, infrastructure->parametersRef->name);
}

} // namespace gwctl::gateway
