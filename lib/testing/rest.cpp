#include "rest.hpp"

#include "bodies.hpp"
#include "json_util.hpp"
#include "missing.hpp"
#include "table.hpp"
#include "write_options.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/utf8.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

// As a quoted-string of HTTP.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + "\"";
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
    if (e.plain_text) {
        http_response out;
        out.code = e.code();
        out.content_type = "text/plain; charset=utf-8";
        out.body = e.plain_text;
        return out;
    }
    auto out = answer(e.code(), e.status());
    // Names come from paths, whose bytes may be any.
    out.body = valid_utf8(out.body);
    if (e.retry_after > 0)
        out.headers.emplace_back("Retry-After", std::to_string(e.retry_after));
    return out;
}

namespace {

bool prefers_yaml(std::string_view accept) {
    return accept.substr(0, accept.find_first_of(",;")) == "application/yaml";
}

} // namespace

http_response rest::handle(const http_request& r) {
    warnings_.clear();
    auto out = answered(r);
    // JSON is YAML.
    if (prefers_yaml(r.accept) && out.content_type == "application/json")
        out.content_type = "application/yaml";
    for (const auto& w : warnings_)
        out.headers.emplace_back("Warning", "299 - " + quoted(w));
    return out;
}

http_response rest::answered(const http_request& r) {
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

bool rest::serves_builtin(std::string_view group, std::string_view version) const {
    const auto all = cluster_.kinds();
    return std::any_of(all.begin(), all.end(), [&](const kind_ptr& k) {
        return !k->custom && k->group == group && k->version(version) != nullptr;
    });
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
    if (!kind && p)
        throw missing_resource(cluster_, *p, p->group.empty() || serves_builtin(p->group, p->version));
    if (!kind)
        throw no_such_path();
    if (!p->subresource.empty() && !(p->subresource == "status" && kind->has_status) &&
        !(p->subresource == "finalize" && kind->plural == "namespaces"))
        throw kind->custom ? not_found(kind->resource(), p->name) : no_such_resource();
    if (!p->ns.empty() && !kind->namespaced)
        throw kind->custom ? no_such_path() : no_such_resource();
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
        return get(r, *p, kind, q);
    }
    if (r.method == "DELETE")
        return remove(r, *p, kind, q);
    if (r.method == "POST" || r.method == "PUT" || r.method == "PATCH")
        return write(r, *p, kind, q);
    throw method_not_allowed();
}

std::string rest::item(const kind_info& kind, std::string_view version, const stored& s, bool in_list) const {
    if (kind.storage_key != kind.key()) {
        auto seen = cluster_.view(kind, version, s);
        if (in_list) {
            seen.erase("apiVersion");
            seen.erase("kind");
        }
        return boost::json::serialize(seen);
    }
    // Items in lists of built-in kinds do not say what they are.
    if (in_list && !kind.custom)
        return "{" + std::string(s.tail());
    return fmt::format("{{\"apiVersion\":\"{}\",\"kind\":\"{}\",{}", kind.api_version(version), kind.kind,
                       s.tail());
}

http_response rest::show(const http_request& r, const kind_info& kind, std::string_view version,
                         const write_result& w, int code) {
    http_response out;
    const auto as = accepted_form(r.accept, kind.custom);
    if (as == form::table)
        out = answer(code, make_table(cluster_, kind, version, {w.object}, "", true));
    else if (as == form::partial)
        out = answer(code, make_partial(*w.object));
    else {
        out.code = code;
        out.body = item(kind, version, *w.object, false) + "\n";
    }
    return out;
}

void check_version(const std::string& text) {
    if (text.find_first_not_of("0123456789") != std::string::npos)
        throw status_error(
            500, "",
            fmt::format("resourceVersion: Invalid value: \"{0}\": strconv.ParseUint: parsing \"{0}\": "
                        "invalid syntax",
                        text));
}

http_response rest::get(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q) {
    accepted_form(r.accept, kind->custom);
    check_version(q.get("resourceVersion"));
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
    w.warnings = &warnings_;
    if (kind->namespaced && p.ns.empty())
        throw kind->custom ? no_such_path() : method_not_allowed();
    if (r.method == "PATCH") {
        if (p.name.empty() && !kind->custom)
            throw method_not_allowed();
        const auto type = patch_type_of(r, *kind);
        if (p.name.empty())
            throw bad_request("name must be provided");
        // A patch of what is not there is not even read.
        if (type != patch_type::apply && !cluster_.objects().find(kind->storage_key, p.ns, p.name))
            throw not_found(kind->resource(), p.name);
        w.force = q.flag("force");
        auto done = cluster_.patch(w, type, patch_of(r, type));
        return show(r, *kind, p.version, done, done.created ? 201 : 200);
    }
    const auto type = media_type(r.content_type);
    if (!type.empty() && type != "application/json" && type != "application/yaml" &&
        type != protobuf_media_type)
        throw unsupported_media_type(
            {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"});
    auto body = body_of(r, *kind, p.version);
    if (r.method == "POST") {
        // Custom resources are created at their own path, too; the name is that of the object.
        if (!p.name.empty() && !kind->custom)
            throw method_not_allowed();
        w.name.clear();
        return show(r, *kind, p.version, cluster_.create(w, body), 201);
    }
    if (p.name.empty())
        throw kind->custom ? bad_request("name must be provided") : method_not_allowed();
    if (p.subresource == "finalize")
        w.subresource.clear();
    const auto done = cluster_.update(w, body);
    return show(r, *kind, p.version, done, done.created ? 201 : 200);
}

http_response rest::remove(const http_request& r, const resource_path& p, const kind_ptr& kind,
                           const query& q) {
    if (!p.subresource.empty())
        throw method_not_allowed();
    const auto o = delete_options_of(r, q);
    auto w = request_for(r, p, kind, query(""));
    if (!p.name.empty()) {
        if (kind->namespaced && p.ns.empty())
            throw method_not_allowed();
        const auto done = cluster_.remove(w, o);
        if (done.remaining) {
            write_result left;
            left.object = done.remaining;
            return show(r, *kind, p.version, left, 200);
        }
        if (kind->rules.returns_deleted) {
            write_result gone;
            gone.object = done.last;
            return show(r, *kind, p.version, gone, 200);
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
    if (kind->plural == "namespaces")
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
        cluster_.remove(w, o);
        items += (items.empty() ? "" : ",") + item(*kind, p.version, *s, true);
    }
    http_response out;
    out.body = fmt::format("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{{\"resourceVersion\":"
                           "\"{}\"{}}},\"items\":[{}]}}\n",
                           kind->kind, kind->api_version(p.version), cluster_.objects().version(),
                           kind->custom ? ",\"continue\":\"\"" : "", items);
    return out;
}

http_response rest::review(const http_request& r, const kind_ptr& kind) {
    auto body = parse_body(r, kind->api_version("v1"), kind->kind);
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
