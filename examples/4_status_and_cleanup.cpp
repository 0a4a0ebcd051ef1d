// Tells users what became of their Widgets, by a condition and by Events, and tidies up after them.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>
using gwctl::core_v1::ConfigMap;

struct Widget {
    struct Spec {
        Spec() = default;
        std::string colour = "grey";
    };
    struct Status {
        Status() = default;
        std::vector<gwctl::Condition> conditions; // one, Ready
    };
    Widget() = default;
    static constexpr gwctl::resource_type type{"example.com", "v1", "Widget", "widgets"};
    gwctl::ObjectMeta metadata;
    Spec spec;
    Status status;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (colour))
BOOST_DESCRIBE_STRUCT(Widget::Status, (), (conditions))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec, status))

/// In one namespace for the Widgets of all, where owner references do not reach.
ConfigMap entry_of(const Widget& widget) {
    ConfigMap entry;
    entry.metadata.namespace_ = "default";
    entry.metadata.name = "widget-" + widget.metadata.namespace_ + "-" + widget.metadata.name;
    entry.data["colour"] = widget.spec.colour;
    return entry;
}

/// Writes the condition, and an Event, when it says something new.
gwctl::task<void> tell(gwctl::context& ctx, const Widget& widget, gwctl::Condition ready) {
    ready.type = "Ready";
    ready.observedGeneration = widget.metadata.generation;
    ready.lastTransitionTime = gwctl::format_time(ctx.time.wall_now());
    const auto& before = widget.status.conditions;
    if (!before.empty() && before.front().status == ready.status)
        ready.lastTransitionTime = before.front().lastTransitionTime;
    if (!before.empty() && before.front() == ready)
        co_return; // each write brings us back, so there must be a last one
    Widget said;
    said.metadata.namespace_ = widget.metadata.namespace_;
    said.metadata.name = widget.metadata.name;
    said.status.conditions.push_back(ready);
    co_await ctx.api.apply_status(said); // the next run sees it
    ctx.event(widget, ready.status == "True" ? gwctl::event_type::normal : gwctl::event_type::warning,
              ready.reason, ready.message);
}

struct painter {
    gwctl::task<gwctl::action> reconcile(gwctl::context& ctx, const Widget& widget) {
        const std::string& colour = widget.spec.colour;
        const bool known = colour == "blue" || colour == "green";
        if (known)
            co_await ctx.api.apply(entry_of(widget));
        gwctl::Condition ready;
        ready.status = known ? "True" : "False";
        ready.reason = known ? "Painted" : "UnknownColour";
        ready.message = known ? "It is " + colour : "spec.colour: expected blue or green, got " + colour;
        co_await tell(ctx, widget, ready);
        co_return gwctl::await_change();
    }

    /// Having this is having a finalizer: a Widget that is deleted stays until it returned.
    gwctl::task<void> cleanup(gwctl::context& ctx, const Widget& widget) {
        try { // there may be none
            co_await ctx.api.remove<ConfigMap>(gwctl::key_of(entry_of(widget)));
        } catch (const gwctl::api_error& e) {
            if (e.code() != gwctl::errc::not_found)
                throw;
        }
    }
};

int main() {
    gwctl::manager manager;
    manager.control<Widget>().reconcile_with(painter());
    return manager.run();
}
