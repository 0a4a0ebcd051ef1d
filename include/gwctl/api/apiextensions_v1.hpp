/// apiextensions.k8s.io/v1: which custom resources the API server has.
#pragma once

#include <gwctl/api/resource.hpp>

namespace gwctl::apiextensions_v1 {

/// The metadata of a definition; its name is "PLURAL.GROUP", as `resource_type::qualified_name` gives it.
///
/// The spec is left out because its schemas are most of it: the definitions of a cluster can be tens of
/// megabytes. Which versions are served, discovery tells (`client::discover`).
struct CustomResourceDefinition {
    CustomResourceDefinition() = default;
    static constexpr resource_type type{"apiextensions.k8s.io",
                                        "v1",
                                        "CustomResourceDefinition",
                                        "customresourcedefinitions",
                                        false,
                                        {},
                                        true};
    ObjectMeta metadata;
    friend bool operator==(const CustomResourceDefinition&, const CustomResourceDefinition&) = default;
};
BOOST_DESCRIBE_STRUCT(CustomResourceDefinition, (), (metadata))

} // namespace gwctl::apiextensions_v1
