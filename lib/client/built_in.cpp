// Which kinds belong to Kubernetes itself, and since which release.

#include "status_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gwctl::detail {
namespace {

/// A kind, or with an empty plural all of a version that have no row of their own.
struct release {
    std::string_view group;
    std::string_view version;
    std::string_view plural;
    std::string_view since;
};

/// From the API changes in Kubernetes' own release notes. Rows of one kind come before the row of its version.
constexpr auto releases = std::to_array<release>({
    {"", "v1", "", "1.0"},
    {"admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "1.36"},
    {"admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings", "1.36"},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "1.30"},
    {"admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", "1.30"},
    {"admissionregistration.k8s.io", "v1", "", "1.16"},
    {"apiextensions.k8s.io", "v1", "", "1.16"},
    {"apiregistration.k8s.io", "v1", "", "1.10"},
    {"apps", "v1", "", "1.9"},
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "1.28"},
    {"authentication.k8s.io", "v1", "", "1.6"},
    {"authorization.k8s.io", "v1", "", "1.6"},
    {"autoscaling", "v1", "", "1.2"},
    {"autoscaling", "v2", "", "1.23"},
    {"batch", "v1", "cronjobs", "1.21"},
    {"batch", "v1", "", "1.2"},
    {"certificates.k8s.io", "v1", "", "1.19"},
    {"coordination.k8s.io", "v1", "", "1.14"},
    {"discovery.k8s.io", "v1", "", "1.21"},
    {"events.k8s.io", "v1", "", "1.19"},
    {"flowcontrol.apiserver.k8s.io", "v1", "", "1.29"},
    {"networking.k8s.io", "v1", "ipaddresses", "1.33"},
    {"networking.k8s.io", "v1", "servicecidrs", "1.33"},
    {"networking.k8s.io", "v1", "networkpolicies", "1.7"},
    {"networking.k8s.io", "v1", "", "1.19"},
    {"node.k8s.io", "v1", "", "1.20"},
    {"policy", "v1", "", "1.21"},
    {"rbac.authorization.k8s.io", "v1", "", "1.8"},
    {"resource.k8s.io", "v1", "", "1.34"},
    {"scheduling.k8s.io", "v1", "", "1.14"},
    {"storage.k8s.io", "v1", "csidrivers", "1.18"},
    {"storage.k8s.io", "v1", "csinodes", "1.17"},
    {"storage.k8s.io", "v1", "csistoragecapacities", "1.24"},
    {"storage.k8s.io", "v1", "volumeattachments", "1.13"},
    {"storage.k8s.io", "v1", "volumeattributesclasses", "1.34"},
    {"storage.k8s.io", "v1", "", "1.6"},
});

/// Groups of Kubernetes that have had versions before v1 only, or that the table has no v1 of.
constexpr auto other_groups = std::to_array<std::string_view>(
    {"extensions", "internal.apiserver.k8s.io", "storagemigration.k8s.io", "imagepolicy.k8s.io"});

} // namespace

bool is_built_in(const resource_type& type) {
    const auto of_group = [&](const release& r) { return r.group == type.group; };
    return std::any_of(releases.begin(), releases.end(), of_group) ||
           std::find(other_groups.begin(), other_groups.end(), type.group) != other_groups.end();
}

std::string served_since(const resource_type& type) {
    const auto matches = [&](const release& r) {
        return r.group == type.group && r.version == type.version &&
               (r.plural.empty() || r.plural == type.plural);
    };
    const auto found = std::find_if(releases.begin(), releases.end(), matches);
    return found == releases.end() ? std::string()
                                   : fmt::format("Kubernetes {} and newer serve it", found->since);
}

} // namespace gwctl::detail
