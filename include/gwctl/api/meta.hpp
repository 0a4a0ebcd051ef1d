/// meta/v1: what every Kubernetes object has.
///
/// Kinds and fields keep their wire spelling, so that YAML greps to C++; a trailing underscore marks C++
/// keywords (`namespace_`).
/// None of these structs is an aggregate: with g++ 12 a braced aggregate next to `co_await` is destroyed
/// twice, so the members are assigned instead.
#pragma once

#include <gwctl/json/codec.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gwctl {

struct OwnerReference {
    OwnerReference() = default;
    std::string apiVersion;
    std::string kind;
    std::string name;
    std::string uid;
    std::optional<bool> controller;
    std::optional<bool> blockOwnerDeletion;
    friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};
BOOST_DESCRIBE_STRUCT(OwnerReference, (), (apiVersion, kind, name, uid, controller, blockOwnerDeletion))

/// metadata, without `managedFields`, which is skipped unread.
struct ObjectMeta {
    ObjectMeta() = default;
    std::string name;
    std::string generateName;
    std::string namespace_;
    std::string uid;
    std::string resourceVersion;
    std::optional<std::int64_t> generation;
    std::string creationTimestamp; ///< RFC 3339; see core/time.hpp
    std::string deletionTimestamp; ///< not empty: being deleted, held by its finalizers
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    std::vector<OwnerReference> ownerReferences;
    std::vector<std::string> finalizers;
    friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};
BOOST_DESCRIBE_STRUCT(ObjectMeta, (),
                      (name, generateName, namespace_, uid, resourceVersion, generation, creationTimestamp,
                       deletionTimestamp, labels, annotations, ownerReferences, finalizers))

struct ListMeta {
    ListMeta() = default;
    std::string resourceVersion;
    std::string continue_;
    std::optional<std::int64_t> remainingItemCount;
};
BOOST_DESCRIBE_STRUCT(ListMeta, (), (resourceVersion, continue_, remainingItemCount))

/// One aspect of an object's state; `type` is its key in a list of conditions.
struct Condition {
    Condition() = default;
    std::string type;
    std::string status; ///< "True", "False" or "Unknown"
    std::optional<std::int64_t> observedGeneration;
    std::string lastTransitionTime; ///< when `status` last changed, RFC 3339
    std::string reason;
    std::string message;
    friend bool operator==(const Condition&, const Condition&) = default;
};
BOOST_DESCRIBE_STRUCT(Condition, (), (type, status, observedGeneration, lastTransitionTime, reason, message))

struct LabelSelectorRequirement {
    LabelSelectorRequirement() = default;
    std::string key;
    std::string operator_; ///< "In", "NotIn", "Exists" or "DoesNotExist"
    std::vector<std::string> values;
    friend bool operator==(const LabelSelectorRequirement&, const LabelSelectorRequirement&) = default;
};
BOOST_DESCRIBE_STRUCT(LabelSelectorRequirement, (), (key, operator_, values))

/// Requirements that must all hold; an empty selector matches everything.
struct LabelSelector {
    LabelSelector() = default;
    std::map<std::string, std::string> matchLabels;
    std::vector<LabelSelectorRequirement> matchExpressions;
    friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};
BOOST_DESCRIBE_STRUCT(LabelSelector, (), (matchLabels, matchExpressions))

/// Whether `labels` meet `selector`. An unknown operator matches nothing.
bool matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels);

struct StatusCause {
    StatusCause() = default;
    std::string reason;
    std::string message;
    std::string field;
};
BOOST_DESCRIBE_STRUCT(StatusCause, (), (reason, message, field))

struct StatusDetails {
    StatusDetails() = default;
    std::string name;
    std::string group;
    std::string kind;
    std::string uid;
    std::vector<StatusCause> causes;
    std::optional<std::int32_t> retryAfterSeconds;
};
BOOST_DESCRIBE_STRUCT(StatusDetails, (), (name, group, kind, uid, causes, retryAfterSeconds))

/// What the API server answers when it has no object to show.
struct Status {
    Status() = default;
    std::string status; ///< "Success" or "Failure"
    std::string message;
    std::string reason;
    StatusDetails details;
    std::int32_t code = 0;
};
BOOST_DESCRIBE_STRUCT(Status, (), (status, message, reason, details, code))

/// intstr.IntOrString: a port number or the name of a port.
struct IntOrString {
    IntOrString() = default;
    IntOrString(std::int32_t n) : number(n) {}
    IntOrString(std::string s) : name(std::move(s)) {}
    std::int32_t number = 0;
    std::string name; ///< when not empty, this counts and `number` does not
    bool is_number() const noexcept { return name.empty(); }
    friend bool operator==(const IntOrString&, const IntOrString&) = default;
};

template <>
struct json::scalar_traits<IntOrString> {
    static constexpr std::string_view expected = "an integer or a string";
    static bool from_string(IntOrString& v, std::string_view s);
    static bool from_integer(IntOrString& v, std::int64_t n);
    static void append_json(const IntOrString& v, std::string& out);
};

} // namespace gwctl
