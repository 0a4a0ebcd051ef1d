// The CEL rules of the Gateway API 1.6, standard channel, written out.
#include "json_util.hpp"
#include "names.hpp"
#include "rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

namespace gwctl::testing::detail {

namespace {

class gateway_rules {
public:
    gateway_rules(const json::object& object, const json::object* before, field_errors& errors)
        : object_(object), before_(before), errors_(errors) {}

    void check_class();
    void check_addresses();
    void check_infrastructure();
    void check_listeners();
    void check_parents();
    void check_backends();

private:
    // What has not changed is not checked again.
    bool changed(path p) const {
        const auto *now = find(object_, p), *was = before_ ? find(*before_, p) : nullptr;
        return now != nullptr && (was == nullptr || *now != *was);
    }
    void broken(std::string field, std::string_view rule) {
        errors_.push_back({std::move(field), "FieldValueInvalid", fmt::format("Invalid value: {}", rule)});
    }
    void check_keys(const char* key, const char* what, const char* small);
    void check_tls(const json::array& listeners);

    const json::object& object_;
    const json::object* before_;
    field_errors& errors_;
};

bool all(const json::array& list, const std::function<bool(const json::value&)>& holds) {
    return std::all_of(list.begin(), list.end(), holds);
}

// No two items have the same text; items without one do not count.
bool unique(const json::array& list, const std::function<std::string(const json::value&)>& text) {
    std::map<std::string, int> seen;
    for (const auto& item : list)
        if (const auto t = text(item); !t.empty() && ++seen[t] > 1)
            return false;
    return true;
}

bool is_hostname(std::string text) {
    if (text.compare(0, 2, "*.") == 0)
        text.erase(0, 2);
    return is_dns_subdomain(text);
}

std::string number_at(const json::value& v, std::string_view key) {
    return v.is_object() ? std::to_string(int_at(v.get_object(), {key}, 0)) : std::string();
}

void gateway_rules::check_class() {
    if (before_ &&
        string_at(object_, {"spec", "controllerName"}) != string_at(*before_, {"spec", "controllerName"}))
        broken("spec.controllerName",
               fmt::format("\"{}\": Value is immutable", string_at(object_, {"spec", "controllerName"})));
}

void gateway_rules::check_addresses() {
    if (!changed({"spec", "addresses"}))
        return;
    const auto& list = array_at(object_, {"spec", "addresses"});
    for (const char* type : {"IPAddress", "Hostname"})
        if (!unique(list, [&](const json::value& a) {
                return string_at(a, {"type"}) == type && find(a, {"value"}) ? "=" + string_at(a, {"value"})
                                                                            : std::string();
            }))
            broken("spec.addresses", fmt::format("{} values must be unique", type));
    for (std::size_t i = 0; i < list.size(); ++i)
        if (string_at(list[i], {"type"}) == "Hostname" && find(list[i], {"value"}) &&
            !is_hostname(string_at(list[i], {"value"})))
            broken(fmt::format("spec.addresses[{}]", i),
                   "Hostname value must be empty or contain only valid characters (matching "
                   "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)");
}

void gateway_rules::check_keys(const char* key, const char* what, const char* small) {
    if (!changed({"spec", "infrastructure", key}))
        return;
    bool formed = true, fits = true;
    for (const auto& m : object_at(object_, {"spec", "infrastructure", key})) {
        const std::string name(m.key());
        formed = formed && check_qualified_name(name).empty();
        fits = fits && name.substr(0, name.find('/')).size() < 253;
    }
    const auto at = std::string("spec.infrastructure.") + key;
    if (!formed)
        broken(at,
               fmt::format(
                   "{} keys must be in the form of an optional DNS subdomain prefix followed by a required "
                   "name segment of up to 63 characters.",
                   what));
    if (!fits)
        broken(at,
               fmt::format("If specified, the {} key's prefix must be a DNS subdomain not longer than 253 "
                           "characters in total.",
                           small));
}

void gateway_rules::check_infrastructure() {
    check_keys("annotations", "Annotation", "annotation");
    check_keys("labels", "Label", "label");
}

void gateway_rules::check_tls(const json::array& listeners) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const auto* tls = find(listeners[i], {"tls"});
        if (tls == nullptr || !tls->is_object() || string_at(*tls, {"mode"}) != "Terminate")
            continue;
        // The rule looks at both without asking whether they are there.
        const std::string rule = "certificateRefs or options must be specified when mode is Terminate";
        const auto at = fmt::format("spec.listeners[{}].tls", i);
        const auto *refs = find(*tls, {"certificateRefs"}), *options = find(*tls, {"options"});
        const char* absent = refs == nullptr ? "certificateRefs" : options == nullptr ? "options" : nullptr;
        if (refs && !array_at(tls->get_object(), {"certificateRefs"}).empty())
            continue;
        if (absent)
            broken(at, fmt::format("\"object\": no such key: {} evaluating rule: {}", absent, rule));
        else if (object_at(tls->get_object(), {"options"}).empty())
            broken(at, rule);
    }
}

void gateway_rules::check_listeners() {
    if (!changed({"spec", "listeners"}))
        return;
    const auto& list = array_at(object_, {"spec", "listeners"});
    const std::string at = "spec.listeners";
    const auto protocol = [](const json::value& l) { return string_at(l, {"protocol"}); };
    const auto l4 = [&](const json::value& l) { return protocol(l) == "TCP" || protocol(l) == "UDP"; };
    if (!all(list, [&](const auto& l) { return !(l4(l) || protocol(l) == "HTTP") || !find(l, {"tls"}); }))
        broken(at, "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']");
    if (!all(list, [&](const auto& l) {
            const auto mode = string_at(l, {"tls", "mode"});
            return protocol(l) != "HTTPS" || !find(l, {"tls"}) || mode.empty() || mode == "Terminate";
        }))
        broken(at, "tls mode must be Terminate for protocol HTTPS");
    if (!all(list, [&](const auto& l) {
            return protocol(l) != "TLS" || !string_at(l, {"tls", "mode"}).empty();
        }))
        broken(at, "tls mode must be set for protocol TLS");
    if (!all(list, [&](const auto& l) { return !l4(l) || string_at(l, {"hostname"}).empty(); }))
        broken(at, "hostname must not be specified for protocols ['TCP', 'UDP']");
    if (!unique(list, [](const auto& l) { return string_at(l, {"name"}); }))
        broken(at, "Listener name must be unique within the Gateway");
    if (!unique(list, [&](const auto& l) {
            return number_at(l, "port") + "/" + protocol(l) + (find(l, {"hostname"}) ? "/" : "") +
                   string_at(l, {"hostname"});
        }))
        broken(at, "Combination of port, protocol and hostname must be unique for each listener");
    check_tls(list);
}

void gateway_rules::check_parents() {
    if (!changed({"spec", "parentRefs"}))
        return;
    // A parent to the sections that are named of it, "" for the parent itself.
    std::map<std::string, std::map<std::string, int>> parents;
    for (const auto& ref : array_at(object_, {"spec", "parentRefs"}))
        ++parents[fmt::format("{}/{}/{}/{}", string_at(ref, {"group"}), string_at(ref, {"kind"}),
                              string_at(ref, {"namespace"}), string_at(ref, {"name"}))]
                 [string_at(ref, {"sectionName"})];
    bool specified = true, distinct = true;
    for (const auto& [parent, sections] : parents) {
        specified = specified && (sections.size() == 1 || sections.count("") == 0);
        for (const auto& [section, n] : sections)
            distinct = distinct && n == 1;
    }
    if (!specified)
        broken(
            "spec.parentRefs",
            "sectionName must be specified when parentRefs includes 2 or more references to the same parent");
    if (!distinct)
        broken("spec.parentRefs",
               "sectionName must be unique when parentRefs includes 2 or more references to the same parent");
}

void gateway_rules::check_backends() {
    if (!changed({"spec", "rules"}))
        return;
    const auto& rules = array_at(object_, {"spec", "rules"});
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (!rules[i].is_object())
            continue;
        const auto& backends = array_at(rules[i].get_object(), {"backendRefs"});
        for (std::size_t j = 0; j < backends.size(); ++j)
            if (string_at(backends[j], {"group"}).empty() && string_at(backends[j], {"kind"}) == "Service" &&
                find(backends[j], {"port"}) == nullptr)
                broken(fmt::format("spec.rules[{}].backendRefs[{}]", i, j),
                       "Must have port for Service reference");
    }
}

} // namespace

void check_gateway_api(const kind_info& kind, const json::object& object, const json::object* before,
                       field_errors& errors) {
    gateway_rules rules(object, before, errors);
    if (kind.kind == "GatewayClass")
        rules.check_class();
    if (kind.kind == "Gateway") {
        rules.check_addresses();
        rules.check_infrastructure();
    }
    if (kind.kind == "Gateway" || kind.kind == "ListenerSet")
        rules.check_listeners();
    if (kind.kind == "TCPRoute" || kind.kind == "UDPRoute") {
        rules.check_parents();
        rules.check_backends();
    }
}

} // namespace gwctl::testing::detail
