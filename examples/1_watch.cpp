// Prints what happens to ConfigMaps, in the cluster that kubectl would use, until Ctrl-C.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>

#include <cstdio>

using gwctl::core_v1::ConfigMap;

void print(const gwctl::change<ConfigMap>& change) {
    const char* what = !change.old ? "added" : !change.now ? "deleted" : "changed";
    const ConfigMap& map = change.now ? *change.now : *change.old;
    std::printf("%-8s %s, %zu keys\n", what, gwctl::describe(map).c_str(), map.data.size());
}

int main() {
    gwctl::manager manager;
    manager.cache<ConfigMap>().on_change(print); // what exists comes first, as additions
    return manager.run();
}
