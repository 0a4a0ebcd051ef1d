// A cluster for the gateway controller: an embedded API server, or a real one.
#pragma once

#include "cluster_api.hpp"
#include "server.hpp"

#include <gwctl/gateway/gateway.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <support/tcp_proxy.hpp>
#include <vector>

namespace gwctl::tests {

/// A line for each object that a user or the controller made, without what changes by itself: versions,
/// times, statuses, Events and Leases.
using inventory_lines = std::set<std::string>;

/// Everything is done over HTTP, as a user who may do everything; the controller comes with its own identity.
/// Is empty when it is made: what earlier cases left behind is deleted and gone.
class gateway_cluster {
public:
    gateway_cluster();

    /// Applies every document of the named files of manifests/. Fails the test on any error.
    void load(const std::vector<std::string>& files);
    void apply(const std::string& yaml);

    /// Throws `errc::not_found`.
    template <Resource T>
    T get(const std::string& name, const std::string& namespace_ = "default") {
        return api_.client().get<T>(name, T::type.namespaced ? namespace_ : "");
    }
    template <Resource T>
    std::vector<std::shared_ptr<const T>> list() {
        return api_.client().list<T>();
    }
    /// `kind` is "services", "gateways.gateway.networking.k8s.io".
    bool exists(std::string_view kind, std::string_view namespace_, std::string_view name) {
        return api_.exists(kind, namespace_, name);
    }
    /// False when there is no such object.
    bool remove(std::string_view kind, std::string_view namespace_, std::string_view name) {
        return api_.remove(kind, namespace_, name);
    }

    /// Announces an address for a Service, as an announcer other than kube-vip does.
    void announce(const std::string& service, const std::string& address,
                  const std::string& namespace_ = "default");
    /// A merge patch of the status of the object at `path`.
    void patch_status(const std::string& path, const std::string& body);
    /// What `kubectl get` prints of an object, column by column.
    std::map<std::string, std::string> row(std::string_view kind, std::string_view namespace_,
                                           std::string_view name) {
        return api_.row(kind, namespace_, name);
    }

    /// The list at a path such as "/api/v1/services", as JSON.
    json::value read(const std::string& path);
    /// What happened to its objects since it was read, as the events of a watch.
    std::vector<json::value> changes(const std::string& path, const json::value& since);

    /// Two of these are equal when nothing was left behind.
    inventory_lines inventory();
    /// Writes from now on; see `server_under_test::writes`.
    void forget_writes() { forgotten_ = server_->writes().size(); }
    std::vector<std::string> writes();

    /// Waits until everybody but the controller has done their part.
    void settle();
    /// What everybody but the controller has yet to do.
    std::vector<std::string> under_way();

    /// How the controller gets at the API server.
    cluster_config controller_config() const;
    /// Cuts the connections that the controller has, and returns their number.
    std::size_t drop_connections() { return proxy_.drop_connections(); }

private:
    void clear();

    std::unique_ptr<server_under_test> server_;
    tcp_proxy proxy_;
    cluster_api api_;
    std::size_t forgotten_ = 0;
};

/// What is in one inventory and not in the other, with "-" or "+" in front.
std::vector<std::string> differences(const inventory_lines& before, const inventory_lines& after);

} // namespace gwctl::tests
