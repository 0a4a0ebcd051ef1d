// The controller of 2_widget.cpp under 100 seeds: two replicas of it, users who change their minds, and whatever goes
// wrong in a cluster. `--help` says how to run one seed, and parts of it.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>
#include <gwctl/testing/seeds.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <random>

namespace testing = gwctl::testing;
using gwctl::core_v1::ConfigMap;

struct Widget {
    struct Spec {
        Spec() = default;
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
    co_await ctx.api.apply(gwctl::owned_by(widget, map));
    co_return gwctl::await_change();
}

constexpr std::string_view kind = R"({apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
  metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced,
  names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true,
  schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}})";

/// What is to happen: within half a minute, six times a Widget is made, painted anew or deleted, and five things go
/// wrong.
testing::scenario draw(std::uint64_t seed) {
    testing::scenario s;
    s.lasts = std::chrono::seconds(30);
    s.mishaps = testing::draw_mishaps(seed, 5, s.lasts);
    std::mt19937_64 dice(seed);
    for (int i = 0; i < 6; ++i) {
        const std::chrono::milliseconds at(dice() % 30000);
        const std::string name(1, "abc"[dice() % 3]);
        const char* const colour = std::array{"blue", "green", "red"}[dice() % 3];
        if (dice() % 3 == 0)
            s.steps.emplace_back(at, "delete Widget " + name, [name](testing::simulation& world) {
                world.remove("widgets.example.com", "default", name);
            });
        else
            s.steps.emplace_back(at, fmt::format("paint Widget {} {}", name, colour),
                                 [name, colour](testing::simulation& world) {
                                     world.apply_yaml(
                                         fmt::format("{{apiVersion: example.com/v1, kind: Widget, "
                                                     "metadata: {{name: {}}}, spec: {{colour: {}}}}}",
                                                     name, colour));
                                 });
    }
    return s;
}

/// Colours by name, of the Widgets or of the ConfigMaps.
std::map<std::string, std::string> colours(const testing::simulation& world, const char* kind,
                                           const char* part) {
    std::map<std::string, std::string> all;
    for (const gwctl::json::value& o : world.objects(kind))
        all[o.at("metadata").at("name").as_string().c_str()] = o.at(part).at("colour").as_string().c_str();
    return all;
}

std::vector<std::string> run(testing::simulation_options options, const testing::scenario& scenario) {
    options.replicas = 2;
    options.quiet_for = std::chrono::seconds(5); // this controller never comes back by itself
    testing::simulation world(options, [](gwctl::manager& manager) {
        manager.control<Widget>().owns<ConfigMap>().reconcile_with(reconcile);
    });
    world.on_change([&](const gwctl::json::value* /*before*/, const gwctl::json::value* after) {
        if (after && after->at("kind") == "ConfigMap" &&
            !after->at("metadata").as_object().contains("ownerReferences"))
            world.violated("a ConfigMap has no owner, and would outlive its Widget");
    });
    world.apply_yaml(kind);
    play(world, scenario);
    world.calm(); // trouble ends, and the controller gets the time that it needs
    const auto wanted = colours(world, "widgets.example.com", "spec");
    const auto found = colours(world, "configmaps", "data");
    if (wanted != found)
        world.violated(fmt::format("the Widgets are {}, the ConfigMaps are {}", wanted, found));
    world.restart_to_no_effect();
    return world.violations();
}

int main(int argc, char** argv) { return testing::seeds_main(argc, argv, {draw, run}); }
