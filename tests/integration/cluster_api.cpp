#include "cluster_api.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::tests {
namespace {

bool has_verb(const json::value& resource, std::string_view verb) {
    const auto& verbs = resource.at("verbs").as_array();
    return std::any_of(verbs.begin(), verbs.end(),
                       [&](const json::value& v) { return v.as_string() == verb; });
}

std::string text(const json::value& v) { return std::string(v.as_string()); }

std::string object_path(const served_kind& kind, std::string_view namespace_, std::string_view name) {
    const std::string in = kind.namespaced ? fmt::format("/namespaces/{}", namespace_) : std::string();
    return fmt::format("{}{}/{}/{}", kind.path, in, kind.plural, name);
}

} // namespace

std::string listed_object::namespace_() const {
    const json::value* ns = metadata().if_contains("namespace");
    return ns == nullptr ? std::string() : text(*ns);
}

std::string listed_object::describe() const {
    return fmt::format("{} {}{}", kind->name(), kind->namespaced ? namespace_() + "/" : "", name());
}

cluster_api::cluster_api(cluster_config config) : client_(std::move(config)) {
    discover("", "/api/v1");
    const json::value groups = boost::json::parse(client_.send("GET", "/apis"));
    for (const json::value& group : groups.at("groups").as_array())
        for (const json::value& version : group.at("versions").as_array()) // the preferred one comes first
            discover(text(group.at("name")), "/apis/" + text(version.at("groupVersion")));
}

void cluster_api::discover(const std::string& group, const std::string& path) {
    const json::value found = boost::json::parse(client_.send("GET", path));
    for (const json::value& resource : found.at("resources").as_array()) {
        served_kind kind;
        kind.group = group;
        kind.path = path;
        kind.plural = text(resource.at("name"));
        kind.namespaced = resource.at("namespaced").as_bool();
        const auto same = [&](const served_kind& k) { return k.name() == kind.name(); };
        const bool subresource = kind.plural.find('/') != std::string::npos;
        if (!subresource && has_verb(resource, "list") && std::none_of(kinds_.begin(), kinds_.end(), same))
            kinds_.push_back(std::move(kind));
    }
}

std::vector<listed_object> cluster_api::list(const std::function<bool(const served_kind&)>& wanted) {
    std::vector<listed_object> all;
    for (const served_kind& kind : kinds_) {
        if (!wanted(kind))
            continue;
        json::value page = boost::json::parse(client_.send("GET", kind.path + "/" + kind.plural));
        json::value& items = page.at("items");
        if (items.is_array()) // null when there are none
            for (json::value& item : items.get_array())
                all.push_back({&kind, std::move(item)});
    }
    return all;
}

std::string cluster_api::path_of(std::string_view kind, std::string_view namespace_,
                                 std::string_view name) const {
    const auto found =
        std::find_if(kinds_.begin(), kinds_.end(), [&](const served_kind& k) { return k.name() == kind; });
    if (found == kinds_.end())
        throw api_error(errc::precondition, fmt::format("the API server does not serve {}", kind));
    return object_path(*found, namespace_, name);
}

bool cluster_api::exists(std::string_view kind, std::string_view namespace_, std::string_view name) {
    return send("GET", path_of(kind, namespace_, name));
}

bool cluster_api::remove(std::string_view kind, std::string_view namespace_, std::string_view name) {
    return send("DELETE", path_of(kind, namespace_, name) + "?propagationPolicy=Background");
}

std::map<std::string, std::string> cluster_api::row(std::string_view kind, std::string_view namespace_,
                                                    std::string_view name) {
    const json::value table = boost::json::parse(client_.send(
        "GET", path_of(kind, namespace_, name), {}, {}, "application/json;as=Table;g=meta.k8s.io;v=v1"));
    std::map<std::string, std::string> columns;
    const auto& cells = table.at("rows").at(0).at("cells").as_array();
    for (std::size_t i = 0; i < cells.size(); ++i)
        columns[text(table.at("columnDefinitions").at(i).at("name"))] =
            cells[i].is_string() ? text(cells[i]) : boost::json::serialize(cells[i]);
    return columns;
}

void cluster_api::remove(const listed_object& o) {
    const std::string path = object_path(*o.kind, o.namespace_(), o.name());
    if (!o.metadata().contains("deletionTimestamp"))
        send("DELETE", path + "?propagationPolicy=Background");
    if (o.metadata().contains("finalizers"))
        send("PATCH", path, R"({"metadata": {"finalizers": null}})", "application/merge-patch+json");
}

bool cluster_api::send(std::string method, std::string target, std::string body, std::string type) {
    try {
        client_.send(std::move(method), std::move(target), std::move(body), std::move(type));
        return true;
    } catch (const api_error& e) {
        if (e.code() != errc::not_found)
            throw;
        return false;
    }
}

} // namespace gwctl::tests
