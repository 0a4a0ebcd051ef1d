// A controller for a kind of your own: each Widget gets a ConfigMap, which dies with it.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>
using gwctl::core_v1::ConfigMap;

struct Widget { // reads like its YAML
    struct Spec {
        Spec() = default; // no aggregate: g++ 12 destroys those twice beside co_await
        std::string colour = "grey";
    };
    Widget() = default;
    static constexpr gwctl::resource_type type{"example.com", "v1", "Widget", "widgets"};
    gwctl::ObjectMeta metadata;
    Spec spec;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (colour))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec))

gwctl::task<gwctl::action> reconcile(gwctl::context& ctx, const Widget& widget) {
    ConfigMap map;
    map.metadata.name = widget.metadata.name;
    map.data["colour"] = widget.spec.colour;
    co_await ctx.api.apply(gwctl::owned_by(widget, map)); // server-side apply
    co_return gwctl::await_change();                      // a throw means: try again, with backoff
}

int main() {
    gwctl::manager manager; // of the cluster that kubectl would use
    manager.control<Widget>().owns<ConfigMap>().reconcile_with(reconcile);
    return manager.run(); // SIGTERM: drain, then 0
}
