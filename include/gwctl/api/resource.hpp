/// What makes a struct a Kubernetes kind, and how its objects are named and found.
#pragma once

#include <gwctl/api/meta.hpp>

#include <array>
#include <compare>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace gwctl {

/// Where a kind lives in the API. `group` is empty for the core group.
struct resource_type {
    std::string_view group{};
    std::string_view version{};
    std::string_view kind{};
    std::string_view plural{};
    bool namespaced = true;
    /// An older version with the same JSON form, used where the server does not serve `version`.
    std::string_view fallback_version{};
    /// Reads ask the server for the objects' metadata alone (PartialObjectMetadata), which spares large
    /// specs: the struct has no member but `metadata`.
    bool metadata_only = false;

    /// "gateway.networking.k8s.io/v1", or "v1" for the core group.
    std::string api_version() const { return api_version(version); }
    std::string api_version(std::string_view v) const {
        return group.empty() ? std::string(v) : std::string(group).append("/").append(v);
    }
    /// "gateways.gateway.networking.k8s.io", as kubectl and RBAC name it.
    std::string qualified_name() const {
        return group.empty() ? std::string(plural) : std::string(plural).append(".").append(group);
    }
    friend bool operator==(const resource_type&, const resource_type&) = default;
};

/// A struct with `static constexpr resource_type type` and `ObjectMeta metadata` that Boost.Describe
/// describes. What the verbs of `client` are to write also declares its default constructor, `T() = default;`.
template <class T>
concept Resource = std::default_initializable<T> && requires(T object, const T& constant) {
    { T::type } -> std::convertible_to<resource_type>;
    { object.metadata } -> std::same_as<ObjectMeta&>;
    requires boost::describe::has_describe_members<T>::value;
};

namespace detail {
/// g++ 12 destroys a temporary of a kind twice when it stands beside co_await and is an aggregate.
template <class T>
constexpr void require_declared_constructor() {
    static_assert(
        !std::is_aggregate_v<T>,
        "a kind that is written declares its default constructor, `Widget() = default;`: without, it is "
        "an aggregate, and g++ 12 destroys a `Widget{...}` that stands beside co_await twice");
}
} // namespace detail

/// Names one object of a kind. The namespace is empty for cluster-scoped kinds.
struct object_key {
    std::string namespace_{};
    std::string name{};

    object_key() = default;
    explicit object_key(std::string n) : name(std::move(n)) {}
    object_key(std::string ns, std::string n) : namespace_(std::move(ns)), name(std::move(n)) {}

    friend auto operator<=>(const object_key&, const object_key&) = default;
};

/// "default/web", or "web" without a namespace.
std::string to_string(const object_key& key);
/// The key of which that is the text. Anything is one: without a slash all of it is the name, and what follows
/// the first slash is, whatever it holds.
object_key parse_key(std::string_view text);

[[nodiscard]] inline object_key key_of(const ObjectMeta& metadata) {
    return {metadata.namespace_, metadata.name};
}
template <Resource T>
[[nodiscard]] object_key key_of(const T& object) {
    return key_of(object.metadata);
}

/// "Gateway default/web", as log lines and messages name an object.
std::string describe(const resource_type& type, const object_key& key);
template <Resource T>
std::string describe(const T& object) {
    return describe(T::type, key_of(object));
}

/// "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", percent-encoded. An empty namespace
/// gives the path across all namespaces.
std::string collection_path(const resource_type& type, std::string_view version, std::string_view namespace_);

/// The path of one object; `subresource` may be empty.
/// Precondition: `key.name` is not empty, and `key.namespace_` is not empty exactly if the kind is
/// namespaced. Errors: `errc::precondition` naming the object.
[[nodiscard]] result<std::string> object_path(const resource_type& type, std::string_view version,
                                              const object_key& key, std::string_view subresource = {});

/// A reference to `owner` for objects in its own namespace (or cluster-scoped owners); garbage collection
/// then deletes them with it. `controller` and `blockOwnerDeletion` are set.
///
/// `version` must be one that the server serves, or nothing is ever collected. For a kind with a fallback
/// version that is `store<T>::version()` or `client::known_version(T::type)`.
template <Resource T>
[[nodiscard]] OwnerReference owner_reference(const T& owner, std::string_view version = T::type.version) {
    OwnerReference r;
    r.apiVersion = T::type.api_version(version);
    r.kind = T::type.kind;
    r.name = owner.metadata.name;
    r.uid = owner.metadata.uid;
    r.controller = true;
    r.blockOwnerDeletion = true;
    return r;
}

namespace detail {
void adopt(ObjectMeta& object, std::string_view kind, OwnerReference owner, const ObjectMeta& owner_metadata);
}

/// `object`, in the owner's namespace and with one controller reference to it, so that it is deleted with its
/// owner. Throws `api_error` (`errc::precondition`) when the object already names another namespace than the
/// owner's: garbage collection deletes what refers to an owner that is not in its namespace. `version` as for
/// `owner_reference`.
template <Resource Owner, Resource T>
[[nodiscard]] T owned_by(const Owner& owner, T object, std::string_view version = Owner::type.version) {
    detail::require_declared_constructor<T>();
    detail::adopt(object.metadata, T::type.kind, owner_reference(owner, version), owner.metadata);
    return object;
}

/// The reference whose `controller` is true; null when there is none.
const OwnerReference* controller_of(const ObjectMeta& metadata) noexcept;

namespace detail {
/// A JSON object with `apiVersion` and `kind` put in front.
std::string with_type(const resource_type& type, std::string_view version, std::string_view object);
} // namespace detail

/// JSON with `apiVersion` and `kind` in front, as the API server takes it. `version` replaces
/// `T::type.version`.
template <Resource T>
[[nodiscard]] std::string encode_object(const T& object, std::string_view version = T::type.version) {
    return detail::with_type(T::type, version, json::encode(object));
}

/// A list as the API server sends it: one page, or all of it.
template <class T>
struct object_list {
    std::string kind;
    std::string apiVersion;
    ListMeta metadata;
    std::vector<std::shared_ptr<const T>> items;
    BOOST_DESCRIBE_CLASS(object_list, (), (kind, apiVersion, metadata, items), (), ())
};

} // namespace gwctl
