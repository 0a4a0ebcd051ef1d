// The bundled gateway controller with one more kind of route: three facts, no plumbing.
#include <gwctl/gateway/gateway.hpp>
#include <gwctl/gwctl.hpp>

namespace gw = gwctl::gateway;

struct QUICRoute {
    QUICRoute() = default;
    static constexpr gwctl::resource_type type{"net.example.com", "v1", "QUICRoute", "quicroutes"};
    gwctl::ObjectMeta metadata;
    gw::L4RouteSpec spec;
    gw::RouteStatus status;
};
BOOST_DESCRIBE_STRUCT(QUICRoute, (), (metadata, spec, status))

struct quic {
    using route = QUICRoute;

    static bool accepts(const gw::Listener& l) { return l.protocol == "net.example.com/QUIC"; }

    static gw::service_port expose(const gw::Listener& l, const gw::BackendRef& b) {
        return {.protocol = "UDP", .port = l.port, .target_port = b.port.value_or(l.port)};
    }
};

int main() {
    gwctl::manager manager;
    gw::install<gw::tcp, gw::udp, quic>(
        manager, {.controller_name = "example.com/gateway", .ipam_config = {"default", "ipam"}});
    return manager.run();
}
