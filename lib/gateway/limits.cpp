#include "limits.hpp"

#include "syntax.hpp"

#include <gwctl/gateway/options.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

std::string expression_mistake(const LabelSelectorRequirement& r) {
    const bool is_list = r.operator_ == "In" || r.operator_ == "NotIn";
    if (!is_list && r.operator_ != "Exists" && r.operator_ != "DoesNotExist")
        return fmt::format("operator: expected In, NotIn, Exists or DoesNotExist, got \"{}\"",
                           shown(r.operator_));
    if (!is_label_key(r.key))
        return fmt::format("key: expected the key of a label, got \"{}\"", shown(r.key));
    if (is_list == r.values.empty())
        return fmt::format("values: operator {} {}", r.operator_,
                           is_list ? "needs some, got none" : "takes none, got some");
    for (const std::string& value : r.values)
        if (!is_label_value(value))
            return fmt::format("values: expected values of a label, got \"{}\"", shown(value));
    return {};
}

} // namespace

std::string selector_mistake(const LabelSelector& selector) {
    for (const auto& [key, value] : selector.matchLabels)
        if (!is_label_key(key) || !is_label_value(value))
            return fmt::format("matchLabels[{}]: no label can have this key and value \"{}\"", shown(key),
                               shown(value));
    for (std::size_t i = 0; i < selector.matchExpressions.size(); ++i)
        if (const std::string mistake = expression_mistake(selector.matchExpressions[i]); !mistake.empty())
            return fmt::format("matchExpressions[{}].{}", i, mistake);
    return {};
}

std::string listener_mistake(const Listener& listener) {
    if (!is_dns_name(listener.name))
        return fmt::format("name: expected at most 253 lower-case letters, digits, - and ., got \"{}\"",
                           shown(listener.name));
    if (listener.tls && (listener.protocol == "TCP" || listener.protocol == "UDP"))
        return fmt::format("tls: protocol {} has none, and nothing would be encrypted", listener.protocol);
    const auto& namespaces = listener.allowedRoutes.namespaces;
    if (namespaces.from == "Selector" && namespaces.selector)
        if (const std::string mistake = selector_mistake(*namespaces.selector); !mistake.empty())
            return "allowedRoutes.namespaces.selector." + mistake;
    return {};
}

std::string route_mistake(const route_view& route, behaviour served_by) {
    constexpr std::int32_t heaviest = 1'000'000;
    const auto& rules = route.spec->rules;
    for (std::size_t r = 0; r < rules.size(); ++r)
        for (std::size_t i = 0; i < rules[r].backendRefs.size(); ++i) {
            const BackendRef& ref = rules[r].backendRefs[i];
            const std::string path = fmt::format("spec.rules[{}].backendRefs[{}]", r, i);
            const std::int32_t weight = ref.weight.value_or(1);
            if (weight < 0 || weight > heaviest)
                return fmt::format("{}.weight: expected a number from 0 to {}, got {}; correct it", path,
                                   heaviest, weight);
            if (served_by != behaviour::create)
                continue; // what does not exist is told when it is looked for
            if (!is_dns_label(ref.name))
                return fmt::format("{}.name: behaviour create makes a Service of this name, so expected at "
                                   "most 63 lower-case letters, digits and -, got \"{}\"; correct it",
                                   path, shown(ref.name));
            if (ref.port && (*ref.port < 1 || *ref.port > 65535))
                return fmt::format("{}.port: expected a port between 1 and 65535, got {}; correct or remove "
                                   "it",
                                   path, *ref.port);
        }
    return {};
}

void refuse_repeated_names(std::vector<listener_rules>& rules) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::string& name = rules[i].listener->name;
        if (!seen.insert(name).second && rules[i].accepted.holds)
            rules[i].accepted = {
                false, "UnsupportedValue",
                fmt::format("spec.listeners[{}].name: a listener before it is called \"{}\", too; rename one "
                            "of the two",
                            i, shown(name))};
    }
}

} // namespace gwctl::gateway::detail
