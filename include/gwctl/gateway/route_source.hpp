/// The store and the writes of one route kind, without its type. Made by `install`; of interest to its
/// implementation.
#pragma once

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/listener_sets_v1.hpp>
#include <gwctl/gateway/cached.hpp>
#include <gwctl/gateway/options.hpp>
#include <gwctl/gateway/route_kind.hpp>
#include <gwctl/runtime/manager.hpp>

#include <functional>
#include <optional>

namespace gwctl::gateway::detail {

using gateway_v1::ListenerSet;

/// Of the kinds that `options::namespaces` limits.
cache_scope scope_of(const options& o);
/// Of the Namespaces themselves. Who is limited to some may have no permission to list them.
cache_scope scope_of_namespaces(const options& o);

/// What a controller of routes does for one key; the same for every kind.
using reconcile_route = std::function<task<action>(context&, object_key)>;
using route_change =
    std::function<void(const std::optional<route_view>& old, const std::optional<route_view>& now)>;

class route_source {
public:
    virtual ~route_source() = default;

    virtual const route_kind& kind() const noexcept = 0;
    virtual const gwctl::detail::object_table& table() const noexcept = 0;
    virtual std::optional<route_view> get(const object_key& key) const = 0;
    virtual std::vector<route_view> by_index(std::string_view index, const std::string& value) const = 0;
    virtual std::vector<route_view> in_namespace(const std::string& namespace_) const = 0;
    virtual void add_index(std::string name,
                           std::function<std::vector<std::string>(const route_view&)> values) = 0;
    virtual void on_change(route_change handler) = 0;
    virtual void on_version(std::function<void()> handler) = 0;
    virtual void on_state(std::function<void(store_state)> handler) = 0;
    /// Has another controller wait for this kind's store.
    virtual void read_by(controller_builder<cached<Gateway>>& builder) = 0;
};

/// Of a kind whose routes are served and told so.
class served_route_source : public route_source {
public:
    /// Makes the controller. It starts when everything has been asked for that `reconcile` reads but the other route
    /// kinds; what came of it `reconcile` has to ask for itself.
    virtual controller& control(manager& mgr, reconcile_route reconcile) = 0;
    virtual task<void> patch(context& ctx, object_key key, class patch change) = 0;
    virtual task<void> patch_status(context& ctx, object_key key, class patch change) = 0;
};

/// The reading half, on a store of trimmed R.
template <class Base, Resource R, route_view (*View)(std::shared_ptr<const R>)>
class stored_routes : public Base {
public:
    stored_routes(manager& mgr, const options& o)
        : scope(scope_of(o)), namespaces(scope_of_namespaces(o)), store_(mgr.cache<cached<R>>(scope)) {}

    const gwctl::detail::object_table& table() const noexcept override { return store_; }

    std::optional<route_view> get(const object_key& key) const override { return view(store_.get(key)); }
    std::vector<route_view> by_index(std::string_view index, const std::string& value) const override {
        return views(store_.by_index(index, value));
    }
    std::vector<route_view> in_namespace(const std::string& namespace_) const override {
        return views(store_.list(namespace_));
    }

    void add_index(std::string name,
                   std::function<std::vector<std::string>(const route_view&)> values) override {
        store_.add_index(std::move(name),
                         [f = std::move(values)](const R& r) { return f(borrowed_view(r)); });
    }
    void on_change(route_change handler) override {
        store_.on_change(
            [f = std::move(handler)](const change<cached<R>>& c) { f(view(c.old), view(c.now)); });
    }
    void on_version(std::function<void()> handler) override { store_.on_version(std::move(handler)); }
    void on_state(std::function<void(store_state)> handler) override { store_.on_state(std::move(handler)); }
    void read_by(controller_builder<cached<Gateway>>& builder) override {
        builder.template reads<cached<R>>(scope);
    }

protected:
    const cache_scope scope;
    const cache_scope namespaces;

private:
    /// For the duration of a call: the view does not keep the route alive.
    static route_view borrowed_view(const R& r) {
        return View(std::shared_ptr<const R>(std::shared_ptr<const R>(), &r));
    }
    static std::optional<route_view> view(std::shared_ptr<const R> r) {
        if (!r)
            return std::nullopt;
        return View(std::move(r));
    }
    static std::vector<route_view> views(std::vector<std::shared_ptr<const cached<R>>> routes) {
        std::vector<route_view> out;
        out.reserve(routes.size());
        for (auto& r : routes)
            out.push_back(View(std::move(r)));
        return out;
    }

    store<cached<R>>& store_;
};

template <RouteKind K>
class typed_route_source final : public stored_routes<served_route_source, typename K::route, &view_of<K>> {
public:
    using route = typename K::route;
    using stored_routes<served_route_source, route, &view_of<K>>::stored_routes;

    const route_kind& kind() const noexcept override { return route_kind_of<K>; }

    controller& control(manager& mgr, reconcile_route reconcile) override {
        const cache_scope& scope = this->scope;
        auto builder = mgr.control<cached<route>>({}, scope);
        builder.template reads<GatewayClass>().template reads<core_v1::Namespace>(this->namespaces);
        builder.template reads<cached<Gateway>>(scope).template reads<cached<ListenerSet>>(scope);
        builder.template reads<cached<ReferenceGrant>>(scope);
        builder.template reads<cached<core_v1::Service>>(scope);
        builder.template reads<cached<discovery_v1::EndpointSlice>>(scope);
        builder.allow_unsynced();
        return builder.reconcile_with(std::move(reconcile));
    }

    task<void> patch(context& ctx, object_key key, class patch change) override {
        co_await ctx.api.patch<route>(std::move(key), std::move(change));
    }
    task<void> patch_status(context& ctx, object_key key, class patch change) override {
        co_await ctx.api.patch_status<route>(std::move(key), std::move(change));
    }
};

} // namespace gwctl::gateway::detail
