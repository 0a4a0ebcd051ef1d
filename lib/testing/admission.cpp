#include "admission.hpp"

#include "encoding.hpp"
#include "json_util.hpp"
#include "schema.hpp"
#include "selectors.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <arpa/inet.h>
#include <map>

namespace gwctl::testing::detail {

namespace {

bool alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool any_alnum(char c) { return alnum(c) || (c >= 'A' && c <= 'Z'); }

constexpr const char* subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* label_rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* label_1035_rule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";

// A label value, and the name part of a label key.
bool is_qualified(std::string_view s, bool may_be_empty) {
    if (s.empty())
        return may_be_empty;
    return s.size() <= 63 && any_alnum(s.front()) && any_alnum(s.back()) &&
           std::all_of(s.begin(), s.end(),
                       [](char c) { return any_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_key(std::string_view key) {
    const auto slash = key.find('/');
    if (slash == std::string_view::npos)
        return is_qualified(key, false);
    return is_dns_subdomain(key.substr(0, slash)) && is_qualified(key.substr(slash + 1), false);
}

void immutable(const json::object& now, const json::object* before, path p, std::string field,
               field_errors& errors) {
    if (before == nullptr)
        return;
    const auto* a = find(*before, p);
    const auto* b = find(now, p);
    if (a && (b == nullptr || *a != *b))
        errors.push_back(invalid_value(std::move(field), b ? *b : json::value(), "field is immutable"));
}

void check_gateway(const json::object& object, field_errors& errors) {
    std::map<std::string, bool> seen;
    const auto& listeners = array_at(object, {"spec", "listeners"});
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const auto& l = listeners[i];
        if (!l.is_object())
            continue;
        const auto protocol = string_at(l, {"protocol"});
        const auto at = fmt::format("spec.listeners[{}]", i);
        const bool l4 = protocol == "TCP" || protocol == "UDP";
        if ((l4 || protocol == "HTTP") && find(l, {"tls"}))
            errors.push_back(invalid_value("spec.listeners", json::value("array"),
                                           "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']"));
        if (l4 && !string_at(l, {"hostname"}).empty())
            errors.push_back(invalid_value("spec.listeners", json::value("array"),
                                           "hostname must not be specified for protocols ['TCP', 'UDP']"));
        const auto combination = fmt::format("{}/{}/{}", int_at(l.get_object(), {"port"}, 0), protocol,
                                             string_at(l, {"hostname"}));
        if (!seen.emplace(combination, true).second)
            errors.push_back(
                invalid_value("spec.listeners", json::value("array"),
                              "Combination of port, protocol and hostname must be unique for each listener"));
    }
}

void check_route(const json::object& object, field_errors& errors) {
    std::map<std::string, bool> seen;
    const auto& refs = array_at(object, {"spec", "parentRefs"});
    for (const auto& ref : refs) {
        const auto id = fmt::format("{}/{}/{}/{}/{}", string_at(ref, {"group"}), string_at(ref, {"kind"}),
                                    string_at(ref, {"namespace"}), string_at(ref, {"name"}),
                                    string_at(ref, {"sectionName"}));
        if (!seen.emplace(id, true).second)
            errors.push_back(
                invalid_value("spec.parentRefs", json::value("array"),
                              "sectionName must be unique when parentRefs includes 2 or more references "
                              "to the same parent"));
    }
}

void check_slice(const json::object& object, const json::object* before, field_errors& errors) {
    const auto type = string_at(object, {"addressType"});
    immutable(object, before, {"addressType"}, "addressType", errors);
    const auto& endpoints = array_at(object, {"endpoints"});
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (!endpoints[i].is_object())
            continue;
        const auto& addresses = array_at(endpoints[i].get_object(), {"addresses"});
        for (std::size_t j = 0; j < addresses.size(); ++j) {
            if (!addresses[j].is_string())
                continue;
            const int family = ip_family(str(addresses[j].get_string()));
            if ((type == "IPv4" && family != 4) || (type == "IPv6" && family != 6))
                errors.push_back(invalid_value(fmt::format("endpoints[{}].addresses[{}]", i, j), addresses[j],
                                               fmt::format("must be a valid {} address", type)));
        }
    }
    std::map<std::string, bool> names;
    const auto& ports = array_at(object, {"ports"});
    for (std::size_t i = 0; i < ports.size(); ++i) {
        const auto name = string_at(ports[i], {"name"});
        if (!names.emplace(name, true).second)
            errors.push_back(duplicate(fmt::format("ports[{}].name", i), json::value(name)));
    }
}

void check_workload(const json::object& object, const json::object* before, field_errors& errors) {
    immutable(object, before, {"spec", "selector"}, "spec.selector", errors);
    const auto& labels = object_at(object, {"spec", "template", "metadata", "labels"});
    const auto& selector = object_at(object, {"spec", "selector"});
    if (selector.empty())
        errors.push_back(required("spec.selector"));
    else if (!label_selector::from_json(selector).matches(labels))
        errors.push_back(invalid_value("spec.template.metadata.labels", labels,
                                       "`selector` does not match template `labels`"));
    if (array_at(object, {"spec", "template", "spec", "containers"}).empty())
        errors.push_back(required("spec.template.spec.containers"));
}

void fill_in_pod_spec(json::object& pod) {
    set_default(pod, "restartPolicy", "Always");
    set_default(pod, "dnsPolicy", "ClusterFirst");
    set_default(pod, "schedulerName", "default-scheduler");
    set_default(pod, "terminationGracePeriodSeconds", 30);
    set_default(pod, "securityContext", json::object());
    for (auto& c : make_array(pod, "containers")) {
        if (!c.is_object())
            continue;
        auto& container = c.get_object();
        const auto image = string_at(container, {"image"});
        const auto tag = image.rfind(':');
        const bool latest = tag == std::string::npos || image.find('/', tag) != std::string::npos ||
                            image.substr(tag) == ":latest";
        set_default(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
        set_default(container, "resources", json::object());
        set_default(container, "terminationMessagePath", "/dev/termination-log");
        set_default(container, "terminationMessagePolicy", "File");
    }
}

void fill_in_workload(const kind_info& kind, json::object& object) {
    auto& spec = make_object(object, "spec");
    set_default(spec, "replicas", 1);
    fill_in_pod_spec(make_object(make_object(spec, "template"), "spec"));
    if (kind.kind == "Deployment") {
        set_default(spec, "progressDeadlineSeconds", 600);
        set_default(spec, "revisionHistoryLimit", 10);
        auto& strategy = make_object(spec, "strategy");
        set_default(strategy, "type", "RollingUpdate");
        if (string_at(strategy, {"type"}) == "RollingUpdate") {
            auto& rolling = make_object(strategy, "rollingUpdate");
            set_default(rolling, "maxSurge", "25%");
            set_default(rolling, "maxUnavailable", "25%");
        }
    }
    make_object(object, "status");
}

} // namespace

bool is_dns_label(std::string_view s) {
    return !s.empty() && s.size() <= 63 && alnum(s.front()) && alnum(s.back()) &&
           std::all_of(s.begin(), s.end(), [](char c) { return alnum(c) || c == '-'; });
}

bool is_dns1035_label(std::string_view s) { return is_dns_label(s) && s.front() >= 'a' && s.front() <= 'z'; }

bool is_dns_subdomain(std::string_view s) {
    if (s.empty() || s.size() > 253)
        return false;
    while (true) {
        const auto dot = s.find('.');
        const auto label = s.substr(0, dot);
        if (label.empty() || !alnum(label.front()) || !alnum(label.back()) ||
            !std::all_of(label.begin(), label.end(), [](char c) { return alnum(c) || c == '-'; }))
            return false;
        if (dot == std::string_view::npos)
            return true;
        s.remove_prefix(dot + 1);
    }
}

int ip_family(const std::string& s) {
    unsigned char out[16];
    if (inet_pton(AF_INET, s.c_str(), out) == 1)
        return 4;
    return inet_pton(AF_INET6, s.c_str(), out) == 1 ? 6 : 0;
}

void check_metadata(const kind_info& kind, const json::object& object, field_errors& errors) {
    const auto name = string_at(object, {"metadata", "name"});
    const json::value shown(name);
    if (name.empty()) {
        errors.push_back(required("metadata.name", "name or generateName is required"));
    } else if (kind.group == "rbac.authorization.k8s.io") {
        if (name == "." || name == ".." || name.find_first_of("/%") != std::string::npos)
            errors.push_back(invalid_value("metadata.name", shown, "may not contain '/' or '%'"));
    } else if (kind.plural == "services" && kind.group.empty()) {
        if (!is_dns1035_label(name))
            errors.push_back(invalid_value("metadata.name", shown, label_1035_rule));
    } else if (kind.plural == "namespaces") {
        if (!is_dns_label(name))
            errors.push_back(invalid_value("metadata.name", shown, label_rule));
    } else if (!is_dns_subdomain(name)) {
        errors.push_back(invalid_value("metadata.name", shown, subdomain_rule));
    }
    for (const auto& m : object_at(object, {"metadata", "labels"})) {
        const std::string key(m.key());
        if (!is_qualified_key(key))
            errors.push_back(
                invalid_value("metadata.labels", json::value(key), "name part must be a qualified name"));
        if (m.value().is_string() && !is_qualified(str(m.value().get_string()), true))
            errors.push_back(invalid_value("metadata.labels", m.value(),
                                           "a valid label must be an empty string or consist of alphanumeric "
                                           "characters, '-', '_' or '.', and must "
                                           "start and end with an alphanumeric character"));
    }
    std::size_t size = 0;
    for (const auto& m : object_at(object, {"metadata", "annotations"})) {
        std::string key(m.key());
        size += key.size() + (m.value().is_string() ? m.value().get_string().size() : 0);
        std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
        if (!is_qualified_key(key))
            errors.push_back(invalid_value("metadata.annotations", json::value(m.key()),
                                           "name part must be a qualified name"));
    }
    if (size > 256 * 1024)
        errors.push_back(
            {"metadata.annotations", "FieldValueTooLong", "Too long: may not be more than 262144 bytes"});
    std::size_t i = 0;
    std::size_t controllers = 0;
    for (const auto& ref : array_at(object, {"metadata", "ownerReferences"})) {
        for (const char* key : {"apiVersion", "kind", "name", "uid"})
            if (string_at(ref, {key}).empty())
                errors.push_back(invalid_value(fmt::format("metadata.ownerReferences[{}].{}", i, key), "",
                                               "must not be empty"));
        const auto* controller = find(ref, {"controller"});
        if (controller && *controller == json::value(true) && ++controllers == 2)
            errors.push_back(invalid_value("metadata.ownerReferences", ref,
                                           "Only one reference can have Controller set to true"));
        ++i;
    }
    i = 0;
    for (const auto& f : array_at(object, {"metadata", "finalizers"})) {
        if (f.is_string() && !is_qualified_key(std::string_view(f.get_string())))
            errors.push_back(invalid_value(fmt::format("metadata.finalizers[{}]", i), f,
                                           "name part must be a qualified name"));
        ++i;
    }
}

void fill_in(const kind_info& kind, json::object& object, const json::object* before,
             service_allocator& allocator) {
    if (kind.group == "apps")
        return fill_in_workload(kind, object);
    if (!kind.group.empty())
        return;
    if (kind.plural == "services") {
        fill_in_service(object, before, allocator);
    } else if (kind.plural == "namespaces") {
        auto& metadata = make_object(object, "metadata");
        make_object(metadata, "labels")["kubernetes.io/metadata.name"] = string_at(metadata, {"name"});
        auto& spec = make_object(object, "spec");
        if (before == nullptr)
            spec["finalizers"] = json::array({"kubernetes"});
        set_default(make_object(object, "status"), "phase", "Active");
    } else if (kind.plural == "pods") {
        set_default(make_object(object, "status"), "phase", "Pending");
        auto& spec = make_object(object, "spec");
        set_default(spec, "serviceAccountName", "default");
        fill_in_pod_spec(spec);
    } else if (kind.plural == "secrets") {
        set_default(object, "type", "Opaque");
        if (const auto* text = object.if_contains("stringData"); text && text->is_object()) {
            // The write-only field is encoded into `data`.
            auto& data = make_object(object, "data");
            for (const auto& m : object.at("stringData").get_object())
                if (m.value().is_string())
                    data[m.key()] = base64(str(m.value().get_string()));
            object.erase("stringData");
        }
    }
}

void check(const kind_info& kind, const json::object& object, const json::object* before,
           const service_allocator& allocator, field_errors& errors) {
    check_metadata(kind, object, errors);
    if (kind.group == "gateway.networking.k8s.io") {
        if (kind.kind == "Gateway" || kind.kind == "ListenerSet")
            check_gateway(object, errors);
        if (kind.kind == "GatewayClass")
            immutable(object, before, {"spec", "controllerName"}, "spec.controllerName", errors);
        if (kind.kind == "TCPRoute" || kind.kind == "UDPRoute")
            check_route(object, errors);
    } else if (kind.group.empty() && kind.plural == "services") {
        check_service(object, before, allocator, errors);
    } else if (kind.kind == "EndpointSlice") {
        check_slice(object, before, errors);
    } else if (kind.group == "apps") {
        check_workload(object, before, errors);
    } else if (kind.kind == "RoleBinding" || kind.kind == "ClusterRoleBinding") {
        if (before != nullptr && find(*before, {"roleRef"}) && find(object, {"roleRef"}) &&
            *find(*before, {"roleRef"}) != *find(object, {"roleRef"}))
            errors.push_back(invalid_value("roleRef", *find(object, {"roleRef"}), "cannot change roleRef"));
    } else if (kind.kind == "ConfigMap" || kind.kind == "Secret") {
        if (kind.kind == "Secret")
            immutable(object, before, {"type"}, "type", errors);
        const auto* frozen = before ? find(*before, {"immutable"}) : nullptr;
        if (frozen && *frozen == json::value(true))
            for (const char* key : {"data", "binaryData", "immutable"}) {
                const auto* a = find(*before, {key});
                const auto* b = find(object, {key});
                if ((a == nullptr) != (b == nullptr) || (a && *a != *b))
                    errors.push_back(forbidden_field(key, "field is immutable when `immutable` is set"));
            }
        for (const auto& m : object_at(object, {"data"})) {
            const std::string key(m.key());
            if (key.empty() || key.size() > 253 || key == "." || key == ".." ||
                !std::all_of(key.begin(), key.end(),
                             [](char c) { return any_alnum(c) || c == '-' || c == '_' || c == '.'; }))
                errors.push_back(invalid_value(
                    fmt::format("data[{}]", key), json::value(key),
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"));
        }
    }
}

} // namespace gwctl::testing::detail
