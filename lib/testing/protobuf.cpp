#include "protobuf.hpp"

#include "encoding.hpp"
#include "json_util.hpp"

#include <gwctl/core/time.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

namespace {

enum class type { string, integer, boolean, message, string_map, bytes_map, time, int_or_string };

// One field of a message, by its number in Kubernetes' generated.proto files.
struct field {
    unsigned number = 0;
    const char* name = "";
    type what = type::string;
    const char* message = "";
    bool repeated = false;
    /// A pointer in Go: what is sent was set, zero or not. The others are sent always and count when not
    /// zero.
    bool optional = false;
};

field text(unsigned n, const char* name) { return {n, name, type::string, "", false, false}; }
field texts(unsigned n, const char* name) { return {n, name, type::string, "", true, false}; }
field optional_text(unsigned n, const char* name) { return {n, name, type::string, "", false, true}; }
field number(unsigned n, const char* name) { return {n, name, type::integer, "", false, false}; }
field optional_number(unsigned n, const char* name) { return {n, name, type::integer, "", false, true}; }
field flag(unsigned n, const char* name) { return {n, name, type::boolean, "", false, false}; }
field optional_flag(unsigned n, const char* name) { return {n, name, type::boolean, "", false, true}; }
field one(unsigned n, const char* name, const char* m) { return {n, name, type::message, m, false, false}; }
field many(unsigned n, const char* name, const char* m) { return {n, name, type::message, m, true, false}; }
field map(unsigned n, const char* name) { return {n, name, type::string_map, "", false, false}; }

const std::map<std::string, std::vector<field>, std::less<>>& messages() {
    static const std::map<std::string, std::vector<field>, std::less<>> all = {
        {"Meta",
         {text(1, "name"),
          text(2, "generateName"),
          text(3, "namespace"),
          text(5, "uid"),
          text(6, "resourceVersion"),
          number(7, "generation"),
          {8, "creationTimestamp", type::time, "", false, false},
          map(11, "labels"),
          map(12, "annotations"),
          many(13, "ownerReferences", "OwnerReference"),
          texts(14, "finalizers")}},
        {"OwnerReference",
         {text(5, "apiVersion"), text(1, "kind"), text(3, "name"), text(4, "uid"),
          optional_flag(6, "controller"), optional_flag(7, "blockOwnerDeletion")}},
        {"Reference", {text(1, "name")}},
        {"ObjectReference",
         {text(1, "kind"), text(2, "namespace"), text(3, "name"), text(4, "uid"), text(5, "apiVersion"),
          text(6, "resourceVersion"), text(7, "fieldPath")}},
        {"Selector", {map(1, "matchLabels"), many(2, "matchExpressions", "SelectorTerm")}},
        {"SelectorTerm", {text(1, "key"), text(2, "operator"), texts(3, "values")}},

        {"Namespace", {one(1, "metadata", "Meta"), one(2, "spec", "NamespaceSpec")}},
        {"NamespaceSpec", {texts(1, "finalizers")}},
        {"ConfigMap",
         {one(1, "metadata", "Meta"),
          map(2, "data"),
          {3, "binaryData", type::bytes_map, "", false, false},
          optional_flag(4, "immutable")}},
        {"Secret",
         {one(1, "metadata", "Meta"),
          {2, "data", type::bytes_map, "", false, false},
          text(3, "type"),
          map(4, "stringData"),
          optional_flag(5, "immutable")}},
        {"ServiceAccount",
         {one(1, "metadata", "Meta"), many(2, "secrets", "ObjectReference"),
          many(3, "imagePullSecrets", "Reference")}},
        {"Service", {one(1, "metadata", "Meta"), one(2, "spec", "ServiceSpec")}},
        {"ServiceSpec",
         {many(1, "ports", "ServicePort"), map(2, "selector"), text(3, "clusterIP"), text(4, "type"),
          texts(5, "externalIPs"), text(7, "sessionAffinity"), text(8, "loadBalancerIP"),
          texts(9, "loadBalancerSourceRanges"), text(10, "externalName"), text(11, "externalTrafficPolicy"),
          number(12, "healthCheckNodePort"), flag(13, "publishNotReadyAddresses"),
          optional_text(17, "ipFamilyPolicy"), texts(18, "clusterIPs"), texts(19, "ipFamilies"),
          optional_flag(20, "allocateLoadBalancerNodePorts"), optional_text(21, "loadBalancerClass"),
          optional_text(22, "internalTrafficPolicy")}},
        {"ServicePort",
         {text(1, "name"),
          text(2, "protocol"),
          number(3, "port"),
          {4, "targetPort", type::int_or_string, "", false, false},
          number(5, "nodePort"),
          optional_text(6, "appProtocol")}},
        {"Role", {one(1, "metadata", "Meta"), many(2, "rules", "PolicyRule")}},
        {"ClusterRole", {one(1, "metadata", "Meta"), many(2, "rules", "PolicyRule")}},
        {"PolicyRule",
         {texts(1, "verbs"), texts(2, "apiGroups"), texts(3, "resources"), texts(4, "resourceNames"),
          texts(5, "nonResourceURLs")}},
        {"RoleBinding",
         {one(1, "metadata", "Meta"), many(2, "subjects", "Subject"), one(3, "roleRef", "RoleRef")}},
        {"ClusterRoleBinding",
         {one(1, "metadata", "Meta"), many(2, "subjects", "Subject"), one(3, "roleRef", "RoleRef")}},
        {"Subject", {text(1, "kind"), text(2, "apiGroup"), text(3, "name"), text(4, "namespace")}},
        {"RoleRef", {text(1, "apiGroup"), text(2, "kind"), text(3, "name")}},
        {"Deployment", {one(1, "metadata", "Meta"), one(2, "spec", "DeploymentSpec")}},
        {"DeploymentSpec",
         {optional_number(1, "replicas"), one(2, "selector", "Selector"), one(3, "template", "PodTemplate")}},
        {"PodTemplate", {one(1, "metadata", "Meta"), one(2, "spec", "PodSpec")}},
        {"Pod", {one(1, "metadata", "Meta"), one(2, "spec", "PodSpec")}},
        {"PodSpec",
         {many(2, "containers", "Container"), text(3, "restartPolicy"), text(6, "dnsPolicy"),
          map(7, "nodeSelector"), text(8, "serviceAccountName"), text(10, "nodeName"),
          many(20, "initContainers", "Container")}},
        {"Container",
         {text(1, "name"), text(2, "image"), texts(3, "command"), texts(4, "args"),
          many(6, "ports", "ContainerPort"), many(7, "env", "EnvVar"), text(14, "imagePullPolicy")}},
        {"ContainerPort",
         {text(1, "name"), number(2, "hostPort"), number(3, "containerPort"), text(4, "protocol"),
          text(5, "hostIP")}},
        {"EnvVar", {text(1, "name"), text(2, "value")}},
        {"SelfSubjectAccessReview", {one(1, "metadata", "Meta"), one(2, "spec", "AccessReviewSpec")}},
        {"SelfSubjectRulesReview", {one(1, "metadata", "Meta")}},
        {"AccessReviewSpec", {one(1, "resourceAttributes", "ResourceAttributes")}},
        {"ResourceAttributes",
         {text(1, "namespace"), text(2, "verb"), text(3, "group"), text(4, "version"), text(5, "resource"),
          text(6, "subresource"), text(7, "name")}},
        {"DeleteOptions",
         {optional_number(1, "gracePeriodSeconds"), one(2, "preconditions", "Preconditions"),
          optional_flag(3, "orphanDependents"), optional_text(4, "propagationPolicy"), texts(5, "dryRun")}},
        {"Preconditions", {optional_text(1, "uid"), optional_text(2, "resourceVersion")}},
    };
    return all;
}

// Walks the fields of one message; ends early, with `broken` set, where the bytes do not make sense.
class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes) {}

    bool next(unsigned& number, std::uint64_t& value, std::string_view& bytes) {
        if (rest_.empty())
            return false;
        std::uint64_t tag = 0;
        if (!varint(tag))
            return false;
        number = static_cast<unsigned>(tag >> 3);
        switch (tag & 7) {
        case 0:
            return varint(value);
        case 1:
            return skip(8);
        case 5:
            return skip(4);
        case 2: {
            std::uint64_t size = 0;
            if (!varint(size) || size > rest_.size())
                return fail();
            bytes = rest_.substr(0, size);
            rest_.remove_prefix(size);
            return true;
        }
        default:
            return fail();
        }
    }
    bool broken() const { return broken_; }

private:
    bool fail() {
        broken_ = true;
        return false;
    }
    bool skip(std::size_t n) {
        if (n > rest_.size())
            return fail();
        rest_.remove_prefix(n);
        return true;
    }
    bool varint(std::uint64_t& out) {
        out = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (rest_.empty())
                return fail();
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0)
                return true;
        }
        return fail();
    }

    std::string_view rest_;
    bool broken_ = false;
};

struct malformed {};

json::object read_message(std::string_view bytes, std::string_view name);

// int_or_string: 1 type, 2 number, 3 text.
json::value read_int_or_string(std::string_view bytes) {
    reader r(bytes);
    unsigned n = 0;
    std::uint64_t value = 0, kind = 0, number = 0;
    std::string_view part, string;
    while (r.next(n, value, part)) {
        if (n == 1)
            kind = value;
        if (n == 2)
            number = value;
        if (n == 3)
            string = part;
    }
    if (kind == 0)
        return number == 0 ? json::value() : json::value(static_cast<std::int64_t>(number));
    return json::value(std::string(string));
}

void read_entry(json::object& into, std::string_view bytes, bool encode) {
    reader r(bytes);
    unsigned n = 0;
    std::uint64_t value = 0;
    std::string_view part, key, content;
    while (r.next(n, value, part))
        (n == 1 ? key : content) = part;
    into[key] = encode ? base64(content) : std::string(content);
}

void read_field(json::object& out, const field& f, std::uint64_t value, std::string_view bytes) {
    json::value v;
    switch (f.what) {
    case type::string:
        if (bytes.empty() && !f.repeated && !f.optional)
            return;
        v = std::string(bytes);
        break;
    case type::integer:
        if (value == 0 && !f.optional)
            return;
        v = static_cast<std::int64_t>(value);
        break;
    case type::boolean:
        if (value == 0 && !f.optional)
            return;
        v = value != 0;
        break;
    case type::message: {
        auto o = read_message(bytes, f.message);
        if (o.empty() && !f.repeated)
            return;
        v = std::move(o);
        break;
    }
    case type::string_map:
    case type::bytes_map:
        read_entry(make_object(out, f.name), bytes, f.what == type::bytes_map);
        return;
    case type::time:
        return; // the server sets them
    case type::int_or_string:
        v = read_int_or_string(bytes);
        if (v.is_null())
            return;
        break;
    }
    if (f.repeated)
        make_array(out, f.name).push_back(std::move(v));
    else
        out[f.name] = std::move(v);
}

json::object read_message(std::string_view bytes, std::string_view name) {
    const auto& fields = messages().find(name)->second;
    json::object out;
    reader r(bytes);
    unsigned n = 0;
    std::uint64_t value = 0;
    std::string_view part;
    while (r.next(n, value, part))
        for (const auto& f : fields)
            if (f.number == n)
                read_field(out, f, value, part);
    if (r.broken())
        throw malformed();
    return out;
}

} // namespace

std::optional<json::value> parse_protobuf(std::string_view body) {
    constexpr std::string_view magic("k8s\0", 4);
    if (body.substr(0, magic.size()) != magic)
        return std::nullopt;
    // runtime.Unknown: 1 typeMeta {1 apiVersion, 2 kind}, 2 raw.
    reader r(body.substr(magic.size()));
    unsigned n = 0;
    std::uint64_t value = 0;
    std::string_view part, raw;
    std::string api_version, kind;
    while (r.next(n, value, part)) {
        if (n == 2)
            raw = part;
        if (n != 1)
            continue;
        reader meta(part);
        std::string_view text_part;
        while (meta.next(n, value, text_part))
            (n == 1 ? api_version : kind) = text_part;
    }
    if (r.broken() || !messages().contains(kind))
        return std::nullopt;
    try {
        auto object = read_message(raw, kind);
        object["apiVersion"] = api_version;
        object["kind"] = kind;
        return json::value(std::move(object));
    } catch (const malformed&) {
        return std::nullopt;
    }
}

} // namespace gwctl::testing::detail
