#include <gwctl/api/resource.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/pchars.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl {
namespace {

/// A path segment: everything but pchar is percent-encoded, so a name cannot leave its place in the path.
std::string segment(std::string_view text) { return boost::urls::encode(text, boost::urls::pchars); }

} // namespace

std::string to_string(const object_key& key) {
    return key.namespace_.empty() ? key.name : key.namespace_ + "/" + key.name;
}

object_key parse_key(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == text.npos)
        return object_key(std::string(text));
    return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string describe(const resource_type& type, const object_key& key) {
    return fmt::format("{} {}", type.kind, to_string(key));
}

std::string collection_path(const resource_type& type, std::string_view version,
                            std::string_view namespace_) {
    std::string path = type.group.empty() ? fmt::format("/api/{}", version)
                                          : fmt::format("/apis/{}/{}", type.group, version);
    if (type.namespaced && !namespace_.empty())
        path += fmt::format("/namespaces/{}", segment(namespace_));
    return path.append("/").append(type.plural);
}

result<std::string> object_path(const resource_type& type, std::string_view version, const object_key& key,
                                std::string_view subresource) {
    if (key.name.empty() || key.name == "." || key.name == "..")
        return error{errc::precondition,
                     fmt::format("{}: metadata.name: expected a name, got \"{}\"", type.kind, key.name)};
    if (type.namespaced == key.namespace_.empty() || key.namespace_ == "." || key.namespace_ == "..")
        return error{errc::precondition,
                     fmt::format("{} {}: metadata.namespace: expected {}, got \"{}\"", type.kind, key.name,
                                 type.namespaced ? "a namespace" : "none, since the kind is cluster-scoped",
                                 key.namespace_)};
    std::string path = collection_path(type, version, key.namespace_).append("/").append(segment(key.name));
    if (!subresource.empty())
        path.append("/").append(subresource);
    return path;
}

std::string detail::with_type(const resource_type& type, std::string_view version, std::string_view object) {
    std::string out = "{\"apiVersion\":";
    json::append_quoted(type.api_version(version), out);
    out += ",\"kind\":";
    json::append_quoted(type.kind, out);
    if (object.size() > 2)
        out += ',';
    return out.append(object.substr(1));
}

void detail::adopt(ObjectMeta& object, std::string_view kind, OwnerReference owner,
                   const ObjectMeta& owner_metadata) {
    if (object.namespace_.empty())
        object.namespace_ = owner_metadata.namespace_;
    if (!owner_metadata.namespace_.empty() && object.namespace_ != owner_metadata.namespace_)
        throw api_error(
            errc::precondition,
            fmt::format("{} {}: metadata.namespace: expected {}, the namespace of its owner {} {}, got {}",
                        kind, object.name, owner_metadata.namespace_, owner.kind, owner.name,
                        object.namespace_));
    std::erase_if(object.ownerReferences, [&](const OwnerReference& r) { return r.uid == owner.uid; });
    object.ownerReferences.push_back(std::move(owner));
}

const OwnerReference* controller_of(const ObjectMeta& metadata) noexcept {
    const auto& refs = metadata.ownerReferences;
    const auto found =
        std::find_if(refs.begin(), refs.end(), [](const OwnerReference& r) { return r.controller == true; });
    return found == refs.end() ? nullptr : &*found;
}

} // namespace gwctl
