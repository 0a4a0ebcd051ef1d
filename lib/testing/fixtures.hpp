// What users of a cluster do, past HTTP: objects are applied, removed and looked at.
#pragma once

#include "cluster.hpp"

#include <gwctl/core/error.hpp>

namespace gwctl::testing::detail {

/// Server-side apply as the manager "fixture", and reads. The cluster must outlive it. As thread safe as the cluster.
class fixtures {
public:
    explicit fixtures(cluster& c) : cluster_(c) {}

    /// See `api_server::apply`.
    result<json::value> apply(const json::value& object);
    /// See `api_server::apply_status`.
    result<json::value> apply_status(const json::value& object);
    bool remove(std::string_view kind, std::string_view ns, std::string_view name,
                std::string_view propagation);
    std::vector<json::value> objects(std::string_view kind) const;
    std::optional<json::value> get(std::string_view kind, std::string_view ns, std::string_view name) const;

private:
    kind_ptr kind_named(std::string_view name) const;
    result<write_request> request_for(const json::value& object) const;
    result<json::value> patch(const write_request& r, const json::value& object);
    result<json::value> patch_status(write_request r, const json::value& status);

    cluster& cluster_;
};

} // namespace gwctl::testing::detail
