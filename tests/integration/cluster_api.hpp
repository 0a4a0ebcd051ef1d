// Every kind that an API server serves, untyped.
#pragma once

#include "blocking_client.hpp"

#include <gwctl/json/value.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::tests {

struct served_kind {
    std::string group{};
    std::string path{}; ///< "/apis/apps/v1"
    std::string plural{};
    bool namespaced = true;

    /// "deployments.apps", "services"
    std::string name() const { return group.empty() ? plural : plural + "." + group; }
};

/// An object of some kind, as a list shows it.
struct listed_object {
    const served_kind* kind = nullptr;
    json::value object{};

    std::string name() const { return std::string(metadata().at("name").as_string()); }
    std::string namespace_() const;
    /// "services default/web"
    std::string describe() const;
    const json::object& metadata() const { return object.at("metadata").as_object(); }
};

/// Asks for the kinds once, when it is made.
class cluster_api {
public:
    explicit cluster_api(cluster_config config);

    blocking_client& client() { return client_; }
    /// Of the kinds that `wanted` says, in all namespaces. A kind counts once, in the version the server
    /// prefers.
    std::vector<listed_object> list(const std::function<bool(const served_kind&)>& wanted);
    /// False when there is no such object. `kind` as in `served_kind::name`.
    bool exists(std::string_view kind, std::string_view namespace_, std::string_view name);
    bool remove(std::string_view kind, std::string_view namespace_, std::string_view name);
    /// What `kubectl get` prints of an object, column by column.
    std::map<std::string, std::string> row(std::string_view kind, std::string_view namespace_,
                                           std::string_view name);
    /// Also takes its finalizers, if it is held by some.
    void remove(const listed_object& o);

private:
    void discover(const std::string& group, const std::string& path);
    std::string path_of(std::string_view kind, std::string_view namespace_, std::string_view name) const;
    /// False when the answer is that there is no such object.
    bool send(std::string method, std::string target, std::string body = {}, std::string type = {});

    blocking_client client_;
    std::vector<served_kind> kinds_;
};

} // namespace gwctl::tests
