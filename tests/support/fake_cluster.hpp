/// The objects of a cluster in memory, given as YAML, for tests of the gateway controller's pure core.
#pragma once

#include <gwctl/api/http_routes_v1.hpp>
#include <gwctl/gateway/snapshot.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace gwctl::gateway::testing {

/// "default/web" and "web" (in namespace default) both.
object_key key(std::string_view text);

/// As an API server it keeps metadata, counts generations and versions, applies the defaults that matter
/// here, honours finalizers and collects what has lost its owner.
class fake_cluster : public cluster_view {
public:
    /// Has GatewayClass "l4" of ours and "other" of someone else, namespace "default", and the pool
    /// 10.0.0.1-10.0.0.9 in ConfigMap default/pools.
    explicit fake_cluster(std::string controller_name);

    /// Adds every document, or replaces the object of that name: uid, creation time, finalizers and status
    /// stay. Objects are created one second after the other, unless they say when.
    void add(std::string_view yaml);

    /// The same for an object that exists as a struct, however absurd.
    template <class T>
    void put(T object) {
        add_object(std::move(object));
    }

    // Shorthands for `add`; lists and maps in YAML flow style.
    void gateway(std::string_view name, std::string_view listeners, std::string_view more_spec = "");
    /// Names the Gateway "default/web" unless `parent` says otherwise.
    void listener_set(std::string_view name, std::string_view listeners,
                      std::string_view parent = "{name: web, namespace: default}");
    void route(std::string_view kind, std::string_view name, std::string_view parents,
               std::string_view backends, std::string_view labels = "{}");
    /// A Service with a selector, and a slice with `endpoints` ("[10.1.0.1]") on its target ports; those with
    /// a name get the number 8000 + port.
    void backend(std::string_view name, std::string_view ports, std::string_view endpoints = "[10.1.0.1]");

    template <class T>
    std::shared_ptr<const T> get(const object_key& k) const {
        const auto found = table<T>().find(k);
        return found == table<T>().end() ? nullptr : found->second;
    }
    template <class T>
    std::shared_ptr<const T> get(std::string_view name) const {
        return get<T>(key(name));
    }
    template <class T>
    std::vector<std::shared_ptr<const T>> list() const {
        std::vector<std::shared_ptr<const T>> all;
        for (const auto& [k, object] : table<T>())
            all.push_back(object);
        return all;
    }

    /// A JSON merge patch (RFC 7386), given as YAML. A resourceVersion in it must be the live one.
    template <class T>
    void merge(const object_key& k, std::string_view patch);
    template <class T>
    void merge(std::string_view name, std::string_view patch) {
        merge<T>(key(name), patch);
    }

    /// Deletes as kubectl does: what has finalizers stays until they are gone; what it owns goes with it.
    template <class T>
    void remove(const object_key& k);
    template <class T>
    void remove(std::string_view name) {
        remove<T>(key(name));
    }

    /// Every write since the last call, "apply Service default/web-l4" each. Those without effect do not
    /// count.
    std::vector<std::string> take_writes() { return std::exchange(writes_, {}); }

    /// Secrets of type kubernetes.io/tls, and what is wrong with them.
    std::map<object_key, std::string> certificates{};
    /// Called after every write that had an effect, with "apply Service default/web-l4".
    std::function<void(const std::string&)> after_write{};

    wall_time now{std::chrono::seconds(1'800'000'000)};

    // cluster_view
    std::shared_ptr<const core_v1::Service> service(const object_key& k) const override;
    std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>
    slices(const object_key& service) const override;
    std::shared_ptr<const core_v1::Namespace> namespace_(const std::string& name) const override;
    std::vector<std::shared_ptr<const ReferenceGrant>> grants(const std::string& namespace_) const override;
    std::shared_ptr<const Gateway> gateway(const object_key& k) const override { return get<Gateway>(k); }
    std::shared_ptr<const ListenerSet> listener_set(const object_key& k) const override {
        return get<ListenerSet>(k);
    }
    std::optional<std::string> certificate_problem(const object_key& secret) const override;
    bool is_ours(const object_key& gateway) const override;
    bool is_granted(const std::string& address) const override;
    std::string served_version(const resource_type& type) const override {
        const auto found = served.find(type.kind);
        return found == served.end() ? std::string(type.version) : found->second;
    }
    std::map<std::string, std::string, std::less<>>
        served; ///< by kind, where it is not the preferred version

    bool reads(const std::string& namespace_) const override {
        return scope.empty() || scope.contains(namespace_);
    }
    std::string labels_unknown() const override { return unknown_labels; }

    std::set<std::string> scope{}; ///< as options::namespaces
    std::string unknown_labels{};  ///< why namespaces cannot be read

protected:
    /// Writes the whole object; `what` is the verb of the write log.
    template <class T>
    void store(T object, std::string_view what);
    /// Server-side apply of ours: the spec, and those labels and annotations that it applied before or wants.
    template <class T>
    void apply_object(const T& wanted);

    const std::vector<std::string>& writes() const { return writes_; }

private:
    template <class T>
    using table_of = std::map<object_key, std::shared_ptr<const T>>;
    template <class T>
    table_of<T>& table() {
        return std::get<table_of<T>>(tables_);
    }
    template <class T>
    const table_of<T>& table() const {
        return std::get<table_of<T>>(tables_);
    }

    template <class T>
    void add_object(T object);
    template <class T>
    void collect_garbage(const std::string& uid);

    std::tuple<table_of<Gateway>, table_of<GatewayClass>, table_of<core_v1::Service>,
               table_of<discovery_v1::EndpointSlice>, table_of<core_v1::Namespace>, table_of<ReferenceGrant>,
               table_of<core_v1::ConfigMap>, table_of<gateway_v1::TCPRoute>, table_of<gateway_v1::UDPRoute>,
               table_of<gateway_v1::HTTPRoute>, table_of<ListenerSet>>
        tables_{};
    std::map<std::string, ObjectMeta> applied_{}; ///< labels and annotations that `apply_object` owns
    std::vector<std::string> writes_{};
    std::string controller_name_;
    int created_ = 0;
    int version_ = 0;
};

} // namespace gwctl::gateway::testing
