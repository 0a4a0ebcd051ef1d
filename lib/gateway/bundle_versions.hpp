/// Which releases of the Gateway API's CRDs this controller supports: every v1, from v1.0.0 on. v1 is the
/// first with Gateway and GatewayClass in version v1, and no release of it takes away what an earlier one
/// had; CRDs of v0 are used as far as their kinds are there, and reported.
#pragma once

#include <gwctl/api/apiextensions_v1.hpp>
#include <gwctl/gateway/attach.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace gwctl::gateway {

/// On every CRD of the Gateway API: the release that it is part of.
inline constexpr std::string_view annotation_bundle_version = "gateway.networking.k8s.io/bundle-version";

/// Whether a definition is one of the Gateway API, standard or experimental, by its name.
bool is_gateway_api(const apiextensions_v1::CustomResourceDefinition& definition);

/// "v1.6.1"; empty without the annotation.
std::string bundle_version(const apiextensions_v1::CustomResourceDefinition& definition);

/// The GatewayClass condition SupportedVersion. It is false when any CRD of the Gateway API carries no
/// version or one that is not supported; the message names them, and what to install.
verdict judge_bundle_versions(
    const std::vector<std::shared_ptr<const apiextensions_v1::CustomResourceDefinition>>& definitions);

} // namespace gwctl::gateway
