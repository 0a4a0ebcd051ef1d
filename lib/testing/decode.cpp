#include "decode.hpp"

#include "defaults.hpp"
#include "go_values.hpp"
#include "json_util.hpp"
#include "schema.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

// Objects within the object have metadata, too.
void decode_embedded(json::value& v, const json::value& schema, const std::string& at, decoded& out) {
    if (auto* a = v.if_array()) {
        if (const auto* items = schema_of_items(&schema))
            for (std::size_t i = 0; i < a->size(); ++i)
                decode_embedded((*a)[i], *items, fmt::format("{}[{}]", at, i), out);
        return;
    }
    auto* o = v.if_object();
    if (o == nullptr)
        return;
    const auto* embedded = find(schema, {"x-kubernetes-embedded-resource"});
    auto* metadata = o->if_contains("metadata");
    if (embedded && *embedded == json::value(true) && metadata && !metadata->is_null()) {
        go_findings found;
        const auto sent = *metadata;
        decode_as_go(*metadata, metadata_schema(), "ObjectMeta", found);
        if (!found.wrong.empty() && out.wrong.empty())
            out.wrong = fmt::format("{}.metadata: Invalid value: {}: {}", at, canonical(sent), found.wrong);
        encode_as_go(*metadata, metadata_schema(), false);
        for (const auto& name : found.unknown)
            out.unknown.push_back(at + ".metadata." + name);
    }
    for (auto& m : *o)
        if (const auto* below = schema_of_member(&schema, m.key()))
            decode_embedded(m.value(), *below,
                            at.empty() ? std::string(m.key()) : at + "." + std::string(m.key()), out);
}

void decode_custom(const kind_info& kind, std::string_view version, decoded& out, bool applied) {
    auto& o = out.object;
    if (auto* metadata = o.if_contains("metadata"); metadata && !metadata->is_null()) {
        go_findings found;
        decode_as_go(*metadata, metadata_schema(), "ObjectMeta", found);
        if (!found.wrong.empty()) {
            out.wrong = found.wrong;
            return;
        }
        encode_as_go(*metadata, metadata_schema(), false);
        for (const auto& name : found.unknown)
            out.unknown.push_back("metadata." + name);
    }
    const auto* v = kind.version(version);
    if (v == nullptr || v->schema == nullptr)
        return;
    json::value whole = std::move(o);
    decode_embedded(whole, *v->schema, "", out);
    std::vector<std::string> dropped;
    prune(whole, *v->schema, "", dropped);
    std::sort(dropped.begin(), dropped.end());
    out.unknown.insert(out.unknown.end(), dropped.begin(), dropped.end());
    if (!applied)
        drop_nulls(whole, *v->schema);
    apply_defaults(whole, *v->schema);
    o = std::move(whole.as_object());
}

} // namespace

decoded decode_content(const kind_info& kind, std::string_view version, json::object body, bool applied) {
    decoded out;
    out.object = std::move(body);
    if (kind.custom) {
        decode_custom(kind, version, out, applied);
    } else {
        const auto& schema = *kind.version(version)->schema;
        json::value whole = std::move(out.object);
        go_findings found;
        decode_as_go(whole, schema, kind.kind, found);
        out.unknown = std::move(found.unknown);
        out.wrong = std::move(found.wrong);
        if (out.wrong.empty()) {
            encode_as_go(whole, schema, false);
            set_defaults(kind, whole.as_object());
        }
        out.object = std::move(whole.as_object());
    }
    for (auto& path : out.unknown)
        path = fmt::format("unknown field \"{}\"", path);
    return out;
}

json::object decode_body(const kind_info& kind, std::string_view version, const request_body& sent,
                         field_validation how, std::vector<std::string>* warnings) {
    const auto& body = sent.value;
    const auto unrecognised = [&](const std::string& why) {
        auto text = boost::json::serialize(body);
        if (text.size() > 30)
            text = text.substr(0, 30) + " ...";
        return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})",
                                       kind.kind, why, text));
    };
    if (!body.is_object() && !body.is_null())
        throw unrecognised(
            "couldn't get version/kind; json parse error: json: cannot unmarshal it into Go value of type "
            "struct");
    auto object = body.is_object() ? body.get_object() : json::object();
    for (const char* key : {"apiVersion", "kind"})
        if (const auto* v = object.if_contains(key); v && !v->is_string() && !v->is_null())
            throw unrecognised(
                "couldn't get version/kind; json parse error: json: cannot unmarshal it into Go struct "
                "field of type string");
    auto named = string_at(object, {"kind"});
    auto api_version = string_at(object, {"apiVersion"});
    const auto expected = kind.api_version(version);
    if (named.empty() && kind.custom) {
        const auto why = fmt::format("Object 'Kind' is missing in '{}'", boost::json::serialize(body));
        if (how != field_validation::ignore)
            throw unrecognised(why);
        throw bad_request(
            fmt::format("{0} in version \"{1}\" cannot be handled as a {0}: {2}", kind.kind, version, why));
    }
    if (named.empty())
        object["kind"] = named = kind.kind;
    if (api_version.empty() && !kind.custom)
        object["apiVersion"] = api_version = expected;
    const auto slash = api_version.find('/');
    const auto data_version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
    const auto cannot = [&](const std::string& why) {
        return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", named,
                                       data_version, kind.kind, why));
    };
    if (std::count(api_version.begin(), api_version.end(), '/') > 1) {
        throw unrecognised("unexpected GroupVersion string: " + api_version);
    }
    if (named != kind.kind && kind.custom && api_version == expected)
        throw invalid(kind.group, named, string_at(object, {"metadata", "name"}),
                      {invalid_value("kind", json::value(named), "must be " + kind.kind)});
    if (named != kind.kind)
        throw cannot(fmt::format("no kind \"{}\" is registered for version \"{}\"", named, api_version));
    // An event is of both groups; the other built-in kinds have no version but this one.
    const bool registered =
        kind.kind == "Event" && (api_version == "v1" || api_version == "events.k8s.io/v1");
    if (api_version != expected && !kind.custom && !registered)
        throw cannot(fmt::format("no kind \"{}\" is registered for version \"{}\"", named, api_version));
    if (api_version != expected)
        throw bad_request(
            fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                        api_version, expected));
    auto read = decode_content(kind, version, std::move(object));
    for (auto it = sent.duplicates.rbegin(); it != sent.duplicates.rend(); ++it)
        read.unknown.insert(read.unknown.begin(), fmt::format("duplicate field \"{}\"", *it));
    if (!read.wrong.empty())
        throw cannot(read.wrong);
    if (how == field_validation::strict && !read.unknown.empty()) {
        std::string all;
        for (const auto& u : read.unknown)
            all += (all.empty() ? "" : ", ") + u;
        throw cannot("strict decoding error: " + all);
    }
    if (how == field_validation::warn && warnings)
        warnings->insert(warnings->end(), read.unknown.begin(), read.unknown.end());
    return std::move(read.object);
}

} // namespace gwctl::testing::detail
