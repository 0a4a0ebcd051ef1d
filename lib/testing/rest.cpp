#include "rest.hpp"

#include "json_util.hpp"
#include "protobuf.hpp"
#include "table.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

// CustomResourceDefinitions nest schemas deeply; recursion over a document stays bounded all the same.
constexpr std::size_t deepest_document = 200;

std::string media_type(std::string_view content_type) {
    auto type = std::string(content_type.substr(0, content_type.find(';')));
    while (!type.empty() && type.back() == ' ')
        type.pop_back();
    return type;
}

const char* patch_media_types[] = {"application/json-patch+json", "application/merge-patch+json",
                                   "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

patch_type patch_type_of(const http_request& r, const kind_info& kind) {
    const auto type = media_type(r.content_type);
    if (type == "application/json-patch+json")
        return patch_type::json;
    if (type == "application/merge-patch+json")
        return patch_type::merge;
    if (type == "application/apply-patch+yaml")
        return patch_type::apply;
    if (type == "application/strategic-merge-patch+json" && !kind.custom)
        return patch_type::strategic;
    std::vector<std::string> accepted;
    for (const auto* t : patch_media_types)
        if (!kind.custom || std::string_view(t) != "application/strategic-merge-patch+json")
            accepted.emplace_back(t);
    throw unsupported_media_type(accepted);
}

// "kubectl/v1.32.4 (linux/amd64)" is the manager "kubectl".
std::string default_manager(std::string_view user_agent) {
    auto name = std::string(user_agent.substr(0, user_agent.find('/')));
    return name.empty() ? "unknown" : name;
}

write_request request_for(const http_request& r, const resource_path& p, const kind_ptr& kind,
                          const query& q) {
    write_request w;
    w.kind = kind;
    w.version = p.version;
    w.ns = p.ns;
    w.name = p.name;
    w.subresource = p.subresource;
    w.user_agent = r.user_agent;
    w.manager = q.get("fieldManager").empty() ? default_manager(r.user_agent) : q.get("fieldManager");
    if (w.manager.size() > 128)
        throw invalid("meta.k8s.io", "PatchOptions", "",
                      {{"fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes"}});
    for (const auto& d : q.all("dryRun")) {
        if (d != "All")
            throw invalid("meta.k8s.io", "CreateOptions", "",
                          {unsupported("dryRun", json::value(d), {"All"})});
        w.dry_run = true;
    }
    const auto validation = q.get("fieldValidation");
    if (!validation.empty() && validation != "Strict" && validation != "Warn" && validation != "Ignore")
        throw invalid(
            "meta.k8s.io", "CreateOptions", "",
            {unsupported("fieldValidation", json::value(validation), {"Ignore", "Warn", "Strict"})});
    w.strict = validation == "Strict";
    return w;
}

} // namespace

http_response answer(int code, const json::value& body) {
    http_response out;
    out.code = code;
    out.body = boost::json::serialize(body);
    out.body += '\n';
    return out;
}

http_response answer(const status_error& e) {
    auto out = answer(e.code(), e.status());
    if (e.retry_after > 0)
        out.headers.emplace_back("Retry-After", std::to_string(e.retry_after));
    return out;
}

json::value parse_body(const http_request& r) {
    const auto type = media_type(r.content_type);
    const auto start = r.body.find_first_not_of(" \t\r\n");
    const bool yaml = type == "application/yaml" || (type == "application/apply-patch+yaml" &&
                                                     (start == std::string::npos || r.body[start] != '{'));
    if (type == "application/vnd.kubernetes.protobuf") {
        if (auto object = parse_protobuf(r.body))
            return std::move(*object);
        throw unsupported_media_type({"application/json", "application/yaml"});
    }
    if (yaml) {
        auto documents = json::parse_yaml(r.body, "body");
        if (documents.has_error())
            throw bad_request("error decoding YAML: " + documents.error().message);
        if (documents->size() != 1)
            throw bad_request(fmt::format("expected one YAML document, got {}", documents->size()));
        return std::move(documents->front());
    }
    if (start == std::string::npos)
        throw bad_request("the request body is empty");
    boost::json::parse_options options;
    options.max_depth = deepest_document;
    boost::system::error_code ec;
    auto v = boost::json::parse(r.body, ec, {}, options);
    if (ec)
        throw bad_request(fmt::format("unable to decode the request body as JSON: {}", ec.message()));
    return v;
}

http_response rest::handle(const http_request& r) {
    try {
        return dispatch(r);
    } catch (const status_error& e) {
        return answer(e);
    } catch (const std::exception& e) {
        log::error("embedded API server: a request failed",
                   {{"method", r.method}, {"target", r.target}, {"error", e.what()}});
        return answer(
            status_error(500, "InternalError", fmt::format("Internal error occurred: {}", e.what())));
    }
}

http_response rest::dispatch(const http_request& r) {
    if (r.target.empty() || r.target[0] != '/')
        throw bad_request("the request target is not a path");
    const auto mark = r.target.find('?');
    const auto segments = path_segments(std::string_view(r.target).substr(0, mark));
    const query q(mark == std::string::npos ? std::string_view()
                                            : std::string_view(r.target).substr(mark + 1));
    if (auto found = discovery(cluster_, r, segments))
        return std::move(*found);

    const auto p = parse_resource_path(segments);
    const auto kind = p ? cluster_.find_served(p->group, p->version, p->plural) : nullptr;
    if (!kind)
        throw no_such_path();
    if (!p->subresource.empty() && !(p->subresource == "status" && kind->has_status) &&
        !(p->subresource == "finalize" && kind->plural == "namespaces"))
        throw no_such_path();
    if (!p->ns.empty() && !kind->namespaced)
        throw no_such_path();
    if (kind->virtual_kind) {
        if (r.method != "POST")
            throw method_not_allowed();
        return review(r, kind);
    }
    if (r.method == "GET" || r.method == "HEAD") {
        if (p->watch || q.flag("watch"))
            return watch(r, *p, kind, q);
        if (p->name.empty())
            return list(r, *p, kind, q);
        return get(r, *p, kind);
    }
    if (r.method == "DELETE")
        return remove(r, *p, kind, q);
    if (r.method == "POST" || r.method == "PUT" || r.method == "PATCH")
        return write(r, *p, kind, q);
    throw method_not_allowed();
}

std::string rest::item(const kind_info& kind, std::string_view version, const stored& s, bool in_list) const {
    if (kind.storage_key != kind.key())
        return boost::json::serialize(cluster_.view(kind, version, s));
    // Items in lists of built-in kinds do not say what they are.
    if (in_list && !kind.custom)
        return "{" + std::string(s.tail());
    return fmt::format("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",{}", kind.api_version(version), kind.kind,
                       s.tail());
}

http_response rest::show(const http_request& r, const kind_info& kind, std::string_view version,
                         const write_result& w, int code) {
    http_response out;
    const auto as = accepted_form(r.accept);
    if (as == form::table)
        out = answer(code, make_table(cluster_, kind, version, {w.object}, "", true));
    else if (as == form::partial)
        out = answer(code, make_partial(*w.object));
    else {
        out.code = code;
        out.body = item(kind, version, *w.object, false) + "\n";
    }
    for (const auto& warning : w.warnings)
        out.headers.emplace_back("Warning", fmt::format("299 - \"{}\"", warning));
    return out;
}

http_response rest::get(const http_request& r, const resource_path& p, const kind_ptr& kind) {
    auto s = cluster_.objects().find(kind->storage_key, p.ns, p.name);
    if (!s || (kind->namespaced && p.ns.empty()))
        throw not_found(kind->resource(), p.name);
    write_result found;
    found.object = std::move(s);
    return show(r, *kind, p.version, found, 200);
}

http_response rest::write(const http_request& r, const resource_path& p, const kind_ptr& kind,
                          const query& q) {
    auto w = request_for(r, p, kind, q);
    if (kind->namespaced && p.ns.empty())
        throw method_not_allowed();
    if (r.method == "PATCH") {
        if (p.name.empty())
            throw method_not_allowed();
        const auto type = patch_type_of(r, *kind);
        if (q.has("force") && type != patch_type::apply)
            throw invalid("meta.k8s.io", "PatchOptions", "",
                          {forbidden_field("force", "may not be specified for non-apply patch")});
        w.force = q.flag("force");
        if (type == patch_type::apply && q.get("fieldManager").empty())
            throw invalid("meta.k8s.io", "PatchOptions", "",
                          {required("fieldManager", "is required for apply patch")});
        auto done = cluster_.patch(w, type, parse_body(r));
        return show(r, *kind, p.version, done, done.created ? 201 : 200);
    }
    const auto type = media_type(r.content_type);
    if (!type.empty() && type != "application/json" && type != "application/yaml" &&
        type != "application/vnd.kubernetes.protobuf")
        throw unsupported_media_type({"application/json", "application/yaml"});
    auto body = parse_body(r);
    if (!body.is_object())
        throw bad_request("the request body is not an object");
    if (r.method == "POST") {
        if (!p.name.empty())
            throw method_not_allowed();
        return show(r, *kind, p.version, cluster_.create(w, std::move(body.get_object())), 201);
    }
    if (p.name.empty())
        throw method_not_allowed();
    if (p.subresource == "finalize")
        w.subresource.clear();
    return show(r, *kind, p.version, cluster_.update(w, std::move(body.get_object())), 200);
}

http_response rest::remove(const http_request& r, const resource_path& p, const kind_ptr& kind,
                           const query& q) {
    if (!p.subresource.empty())
        throw method_not_allowed();
    auto w = request_for(r, p, kind, q);
    delete_options o;
    o.dry_run = w.dry_run;
    o.propagation = q.get("propagationPolicy");
    if (q.flag("orphanDependents"))
        o.propagation = "Orphan";
    q.number("gracePeriodSeconds");
    if (r.body.find_first_not_of(" \t\r\n") != std::string::npos) {
        const auto body = parse_body(r);
        if (!body.is_object())
            throw bad_request("the request body is not DeleteOptions");
        if (auto policy = string_at(body, {"propagationPolicy"}); !policy.empty())
            o.propagation = policy;
        o.uid = string_at(body, {"preconditions", "uid"});
        o.resource_version = string_at(body, {"preconditions", "resourceVersion"});
        if (const auto* orphan = find(body, {"orphanDependents"}); orphan && *orphan == json::value(true))
            o.propagation = "Orphan";
        if (const auto* dry = find(body, {"dryRun"}); dry && dry->is_array() && !dry->get_array().empty())
            o.dry_run = true;
    }
    if (!p.name.empty()) {
        if (kind->namespaced && p.ns.empty())
            throw method_not_allowed();
        const auto done = cluster_.remove(w, o);
        if (done.remaining) {
            write_result left;
            left.object = done.remaining;
            return show(r, *kind, p.version, left, 200);
        }
        json::object details;
        details["name"] = p.name;
        if (!kind->group.empty())
            details["group"] = kind->group;
        details["kind"] = kind->plural;
        details["uid"] = done.last->uid();
        json::object status;
        status["kind"] = "Status";
        status["apiVersion"] = "v1";
        status["metadata"] = json::object();
        status["status"] = "Success";
        status["details"] = std::move(details);
        return answer(200, status);
    }
    if (kind->plural == "namespaces" || kind->plural == "services")
        throw method_not_allowed();
    const label_selector labels(q.get("labelSelector"));
    const field_selector fields(q.get("fieldSelector"), *kind);
    std::string items;
    for (const auto& s : cluster_.objects().list(kind->storage_key, p.ns)) {
        if (!labels.matches(s->labels()) || !fields.matches(s->object()))
            continue;
        w.ns = s->namespace_name();
        w.name = s->name();
        if (!cluster_.objects().find(kind->storage_key, w.ns, w.name))
            continue;
        const auto done = cluster_.remove(w, o);
        items += (items.empty() ? "" : ",") +
                 item(*kind, p.version, done.remaining ? *done.remaining : *done.last, true);
    }
    http_response out;
    out.body = fmt::format("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{{\"resourceVersion\":"
                           "\"{}\"}},\"items\":[{}]}}\n",
                           kind->kind, kind->api_version(p.version), cluster_.objects().version(), items);
    return out;
}

http_response rest::review(const http_request& r, const kind_ptr& kind) {
    auto body = parse_body(r);
    if (!body.is_object())
        throw bad_request("the request body is not an object");
    auto& o = body.get_object();
    o["apiVersion"] = kind->api_version("v1");
    o["kind"] = kind->kind;
    auto& status = make_object(o, "status");
    if (kind->kind == "SelfSubjectRulesReview") {
        json::object everything;
        for (const char* key : {"verbs", "apiGroups", "resources"})
            everything[key] = json::array({json::value("*")});
        make_array(status, "resourceRules").push_back(std::move(everything));
        make_array(status, "nonResourceRules");
        status["incomplete"] = false;
    } else {
        status["allowed"] = true;
        status["reason"] = "the embedded API server allows everything";
    }
    return answer(201, body);
}

} // namespace gwctl::testing::detail
