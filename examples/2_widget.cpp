// A controller for a custom resource: each Widget gets a Deployment, and its status says how much of it is
// ready.
#include <gwctl/api/apps_v1.hpp>
#include <gwctl/gwctl.hpp>

#include <fmt/format.h>

using gwctl::apps_v1::Deployment;

// A plain struct is a kind; it reads like its YAML.
struct Widget {
    struct Spec {
        std::string image;
        std::int32_t replicas = 1;
    };
    struct Status {
        std::int32_t ready = 0;
    };
    static constexpr gwctl::resource_type type{"example.com", "v1", "Widget", "widgets"};
    gwctl::ObjectMeta metadata;
    Spec spec;
    Status status;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (image, replicas))
BOOST_DESCRIBE_STRUCT(Widget::Status, (), (ready))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec, status))

// The Deployment a Widget wants. A pure function: test it without a cluster.
Deployment deployment_for(const Widget& widget) {
    Deployment d;
    d.metadata.name = widget.metadata.name;
    d.spec.replicas = widget.spec.replicas;
    d.spec.selector.matchLabels["widget"] = widget.metadata.name;
    d.spec.template_.metadata.labels["widget"] = widget.metadata.name;
    d.spec.template_.spec.containers.resize(1);
    d.spec.template_.spec.containers[0].name = "widget";
    d.spec.template_.spec.containers[0].image = widget.spec.image;
    return gwctl::owned_by(widget, d);
}

// Called for each Widget, and again when it or its Deployment changes. A throw means: try again, with
// backoff.
gwctl::task<gwctl::action> reconcile(gwctl::context& ctx, const Widget& widget) {
    const Deployment have = co_await ctx.api.apply(deployment_for(widget)); // server-side apply
    const std::int32_t ready = have.status.readyReplicas.value_or(0);
    if (ready != widget.status.ready) {
        auto status = gwctl::patch::merge_patch(fmt::format(R"({{"status":{{"ready":{}}}}})", ready));
        ctx.wrote(co_await ctx.api.patch_status<Widget>(ctx.key(), status));
        ctx.event(widget, gwctl::event_type::normal, "Scaled", fmt::format("{} replicas are ready", ready));
    }
    co_return gwctl::await_change();
}

int main(int argc, char** argv) {
    const auto config = gwctl::find_config(argc > 1 ? argv[1] : ""); // a kubeconfig, or the usual places
    if (!config) {
        fmt::print(stderr, "{}\n", config.error().message);
        return 1;
    }
    gwctl::manager_options options;
    options.name = "widgets";
    options.metrics_bind_address = ":8080";
    gwctl::manager mgr(options, *config);
    mgr.control<Widget>().owns<Deployment>().reconcile_with(reconcile);
    return mgr.run(); // SIGTERM: drains, then 0
}
