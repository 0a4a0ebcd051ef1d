#include "bundle_versions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace gwctl::gateway {
namespace {

/// A message names so many definitions; usually all of them are of one release.
constexpr std::size_t most_named = 3;

/// Takes digits off the front.
bool take_number(std::string_view& text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end > 0;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// v1.MINOR.PATCH, perhaps with a pre-release such as -rc.1 behind it.
bool is_supported(std::string_view version) {
    return take(version, "v1.") && take_number(version) && take(version, ".") && take_number(version) &&
           (version.empty() || version.front() == '-');
}

} // namespace

bool is_gateway_api(const apiextensions_v1::CustomResourceDefinition& definition) {
    const std::string_view name = definition.metadata.name;
    return name.ends_with(".gateway.networking.k8s.io") || name.ends_with(".gateway.networking.x-k8s.io");
}

std::string bundle_version(const apiextensions_v1::CustomResourceDefinition& definition) {
    const auto found = definition.metadata.annotations.find(std::string(annotation_bundle_version));
    return found == definition.metadata.annotations.end() ? std::string() : found->second;
}

verdict judge_bundle_versions(
    const std::vector<std::shared_ptr<const apiextensions_v1::CustomResourceDefinition>>& definitions) {
    std::set<std::string> supported;
    std::vector<std::string> refused;
    for (const auto& definition : definitions) {
        if (!is_gateway_api(*definition))
            continue;
        const std::string version = bundle_version(*definition);
        if (is_supported(version))
            supported.insert(version);
        else if (version.empty())
            refused.push_back(
                fmt::format("{} has no annotation {}", definition->metadata.name, annotation_bundle_version));
        else
            refused.push_back(fmt::format("{} is of bundle version {}", definition->metadata.name, version));
    }
    if (refused.empty())
        return {
            true, "SupportedVersion",
            fmt::format("The Gateway API CRDs are of a supported version: {}", fmt::join(supported, ", "))};
    std::string rest;
    if (refused.size() > most_named) {
        rest = fmt::format("; and {} more", refused.size() - most_named);
        refused.resize(most_named);
    }
    return {
        false, "UnsupportedVersion",
        fmt::format("CustomResourceDefinition {}{}; supported are v1.0.0 and every later v1 release: install "
                    "the CRDs of one of them with kubectl apply --server-side. Until then kinds and fields "
                    "that are missing are not served",
                    fmt::join(refused, "; "), rest)};
}

} // namespace gwctl::gateway
