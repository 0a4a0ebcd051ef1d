// Which releases of the Gateway API's CRDs are supported.
#include <gateway/bundle_versions.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using apiextensions_v1::CustomResourceDefinition;

namespace {

using definitions = std::vector<std::shared_ptr<const CustomResourceDefinition>>;

void add(definitions& all, std::string plural, std::string version,
         std::string group = "gateway.networking.k8s.io") {
    auto d = std::make_shared<CustomResourceDefinition>();
    d->metadata.name = plural + "." + group;
    if (!version.empty())
        d->metadata.annotations["gateway.networking.k8s.io/bundle-version"] = version;
    all.push_back(std::move(d));
}

} // namespace

TEST_CASE("every release of v1 is supported, pre-releases too") {
    const auto version = GENERATE(as<std::string>(), "v1.0.0", "v1.4.1", "v1.6.1", "v1.17.0", "v1.6.0-rc.1");
    definitions all;
    add(all, "gateways", version);
    const verdict v = judge_bundle_versions(all);
    CHECK(v.holds);
    CHECK(v.reason == "SupportedVersion");
    CHECK(v.message == "The Gateway API CRDs are of a supported version: " + version);
}

TEST_CASE("other releases, and what says nothing, are not") {
    const auto version = GENERATE(as<std::string>(), "v0.8.1", "v2.0.0", "v1", "v1.", "v1.6", "v1.6.",
                                  "v1.x.0", "v1.6.1+x", "1.6.1", "v11.0.0", "monthly-2026.01", " v1.6.1");
    definitions all;
    add(all, "gateways", "v1.6.1");
    add(all, "tcproutes", version);
    const verdict v = judge_bundle_versions(all);
    CHECK_FALSE(v.holds);
    CHECK(v.reason == "UnsupportedVersion");
    CHECK(
        v.message ==
        "CustomResourceDefinition tcproutes.gateway.networking.k8s.io is of bundle version " + version +
            "; supported are v1.0.0 and every later v1 release: install the CRDs of one of them with kubectl "
            "apply --server-side. Until then kinds and fields that are missing are not served");
}

TEST_CASE("all definitions of the Gateway API count, also of kinds that are not served; others do not") {
    definitions all;
    add(all, "gateways", "v1.6.1");
    add(all, "tcproutes", "v1.4.0");
    add(all, "widgets", "", "example.com");
    CHECK(judge_bundle_versions(all).message ==
          "The Gateway API CRDs are of a supported version: v1.4.0, v1.6.1");
    add(all, "httproutes", "");
    CHECK(judge_bundle_versions(all).message.starts_with(
        "CustomResourceDefinition httproutes.gateway.networking.k8s.io has no annotation "
        "gateway.networking.k8s.io/bundle-version; supported are "));
    add(all, "xmeshes", "v0.1.0", "gateway.networking.x-k8s.io");
    add(all, "a", "");
    add(all, "b", "");
    add(all, "c", "");
    const std::string message = judge_bundle_versions(all).message;
    CHECK(message.find("xmeshes.gateway.networking.x-k8s.io is of bundle version v0.1.0") !=
          std::string::npos);
    CHECK(message.find("; and 2 more; supported are ") != std::string::npos);
}
