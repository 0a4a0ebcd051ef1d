// Prints every change of every ConfigMap. Needs only `list` and `watch` on configmaps.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>

#include <fmt/format.h>

using gwctl::core_v1::ConfigMap;

int main(int argc, char** argv) {
    const auto config = gwctl::find_config(argc > 1 ? argv[1] : ""); // a kubeconfig, or the usual places
    if (!config) {
        fmt::print(stderr, "{}\n", config.error().message);
        return 1;
    }
    gwctl::manager mgr(gwctl::manager_options(), *config);
    mgr.cache<ConfigMap>().on_change([](const gwctl::change<ConfigMap>& c) {
        const char* what = !c.old ? "added" : !c.now ? "deleted" : "changed";
        fmt::print("{} {}\n", what, gwctl::describe(c.now ? *c.now : *c.old));
    });
    return mgr.run();
}
