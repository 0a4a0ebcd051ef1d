/// The ConfigMaps that a parametersRef of a GatewayClass or a Gateway names, and what holds because of them.
#pragma once

#include <gwctl/api/core_v1.hpp>
#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/options.hpp>
#include <gwctl/gateway/verdict.hpp>

#include <functional>

namespace gwctl::gateway {

/// Whose parameters they are. Those of a Gateway are a namespaced user's, who may decide less.
enum class parameter_scope { gateway_class, gateway };

/// `base` with what the data of a ConfigMap says.
///
/// | key | value | for Gateways too |
/// |---|---|---|
/// | `serviceBehaviour` | `merge`, `create`, `duplicate` or `update` | yes |
/// | `externalTrafficPolicy` | `Cluster` or `Local` | yes |
/// | `sessionAffinity` | `None` or `ClientIP` | yes |
/// | `announcer` | `kube-vip`, `metallb`, `cilium`, `servicelb` or `none` | no |
/// | `pools` | names with commas in between, see `options::pools` | no |
/// | `loadBalancerClass` | as in a Service | no |
/// | `allocateLoadBalancerNodePorts` | `true` or `false` | no |
///
/// `omitted` is the number of other keys, which are unknown too.
///
/// Errors: `errc::decode`, one line that names every key that is unknown, not for this scope or has a wrong
/// value, what was expected and what to do.
result<options> with_parameters(options base, const std::map<std::string, std::string>& data,
                                parameter_scope scope, std::size_t omitted = 0);

/// Whether it is in the table above.
bool is_parameter(std::string_view key);

/// The data of a ConfigMap, trimmed while it is decoded to what decides and what a message shows: the values
/// of known keys (of longer ones than may be, the beginning), and the first unknown keys.
struct parameter_data {
    parameter_data() = default;
    std::map<std::string, std::string> values;
    std::size_t unknown = 0; ///< how many keys are unknown
    std::size_t omitted = 0; ///< how many of those are not in `values`
    friend bool operator==(const parameter_data&, const parameter_data&) = default;
};

/// A ConfigMap that a parametersRef may name.
struct parameter_map {
    parameter_map() = default;
    static constexpr resource_type type = core_v1::ConfigMap::type;
    ObjectMeta metadata;
    parameter_data data;
    parameter_data binaryData;
    friend bool operator==(const parameter_map&, const parameter_map&) = default;
};
BOOST_DESCRIBE_STRUCT(parameter_map, (), (metadata, data, binaryData))

/// The same of one that is there whole.
parameter_map parameters_in(const core_v1::ConfigMap& map);

/// The ConfigMaps that may be named: those that carry the label `names::parameters()`.
struct parameter_source {
    /// Null when there is none of this name.
    std::function<std::shared_ptr<const parameter_map>(const object_key&)> find{};
    /// Why none can be read; empty when they can.
    std::string unreadable{};
    /// The same of those of one namespace. May be null.
    std::function<std::string(const std::string& namespace_)> unreadable_in{};
};

/// What the parametersRef of one object, or its absence, leads to.
struct judged_parameters {
    /// False: InvalidParameters, with the field, the ConfigMap and the key.
    verdict accepted{};
    /// What holds: with the parameters, or, when they are refused, with those that were accepted before.
    options effective{};
    /// What the annotation `names::accepted_parameters()` is to say: JSON, or empty for none.
    std::string record{};
};
judged_parameters judge_parameters(const gateway_v1::GatewayClass& gateway_class, const options& flags,
                                   const parameter_source& source, const names& n);
/// Also takes the annotation `names::external_traffic_policy()` of `spec.infrastructure` into account.
judged_parameters judge_parameters(const Gateway& gateway, const options& of_class,
                                   const parameter_source& source, const names& n);

/// What holds for one Gateway.
struct gateway_settings {
    options effective{};
    verdict class_accepted{}; ///< false: its class's parameters are refused
    verdict accepted{};       ///< false: its own are
    std::string record{};     ///< as in `judged_parameters`, for the Gateway
};
gateway_settings settings_of(const Gateway& gateway, const gateway_v1::GatewayClass& gateway_class,
                             const options& flags, const parameter_source& source, const names& n);

/// A JSON merge patch, conditional on the version of `live`, that makes its annotation say `record`; empty
/// when it does.
std::string render_parameters_record(const ObjectMeta& live, const std::string& record, const names& n);

/// The ConfigMap that a parametersRef names; nothing without one, or when it names something else.
std::optional<object_key> parameters_of(const gateway_v1::GatewayClass& gateway_class);
std::optional<object_key> parameters_of(const Gateway& gateway);

} // namespace gwctl::gateway

namespace gwctl::json::detail {

template <>
struct table<gateway::parameter_data> {
    static const type_info info;
};

} // namespace gwctl::json::detail
