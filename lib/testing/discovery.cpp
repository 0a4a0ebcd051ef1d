#include "json_util.hpp"
#include "missing.hpp"
#include "rest.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace gwctl::testing::detail {

namespace {

// The version a stock kubectl of today and of five years ago accepts without a skew warning does not exist;
// this one says which semantics are modelled.
constexpr const char* server_version = "v1.36.0";

json::array strings(const std::vector<std::string>& in) {
    json::array out;
    for (const auto& s : in)
        out.push_back(json::value(s));
    return out;
}

// "v1" before "v1beta1" before "v1alpha2"; higher numbers first.
bool precedes(const std::string& a, const std::string& b) {
    auto rank = [](const std::string& v) {
        const int stage = v.find("alpha") != std::string::npos  ? 0
                          : v.find("beta") != std::string::npos ? 1
                                                                : 2;
        return std::pair(stage, v);
    };
    return rank(a) > rank(b);
}

std::map<std::string, std::vector<std::string>> served_groups(const cluster& c) {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& kind : c.kinds())
        for (const auto& v : kind->versions) {
            auto& versions = out[kind->group];
            if (v.served && std::find(versions.begin(), versions.end(), v.name) == versions.end())
                versions.push_back(v.name);
        }
    for (auto it = out.begin(); it != out.end();) {
        std::sort(it->second.begin(), it->second.end(), precedes);
        it = it->second.empty() ? out.erase(it) : std::next(it);
    }
    return out;
}

json::object group_object(const std::string& group, const std::vector<std::string>& versions) {
    json::array list;
    for (const auto& v : versions) {
        json::object one;
        one["groupVersion"] = group + "/" + v;
        one["version"] = v;
        list.push_back(std::move(one));
    }
    json::object out;
    out["name"] = group;
    out["preferredVersion"] = list.front();
    out["versions"] = std::move(list);
    return out;
}

json::value resource_list(const cluster& c, const std::string& group, const std::string& version) {
    json::array resources;
    for (const auto& kind : c.kinds()) {
        const auto* v = kind->version(version);
        if (kind->group != group || v == nullptr || !v->served)
            continue;
        json::object one;
        one["name"] = kind->plural;
        one["singularName"] = kind->singular;
        one["namespaced"] = kind->namespaced;
        one["kind"] = kind->kind;
        const bool collection = kind->plural != "namespaces";
        if (kind->virtual_kind)
            one["verbs"] = strings({"create"});
        else if (collection)
            one["verbs"] =
                strings({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"});
        else
            one["verbs"] = strings({"create", "delete", "get", "list", "patch", "update", "watch"});
        if (!kind->short_names.empty())
            one["shortNames"] = strings(kind->short_names);
        if (!kind->categories.empty())
            one["categories"] = strings(kind->categories);
        resources.push_back(std::move(one));
        if (kind->has_status) {
            json::object status;
            status["name"] = kind->plural + "/status";
            status["singularName"] = "";
            status["namespaced"] = kind->namespaced;
            status["kind"] = kind->kind;
            status["verbs"] = strings({"get", "patch", "update"});
            resources.push_back(std::move(status));
        }
    }
    json::object out;
    out["kind"] = "APIResourceList";
    out["apiVersion"] = "v1";
    out["groupVersion"] = group.empty() ? version : group + "/" + version;
    out["resources"] = std::move(resources);
    return out;
}

http_response text(std::string body) {
    http_response out;
    out.content_type = "text/plain; charset=utf-8";
    out.body = std::move(body);
    return out;
}

} // namespace

std::optional<http_response> discovery(const cluster& c, const http_request& r,
                                       const std::vector<std::string>& segments) {
    const auto n = segments.size();
    const auto first = n ? segments[0] : std::string();
    const bool known = n == 0 || first == "version" || first == "openapi" || first == "healthz" ||
                       first == "livez" || first == "readyz" || (first == "api" && n <= 2) ||
                       (first == "apis" && n <= 3);
    if (!known)
        return std::nullopt;
    if (r.method != "GET" && r.method != "HEAD")
        throw method_not_allowed();
    const auto groups = served_groups(c);
    if (n == 0) {
        json::object out;
        out["paths"] = strings({"/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2",
                                "/openapi/v3", "/readyz", "/version"});
        return answer(200, out);
    }
    if (first == "healthz" || first == "livez" || first == "readyz")
        return text("ok");
    if (first == "version") {
        json::object out;
        out["major"] = "1";
        out["minor"] = "32";
        out["gitVersion"] = std::string(server_version) + "+gwctl";
        out["gitCommit"] = "";
        out["gitTreeState"] = "clean";
        out["buildDate"] = "1970-01-01T00:00:00Z";
        out["goVersion"] = "";
        out["compiler"] = "";
        out["platform"] = "linux/amd64";
        return answer(200, out);
    }
    if (first == "openapi") {
        if (n == 2 && segments[1] == "v2") {
            http_response out;
            if (r.accept.find("protobuf") != std::string::npos) {
                out.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
                out.body = openapi_v2(c);
                return out;
            }
            out.body =
                R"({"swagger":"2.0","info":{"title":"gwctl","version":"v1"},"paths":{},"definitions":{}})";
            return out;
        }
        if (n == 2 && segments[1] == "v3")
            return answer(200, json::value{{"paths", json::object()}});
        throw no_such_path();
    }
    if (first == "api") {
        if (n == 2) {
            if (segments[1] != "v1")
                throw no_such_path();
            return answer(200, resource_list(c, "", "v1"));
        }
        json::object address;
        address["clientCIDR"] = "0.0.0.0/0";
        address["serverAddress"] = "";
        json::object out;
        out["kind"] = "APIVersions";
        out["versions"] = strings({"v1"});
        out["serverAddressByClientCIDRs"] = json::array({json::value(std::move(address))});
        return answer(200, out);
    }
    if (n == 1) {
        json::array list;
        for (const auto& [group, versions] : groups)
            if (!group.empty())
                list.push_back(group_object(group, versions));
        json::object out;
        out["kind"] = "APIGroupList";
        out["apiVersion"] = "v1";
        out["groups"] = std::move(list);
        return answer(200, out);
    }
    const auto it = groups.find(segments[1]);
    if (it == groups.end() || it->first.empty())
        throw missing_group(c, segments[1]);
    if (n == 2) {
        auto out = group_object(it->first, it->second);
        out["kind"] = "APIGroup";
        out["apiVersion"] = "v1";
        return answer(200, out);
    }
    if (std::find(it->second.begin(), it->second.end(), segments[2]) == it->second.end())
        throw no_such_path();
    return answer(200, resource_list(c, segments[1], segments[2]));
}

} // namespace gwctl::testing::detail
