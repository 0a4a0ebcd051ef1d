// Certificates that HTTPS listeners refer to. Of Secrets nothing is kept but what tells whether they can be
// used.
#pragma once

#include <gwctl/gateway/listeners.hpp>

#include <map>

namespace gwctl::gateway {

/// What a base64 value of a Secret holds.
struct pem_summary {
    enum class content { other, certificate, private_key };
    pem_summary() = default;
    content what = content::other;
    std::string public_key{}; ///< SHA-256 of the public key, which certificate and private key share
    friend bool operator==(const pem_summary&, const pem_summary&) = default;
};

/// `base64` is not kept.
pem_summary summarize_pem(std::string_view base64);

/// A Secret of type kubernetes.io/tls. Its annotations are not read: one of them may be a copy of the data.
struct certificate_secret {
    certificate_secret() = default;
    static constexpr resource_type type{"", "v1", "Secret", "secrets"};
    ObjectMeta metadata;
    std::map<std::string, pem_summary> data;
    friend bool operator==(const certificate_secret&, const certificate_secret&) = default;
};
BOOST_DESCRIBE_STRUCT(certificate_secret, (), (metadata, data))

/// Why it cannot be used; empty when it can.
std::string problem_of(const certificate_secret& secret);

/// The ResolvedRefs that a listener's certificateRefs give: RefNotPermitted, InvalidCertificateRef, or true.
/// `index` is the listener's in its object.
verdict judge_certificates(const Listener& listener, std::size_t index, const listener_owner& owner,
                           const cluster_view& cluster);

} // namespace gwctl::gateway

namespace gwctl::json {

template <>
struct scalar_traits<gateway::pem_summary> {
    static constexpr std::string_view expected = "a string";
    /// Never false: an error would quote the value.
    static bool from_string(gateway::pem_summary& v, std::string_view s) {
        v = gateway::summarize_pem(s);
        return true;
    }
    static bool from_integer(gateway::pem_summary& v, std::int64_t) {
        v = {};
        return true;
    }
    static void append_json(const gateway::pem_summary&, std::string& out) { out += "\"\""; }
};

namespace detail {

/// ObjectMeta without its annotations.
const type_info& metadata_without_annotations() noexcept;

template <>
struct table<gateway::certificate_secret> {
    using secret = gateway::certificate_secret;
    static constexpr member_info members[] = {
        {"metadata", &metadata_without_annotations,
         [](void* s) -> void* { return &static_cast<secret*>(s)->metadata; }},
        {"data", &type_of<std::map<std::string, gateway::pem_summary>>,
         [](void* s) -> void* { return &static_cast<secret*>(s)->data; }},
    };
    static constexpr type_info info{shape::object, members};
};

} // namespace detail
} // namespace gwctl::json
