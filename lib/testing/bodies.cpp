#include "bodies.hpp"

#include "duplicates.hpp"
#include "protobuf.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

// CustomResourceDefinitions nest schemas deeply; recursion over a document stays bounded all the same.
constexpr std::size_t deepest_document = 200;

const char* patch_media_types[] = {"application/json-patch+json", "application/merge-patch+json",
                                   "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

} // namespace

std::string media_type(std::string_view content_type) {
    auto type = std::string(content_type.substr(0, content_type.find(';')));
    while (!type.empty() && type.back() == ' ')
        type.pop_back();
    return type;
}

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
    // Where built-in kinds are served, other types do not get as far as the kind.
    if (!kind.custom)
        throw status_error(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_empty_details();
    throw unsupported_media_type(accepted);
}

json::value parse_body(const http_request& r, std::string_view api_version, std::string_view kind) {
    const auto type = media_type(r.content_type);
    const auto start = r.body.find_first_not_of(" \t\r\n");
    const bool yaml = type == "application/yaml" || (type == "application/apply-patch+yaml" &&
                                                     (start == std::string::npos || r.body[start] != '{'));
    if (type == protobuf_media_type)
        return parse_protobuf(r.body, api_version, kind);
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

// The body of a create or an update; what cannot be read is no object of the kind.
request_body body_of(const http_request& r, const kind_info& kind, std::string_view version) {
    request_body out;
    if (media_type(r.content_type) == protobuf_media_type) {
        out.value = parse_body(r, kind.api_version(version), kind.kind);
        return out;
    }
    try {
        out.value = parse_body(r);
        out.duplicates = duplicate_members(r.body);
        return out;
    } catch (const status_error& e) {
        if (e.code() != 400)
            throw;
        throw bad_request(
            fmt::format("the object provided is unrecognized (must be of type {}): couldn't get "
                        "version/kind; json parse error: {}",
                        kind.kind, e.what()));
    }
}

json::value patch_of(const http_request& r, patch_type type) {
    try {
        return parse_body(r);
    } catch (const status_error& e) {
        if (e.code() != 400 || type == patch_type::strategic)
            throw;
        throw bad_request(
            fmt::format("error decoding {}: {}", type == patch_type::apply ? "YAML" : "patch", e.what()));
    }
}

} // namespace gwctl::testing::detail
