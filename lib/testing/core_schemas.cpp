// How the lists of built-in kinds merge, and the types of the fields that controllers use. Everything else
// passes.
#include "json_util.hpp"
#include "kinds.hpp"
#include "schema.hpp"

#include <boost/json/parse.hpp>

#include <map>

namespace gwctl::testing::detail {

namespace {

const json::object& definitions() {
    static const json::object parsed = boost::json::parse(R"({
"str": {"type": "string"},
"strings": {"type": "object", "additionalProperties": {"type": "string"}},
"meta": {"type": "object", "properties": {
  "name": {"type": "string"}, "namespace": {"type": "string"}, "generateName": {"type": "string"},
  "labels": {"$ref": "#strings"}, "annotations": {"$ref": "#strings"},
  "resourceVersion": {"type": "string"}, "uid": {"type": "string"},
  "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge",
    "items": {"type": "string"}},
  "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
    "items": {"type": "object", "x-kubernetes-map-type": "atomic", "required": ["apiVersion", "kind", "name", "uid"],
      "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"},
        "uid": {"type": "string"}, "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}}}}},
"objectReference": {"type": "object", "x-kubernetes-map-type": "atomic"},
"selector": {"type": "object", "x-kubernetes-map-type": "atomic"},
"condition": {"type": "object"},
"conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
  "items": {"$ref": "#condition"}},
"byName": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
  "items": {"type": "object"}},
"port": {"type": "integer"},
"env": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
  "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
"container": {"type": "object", "required": ["name"], "properties": {
  "name": {"type": "string"}, "image": {"type": "string"},
  "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
    "x-kubernetes-patch-merge-key": "containerPort",
    "items": {"type": "object", "properties": {"containerPort": {"$ref": "#port"}, "name": {"type": "string"},
      "protocol": {"type": "string", "default": "TCP", "enum": ["SCTP", "TCP", "UDP"]}}}},
  "env": {"$ref": "#env"},
  "volumeMounts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["mountPath"],
    "items": {"type": "object"}}}},
"containers": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
  "items": {"$ref": "#container"}},
"podSpec": {"type": "object", "properties": {
  "containers": {"$ref": "#containers"}, "initContainers": {"$ref": "#containers"},
  "volumes": {"$ref": "#byName"}, "imagePullSecrets": {"$ref": "#byName"},
  "nodeSelector": {"$ref": "#selector"}}},
"podTemplate": {"type": "object", "properties": {"metadata": {"$ref": "#meta"}, "spec": {"$ref": "#podSpec"}}},
"rules": {"type": "array", "items": {"type": "object"}},
"subjects": {"type": "array", "items": {"type": "object"}},
"roleBinding": {"type": "object", "properties": {"roleRef": {"type": "object", "x-kubernetes-map-type": "atomic"},
  "subjects": {"$ref": "#subjects"}}},
"role": {"type": "object", "properties": {"rules": {"$ref": "#rules"}}},
"scaled": {"type": "object", "required": ["spec"], "properties": {
  "spec": {"type": "object", "required": ["selector", "template"], "properties": {"replicas": {"type": "integer", "default": 1, "minimum": 0},
    "selector": {"$ref": "#selector"}, "template": {"$ref": "#podTemplate"}}},
  "status": {"type": "object", "properties": {"conditions": {"$ref": "#conditions"}}}}},

"Namespace": {"type": "object", "properties": {"spec": {"type": "object", "properties": {
    "finalizers": {"type": "array", "items": {"type": "string"}}}},
  "status": {"type": "object", "properties": {"conditions": {"$ref": "#conditions"}}}}},
"ConfigMap": {"type": "object", "properties": {"data": {"$ref": "#strings"}, "binaryData": {"$ref": "#strings"},
  "immutable": {"type": "boolean"}}},
"Secret": {"type": "object", "properties": {"data": {"$ref": "#strings"}, "stringData": {"$ref": "#strings"},
  "type": {"type": "string"}, "immutable": {"type": "boolean"}}},
"Service": {"type": "object", "required": ["spec"], "properties": {"spec": {"type": "object", "properties": {
    "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
      "x-kubernetes-patch-merge-key": "port",
      "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"$ref": "#port"},
        "protocol": {"type": "string", "default": "TCP", "enum": ["SCTP", "TCP", "UDP"]},
        "nodePort": {"$ref": "#port"}, "appProtocol": {"type": "string"},
        "targetPort": {"x-kubernetes-int-or-string": true}}}},
    "selector": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    "type": {"type": "string", "enum": ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]},
    "clusterIP": {"type": "string"}, "clusterIPs": {"type": "array", "items": {"type": "string"}},
    "externalIPs": {"type": "array", "items": {"type": "string"}},
    "loadBalancerIP": {"type": "string"}, "loadBalancerClass": {"type": "string"},
    "ipFamilies": {"type": "array", "items": {"type": "string"}},
    "ipFamilyPolicy": {"type": "string", "enum": ["PreferDualStack", "RequireDualStack", "SingleStack"]},
    "externalTrafficPolicy": {"type": "string", "enum": ["Cluster", "Local"]},
    "internalTrafficPolicy": {"type": "string", "enum": ["Cluster", "Local"]},
    "sessionAffinity": {"type": "string", "enum": ["ClientIP", "None"]},
    "allocateLoadBalancerNodePorts": {"type": "boolean"}, "publishNotReadyAddresses": {"type": "boolean"}}},
  "status": {"type": "object", "properties": {"conditions": {"$ref": "#conditions"},
    "loadBalancer": {"type": "object", "properties": {"ingress": {"type": "array",
      "items": {"type": "object", "properties": {"ip": {"type": "string"}, "hostname": {"type": "string"},
        "ipMode": {"type": "string"}}}}}}}}}},
"Endpoints": {"type": "object", "properties": {"subsets": {"type": "array", "items": {"type": "object"}}}},
"Pod": {"type": "object", "required": ["spec"], "properties": {"spec": {"$ref": "#podSpec"}, "status": {"type": "object", "properties": {
    "conditions": {"$ref": "#conditions"},
    "podIPs": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["ip"], "items": {"type": "object"}}}}}},
"Node": {"type": "object", "properties": {"spec": {"type": "object"}, "status": {"type": "object", "properties": {
    "conditions": {"$ref": "#conditions"},
    "addresses": {"type": "array", "x-kubernetes-patch-merge-key": "type", "items": {"type": "object"}}}}}},
"ServiceAccount": {"type": "object", "properties": {"secrets": {"$ref": "#byName"}, "imagePullSecrets": {"$ref": "#byName"}}},
"Event": {"type": "object", "properties": {"involvedObject": {"$ref": "#objectReference"}, "related": {"$ref": "#objectReference"},
  "reason": {"type": "string"}, "message": {"type": "string"}, "type": {"type": "string"}, "count": {"type": "integer"}}},
"Deployment": {"$ref": "#scaled"},
"ReplicaSet": {"$ref": "#scaled"},
"EndpointSlice": {"type": "object", "required": ["addressType"], "properties": {
  "addressType": {"type": "string", "enum": ["FQDN", "IPv4", "IPv6"]},
  "endpoints": {"type": "array", "maxItems": 1000, "items": {"type": "object", "required": ["addresses"], "properties": {
    "addresses": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string"}},
    "conditions": {"type": "object", "properties": {"ready": {"type": "boolean"}, "serving": {"type": "boolean"},
      "terminating": {"type": "boolean"}}}}}},
  "ports": {"type": "array", "maxItems": 20000, "items": {"type": "object", "properties": {
    "name": {"type": "string", "default": ""}, "port": {"$ref": "#port"},
    "protocol": {"type": "string", "default": "TCP", "enum": ["SCTP", "TCP", "UDP"]}}}}}},
"Lease": {"type": "object", "properties": {"spec": {"type": "object", "properties": {
  "holderIdentity": {"type": "string"}, "leaseDurationSeconds": {"type": "integer", "minimum": 1},
  "acquireTime": {"type": "string"}, "renewTime": {"type": "string"}, "leaseTransitions": {"type": "integer", "minimum": 0}}}}},
"Role": {"$ref": "#role"}, "ClusterRole": {"$ref": "#role"},
"RoleBinding": {"$ref": "#roleBinding"}, "ClusterRoleBinding": {"$ref": "#roleBinding"},
"CustomResourceDefinition": {"type": "object", "required": ["spec"], "properties": {
  "spec": {"type": "object", "properties": {"versions": {"type": "array", "items": {"type": "object"}}}},
  "status": {"type": "object", "properties": {"conditions": {"$ref": "#conditions"}}}}}
})")
                                           .as_object();
    return parsed;
}

} // namespace

schema_ptr builtin_schema(std::string_view kind) {
    static const std::map<std::string, schema_ptr, std::less<>> all = [] {
        std::map<std::string, schema_ptr, std::less<>> out;
        for (const auto& member : definitions())
            if (member.key().front() >= 'A' && member.key().front() <= 'Z')
                out[std::string(member.key())] =
                    std::make_shared<const json::value>(resolve_references(member.value(), definitions()));
        return out;
    }();
    const auto it = all.find(kind);
    return it == all.end() ? nullptr : it->second;
}

const json::value& metadata_schema() {
    static const json::value schema = resolve_references(definitions().at("meta"), definitions());
    return schema;
}

} // namespace gwctl::testing::detail
