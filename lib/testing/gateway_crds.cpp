// The Gateway API kinds as CustomResourceDefinitions: defaults, requirements, patterns and bounds of
// release 1.6, standard channel, with the older versions served too. That there are CEL rules is said, and
// not which: rules_gateway.cpp has those that matter. HTTPRoute is open below its rules.
#include "json_util.hpp"
#include "kinds.hpp"
#include "schema.hpp"

#include <boost/json/parse.hpp>

namespace gwctl::testing::detail {

namespace {

const json::object& definitions() {
    static const json::object parsed = boost::json::parse(R"json({
"group": {"type": "string", "maxLength": 253,
  "pattern": "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"},
"kind": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"},
"name": {"type": "string", "minLength": 1, "maxLength": 253},
"namespace": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
"sectionName": {"type": "string", "minLength": 1, "maxLength": 253,
  "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"},
"port": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 65535},
"controllerName": {"type": "string", "minLength": 1, "maxLength": 253,
  "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$"},
"condition": {"type": "object", "required": ["lastTransitionTime", "message", "reason", "status", "type"], "properties": {
  "lastTransitionTime": {"type": "string", "format": "date-time"},
  "message": {"type": "string", "maxLength": 32768},
  "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
  "reason": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
  "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
  "type": {"type": "string", "maxLength": 316,
    "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"}}},
"conditions": {"type": "array", "maxItems": 8, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
  "items": {"$ref": "#condition"}},
"accepted": {"type": "Accepted", "status": "Unknown", "reason": "Pending", "message": "Waiting for controller",
  "lastTransitionTime": "1970-01-01T00:00:00Z"},
"programmed": {"type": "Programmed", "status": "Unknown", "reason": "Pending", "message": "Waiting for controller",
  "lastTransitionTime": "1970-01-01T00:00:00Z"},
"labelSelector": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
  "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
  "matchExpressions": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "object",
    "required": ["key", "operator"], "properties": {"key": {"type": "string"}, "operator": {"type": "string"},
      "values": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}}}}}}},
"parametersRef": {"type": "object", "required": ["group", "kind", "name"], "properties": {
  "group": {"$ref": "#group"}, "kind": {"$ref": "#kind"}, "name": {"$ref": "#name"}}},
"classParametersRef": {"type": "object", "required": ["group", "kind", "name"], "properties": {
  "group": {"$ref": "#group"}, "kind": {"$ref": "#kind"}, "name": {"$ref": "#name"}, "namespace": {"$ref": "#namespace"}}},
"addressType": {"type": "string", "default": "IPAddress", "minLength": 1, "maxLength": 253,
  "pattern": "^Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$"},
"ipAddress": {"oneOf": [
  {"properties": {"type": {"enum": ["IPAddress"]}, "value": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}},
  {"properties": {"type": {"not": {"enum": ["IPAddress"]}}}}]},
"addresses": {"type": "array", "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#ipAddress", "type": "object",
  "properties": {"type": {"$ref": "#addressType"}, "value": {"type": "string", "maxLength": 253}}}},
"statusAddresses": {"type": "array", "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#ipAddress", "type": "object",
  "required": ["value"],
  "properties": {"type": {"$ref": "#addressType"}, "value": {"type": "string", "minLength": 1, "maxLength": 253}}}},
"routeKind": {"type": "object", "required": ["kind"], "properties": {
  "group": {"$ref": "#group", "default": "gateway.networking.k8s.io"}, "kind": {"$ref": "#kind"}}},
"allowedRoutes": {"type": "object", "default": {"namespaces": {"from": "Same"}}, "properties": {
  "kinds": {"type": "array", "maxItems": 8, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#routeKind"}},
  "namespaces": {"type": "object", "default": {"from": "Same"}, "properties": {
    "from": {"type": "string", "default": "Same", "enum": ["All", "Selector", "Same"]},
    "selector": {"$ref": "#labelSelector"}}}}},
"tls": {"type": "object", "properties": {
  "certificateRefs": {"type": "array", "maxItems": 64, "x-kubernetes-list-type": "atomic", "items": {"type": "object",
    "required": ["name"], "properties": {"group": {"$ref": "#group", "default": ""},
      "kind": {"$ref": "#kind", "default": "Secret"}, "name": {"$ref": "#name"}, "namespace": {"$ref": "#namespace"}}}},
  "mode": {"type": "string", "default": "Terminate", "enum": ["Terminate", "Passthrough"]},
  "options": {"type": "object", "maxProperties": 16, "additionalProperties": {"type": "string", "minLength": 0, "maxLength": 4096}}}},
"listener": {"type": "object", "required": ["name", "port", "protocol"], "properties": {
  "allowedRoutes": {"$ref": "#allowedRoutes"},
  "hostname": {"type": "string", "minLength": 1, "maxLength": 253,
    "pattern": "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"},
  "name": {"$ref": "#sectionName"}, "port": {"$ref": "#port"},
  "protocol": {"type": "string", "minLength": 1, "maxLength": 255,
    "pattern": "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$"},
  "tls": {"$ref": "#tls"}}},
"listeners": {"type": "array", "minItems": 1, "maxItems": 64, "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"], "items": {"$ref": "#listener"}},
"listenerStatuses": {"type": "array", "maxItems": 64, "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object", "required": ["attachedRoutes", "conditions", "name"],
  "properties": {"attachedRoutes": {"type": "integer", "format": "int32"}, "conditions": {"$ref": "#conditions"},
    "name": {"$ref": "#sectionName"},
    "supportedKinds": {"type": "array", "maxItems": 8, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#routeKind"}}}}},
"parentRef": {"type": "object", "required": ["name"], "properties": {
  "group": {"$ref": "#group", "default": "gateway.networking.k8s.io"}, "kind": {"$ref": "#kind", "default": "Gateway"},
  "name": {"$ref": "#name"}, "namespace": {"$ref": "#namespace"}, "port": {"$ref": "#port"},
  "sectionName": {"$ref": "#sectionName"}}},
"parentRefs": {"type": "array", "maxItems": 32, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#parentRef"}},
"backendRef": {"type": "object", "required": ["name"], "properties": {
  "group": {"$ref": "#group", "default": ""}, "kind": {"$ref": "#kind", "default": "Service"}, "name": {"$ref": "#name"},
  "namespace": {"$ref": "#namespace"}, "port": {"$ref": "#port"},
  "weight": {"type": "integer", "format": "int32", "default": 1, "minimum": 0, "maximum": 1000000}}},
"routeStatus": {"type": "object", "required": ["parents"], "properties": {"parents": {"type": "array", "maxItems": 32,
  "x-kubernetes-list-type": "atomic", "items": {"type": "object", "required": ["conditions", "controllerName", "parentRef"],
  "properties": {"conditions": {"$ref": "#conditions", "minItems": 1}, "controllerName": {"$ref": "#controllerName"},
    "parentRef": {"$ref": "#parentRef"}}}}}},
"l4Rule": {"type": "object", "required": ["backendRefs"], "properties": {
  "backendRefs": {"type": "array", "minItems": 1, "maxItems": 16, "x-kubernetes-list-type": "atomic",
    "items": {"$ref": "#backendRef"}},
  "name": {"$ref": "#sectionName"}}},
"l4Rules": {"type": "array", "minItems": 1, "maxItems": 1, "x-kubernetes-list-type": "atomic", "items": {"$ref": "#l4Rule"}},
"l4Route": {"type": "object", "x-kubernetes-validations": [], "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["rules"], "properties": {"parentRefs": {"$ref": "#parentRefs"},
    "rules": {"$ref": "#l4Rules"}}},
  "status": {"$ref": "#routeStatus"}}},
"l4RouteAlpha": {"type": "object", "x-kubernetes-validations": [], "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["rules"], "properties": {"parentRefs": {"$ref": "#parentRefs"},
    "rules": {"$ref": "#l4Rules", "maxItems": 16}}},
  "status": {"$ref": "#routeStatus"}}},

"clientValidation": {"type": "object", "properties": {"validation": {"type": "object", "required": ["caCertificateRefs"], "properties": {
  "caCertificateRefs": {"type": "array", "minItems": 1, "maxItems": 16, "x-kubernetes-list-type": "atomic",
    "items": {"$ref": "#classParametersRef"}},
  "mode": {"type": "string", "default": "AllowValidOnly", "enum": ["AllowValidOnly", "AllowInsecureFallback"]}}}}},
"gatewayTLS": {"type": "object", "properties": {
  "backend": {"type": "object", "properties": {"clientCertificateRef": {"type": "object", "required": ["name"], "properties": {
    "group": {"$ref": "#group", "default": ""}, "kind": {"$ref": "#kind", "default": "Secret"}, "name": {"$ref": "#name"},
    "namespace": {"$ref": "#namespace"}}}}},
  "frontend": {"type": "object", "required": ["default"], "properties": {"default": {"$ref": "#clientValidation"},
    "perPort": {"type": "array", "maxItems": 64, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"],
      "items": {"type": "object", "required": ["port", "tls"], "properties": {"port": {"$ref": "#port"},
        "tls": {"$ref": "#clientValidation"}}}}}}}},
"gatewayClass": {"type": "object", "x-kubernetes-validations": [], "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["controllerName"], "properties": {"controllerName": {"$ref": "#controllerName"},
    "description": {"type": "string", "maxLength": 64}, "parametersRef": {"$ref": "#classParametersRef"}}},
  "status": {"type": "object", "default": {"conditions": [{"$ref": "#accepted"}]}, "properties": {
    "conditions": {"$ref": "#conditions", "default": [{"$ref": "#accepted"}]},
    "supportedFeatures": {"type": "array", "maxItems": 64, "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}}}}},
"gateway": {"type": "object", "x-kubernetes-validations": [], "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["gatewayClassName", "listeners"], "properties": {
    "addresses": {"$ref": "#addresses"},
    "allowedListeners": {"type": "object", "properties": {"namespaces": {"type": "object", "default": {"from": "None"},
      "properties": {"from": {"type": "string", "default": "None", "enum": ["All", "Selector", "Same", "None"]},
        "selector": {"$ref": "#labelSelector"}}}}},
    "gatewayClassName": {"$ref": "#name"},
    "infrastructure": {"type": "object", "properties": {
      "annotations": {"type": "object", "maxProperties": 16, "additionalProperties": {"type": "string", "minLength": 0, "maxLength": 4096}},
      "labels": {"type": "object", "maxProperties": 8, "additionalProperties": {"type": "string", "minLength": 0, "maxLength": 63,
        "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"}},
      "parametersRef": {"$ref": "#parametersRef"}}},
    "listeners": {"$ref": "#listeners"},
    "tls": {"$ref": "#gatewayTLS"}}},
  "status": {"type": "object", "default": {"conditions": [{"$ref": "#accepted"}, {"$ref": "#programmed"}]}, "properties": {
    "addresses": {"$ref": "#statusAddresses"},
    "attachedListenerSets": {"type": "integer", "format": "int32"},
    "conditions": {"$ref": "#conditions", "default": [{"$ref": "#accepted"}, {"$ref": "#programmed"}]},
    "listeners": {"$ref": "#listenerStatuses"}}}}},
"listenerSet": {"type": "object", "x-kubernetes-validations": [], "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["listeners", "parentRef"], "properties": {"listeners": {"$ref": "#listeners"},
    "parentRef": {"type": "object", "required": ["name"], "properties": {
      "group": {"$ref": "#group", "default": "gateway.networking.k8s.io"},
      "kind": {"$ref": "#kind", "default": "Gateway"}, "name": {"$ref": "#name"}, "namespace": {"$ref": "#namespace"}}}}},
  "status": {"type": "object", "default": {"conditions": [{"$ref": "#accepted"}, {"$ref": "#programmed"}]}, "properties": {
    "conditions": {"$ref": "#conditions", "default": [{"$ref": "#accepted"}, {"$ref": "#programmed"}]},
    "listeners": {"$ref": "#listenerStatuses"}}}}},
"referenceGrant": {"type": "object", "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["from", "to"], "properties": {
    "from": {"type": "array", "minItems": 1, "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {"type": "object",
      "required": ["group", "kind", "namespace"],
      "properties": {"group": {"$ref": "#group"}, "kind": {"$ref": "#kind"}, "namespace": {"$ref": "#namespace"}}}},
    "to": {"type": "array", "minItems": 1, "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {"type": "object",
      "required": ["group", "kind"],
      "properties": {"group": {"$ref": "#group"}, "kind": {"$ref": "#kind"}, "name": {"$ref": "#name"}}}}}}}},
"httpMatches": {"type": "array", "maxItems": 64, "x-kubernetes-list-type": "atomic",
  "default": [{"path": {"type": "PathPrefix", "value": "/"}}], "items": {"type": "object",
    "x-kubernetes-preserve-unknown-fields": true, "properties": {"path": {"type": "object",
      "default": {"type": "PathPrefix", "value": "/"}, "properties": {
        "type": {"type": "string", "default": "PathPrefix", "enum": ["Exact", "PathPrefix", "RegularExpression"]},
        "value": {"type": "string", "default": "/", "maxLength": 1024}}}}}},
"httpBackendRef": {"$ref": "#backendRef", "x-kubernetes-preserve-unknown-fields": true},
"httpRules": {"type": "array", "minItems": 1, "maxItems": 16, "x-kubernetes-list-type": "atomic",
  "default": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}], "items": {"type": "object",
    "x-kubernetes-preserve-unknown-fields": true, "properties": {"matches": {"$ref": "#httpMatches"},
      "backendRefs": {"type": "array", "maxItems": 16, "x-kubernetes-list-type": "atomic",
        "items": {"$ref": "#httpBackendRef"}}}}},
"httpRoute": {"type": "object", "required": ["spec"], "properties": {
  "spec": {"type": "object", "properties": {"parentRefs": {"$ref": "#parentRefs"},
    "hostnames": {"type": "array", "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {"type": "string",
      "minLength": 1, "maxLength": 253,
      "pattern": "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}},
    "rules": {"$ref": "#httpRules"}}},
  "status": {"$ref": "#routeStatus"}}}
})json")
                                           .as_object();
    return parsed;
}

json::value columns(std::string_view text) { return boost::json::parse({text.data(), text.size()}); }

struct version {
    const char* name;
    const char* schema;
};

json::value definition(const char* kind, const char* plural, std::vector<const char*> short_names,
                       bool namespaced, bool status, const json::value& printed,
                       std::vector<version> versions) {
    std::string singular;
    for (const char* c = kind; *c; ++c)
        singular += static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    json::object names;
    names["categories"] = json::array({"gateway-api"});
    names["kind"] = kind;
    names["listKind"] = std::string(kind) + "List";
    names["plural"] = plural;
    names["singular"] = singular;
    if (!short_names.empty()) {
        auto& list = make_array(names, "shortNames");
        for (const auto* s : short_names)
            list.push_back(json::value(s));
    }
    json::array out;
    for (const auto& v : versions) {
        json::object one;
        one["name"] = v.name;
        one["served"] = true;
        one["storage"] = out.empty();
        one["additionalPrinterColumns"] = printed;
        auto schema = resolve_references(definitions().at(v.schema), definitions());
        auto& properties = make_object(schema.as_object(), "properties");
        make_object(properties, "apiVersion")["type"] = "string";
        make_object(properties, "kind")["type"] = "string";
        make_object(properties, "metadata")["type"] = "object";
        make_object(one, "schema")["openAPIV3Schema"] = std::move(schema);
        auto& subresources = make_object(one, "subresources");
        if (status)
            make_object(subresources, "status");
        out.push_back(std::move(one));
    }
    json::object spec;
    spec["group"] = "gateway.networking.k8s.io";
    spec["names"] = std::move(names);
    spec["scope"] = namespaced ? "Namespaced" : "Cluster";
    spec["versions"] = std::move(out);
    json::object annotations;
    annotations["gateway.networking.k8s.io/bundle-version"] = "v1.6.1";
    annotations["gateway.networking.k8s.io/channel"] = "standard";
    json::object metadata;
    metadata["name"] = std::string(plural) + ".gateway.networking.k8s.io";
    metadata["annotations"] = std::move(annotations);
    json::object crd;
    crd["apiVersion"] = "apiextensions.k8s.io/v1";
    crd["kind"] = "CustomResourceDefinition";
    crd["metadata"] = std::move(metadata);
    crd["spec"] = std::move(spec);
    return crd;
}

} // namespace

std::vector<json::value> gateway_api_definitions() {
    const auto age =
        columns(R"([{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}])");
    const auto of_class = columns(R"([
        {"name": "Controller", "type": "string", "jsonPath": ".spec.controllerName"},
        {"name": "Accepted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Accepted\")].status"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1}])");
    const auto of_gateway = columns(R"([
        {"name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"},
        {"name": "Address", "type": "string", "jsonPath": ".status.addresses[*].value"},
        {"name": "Programmed", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Programmed\")].status"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}])");
    const auto of_set = columns(R"([
        {"name": "Accepted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Accepted\")].status"},
        {"name": "Programmed", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Programmed\")].status"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}])");
    const auto of_http = columns(R"([
        {"name": "Hostnames", "type": "string", "jsonPath": ".spec.hostnames"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}])");
    // The first version of each is the one stored.
    return {
        definition("GatewayClass", "gatewayclasses", {"gc"}, false, true, of_class,
                   {{"v1", "gatewayClass"}, {"v1beta1", "gatewayClass"}}),
        definition("Gateway", "gateways", {"gtw"}, true, true, of_gateway,
                   {{"v1", "gateway"}, {"v1beta1", "gateway"}}),
        definition("HTTPRoute", "httproutes", {}, true, true, of_http,
                   {{"v1", "httpRoute"}, {"v1beta1", "httpRoute"}}),
        definition("ListenerSet", "listenersets", {"lset"}, true, true, of_set, {{"v1", "listenerSet"}}),
        definition("ReferenceGrant", "referencegrants", {"refgrant"}, true, false, age,
                   {{"v1", "referenceGrant"}, {"v1beta1", "referenceGrant"}}),
        definition("TCPRoute", "tcproutes", {}, true, true, age,
                   {{"v1", "l4Route"}, {"v1alpha2", "l4RouteAlpha"}}),
        definition("UDPRoute", "udproutes", {}, true, true, age,
                   {{"v1", "l4Route"}, {"v1alpha2", "l4RouteAlpha"}}),
    };
}

} // namespace gwctl::testing::detail
