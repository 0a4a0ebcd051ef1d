// HTTP listeners at the level of status, on the controller as it runs: Secrets, grants and HTTPRoutes are
// watched.
#include "embedded_run.hpp"

#include <gwctl/api/http_routes_v1.hpp>
#include <gwctl/gateway/status.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <support/catch.hpp>
#include <unit/client/certificates.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using gateway_v1::Gateway;

namespace {

const char* const base = R"(
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam}
data: {range-global: 192.0.2.10-192.0.2.19}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  gatewayClassName: l4
  listeners:
  - {name: web, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: cert, namespace: team}]}}
)";

const char* const grant = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: g, namespace: team}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: default}]
  to: [{group: "", kind: Secret}]
)";

const char* const route = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: absent, port: 80}]}]}
)";

std::string base64(const std::string& text) {
    std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string secret(const std::string& crt, const std::string& key,
                   const std::string& type = "kubernetes.io/tls") {
    return fmt::format(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: cert, namespace: team}}, type: {}, data: "
        "{{tls.crt: {}, tls.key: {}}}}}",
        type, base64(crt), base64(key));
}

std::string listener(const gateway_cluster& cluster, std::string_view type) {
    const auto listeners = cluster.get<Gateway>("gw").status.listeners;
    const Condition* c = gateway::find_condition(listeners.at(0).conditions, type);
    return c == nullptr ? "absent" : c->status + "/" + c->reason;
}

std::string programmed(const gateway_cluster& cluster) {
    return status_of(cluster.get<Gateway>("gw").status.conditions, "Programmed");
}

gateway::options with_http() {
    gateway::options o = default_options();
    o.http = gateway::http_listeners::status;
    return o;
}

} // namespace

TEST_CASE("a listener's verdict follows its certificate and the grant for it") {
    gateway_cluster cluster;
    cluster.apply(base);
    gateway_controller controller(cluster, with_http());
    const auto resolved = [&](const std::string& yaml) {
        if (!yaml.empty())
            cluster.apply(yaml);
        controller.settle();
        return listener(cluster, "ResolvedRefs");
    };
    CHECK(resolved("") == "False/RefNotPermitted");
    CHECK(programmed(cluster) == "True"); // its address is announced; the listener is not programmed
    CHECK(listener(cluster, "Programmed") == "False/Invalid");
    CHECK(resolved(grant) == "False/InvalidCertificateRef");
    const test::authority authority;
    const test::server_certificate own = authority.sign({});
    CHECK(resolved(secret("Hello world\n", "Hello world\n")) == "False/InvalidCertificateRef");
    CHECK(resolved(secret(own.chain, own.key)) == "True/ResolvedRefs");
    CHECK(listener(cluster, "Programmed") == "True/Programmed");
    CHECK(resolved(secret(own.chain, authority.sign({}).key)) == "False/InvalidCertificateRef");
    CHECK(resolved(secret(own.chain, own.key)) == "True/ResolvedRefs");
    REQUIRE(cluster.server.remove("secrets", "team", "cert"));
    CHECK(resolved("") == "False/InvalidCertificateRef");
    CHECK(resolved(secret(own.chain, own.key, "Opaque")) == "False/InvalidCertificateRef");
    REQUIRE(cluster.server.remove("referencegrants.gateway.networking.k8s.io", "team", "g"));
    CHECK(resolved("") == "False/RefNotPermitted");
}

TEST_CASE("HTTPRoutes are counted as they come and go, and nothing is written to them") {
    gateway_cluster cluster;
    cluster.apply(base);
    gateway_controller controller(cluster, with_http());
    controller.settle();
    const auto count = [&] { return cluster.get<Gateway>("gw").status.listeners.at(0).attachedRoutes; };
    CHECK(count() == 0);
    cluster.apply(route);
    controller.settle();
    CHECK(count() == 1);
    CHECK(cluster.get<core_v1::Service>("gw-l4").spec.ports.size() == 1);
    const auto live = cluster.server.get("httproutes.gateway.networking.k8s.io", "default", "r");
    REQUIRE(live);
    CHECK_FALSE(live->as_object().contains("status"));
    REQUIRE(cluster.server.remove("httproutes.gateway.networking.k8s.io", "default", "r"));
    controller.settle();
    CHECK(count() == 0);
}

TEST_CASE("by default no Secret and no HTTPRoute is asked for") {
    gateway_cluster cluster;
    cluster.apply(base);
    cluster.apply(route);
    for (const char* path : {"/secrets", "/httproutes"}) {
        testing::fault f;
        f.path = path;
        f.times = -1;
        cluster.server.inject(f);
    }
    gateway_controller controller(cluster, default_options());
    controller.settle(); // which a source that fails would hold up
    CHECK(listener(cluster, "Accepted") == "False/UnsupportedProtocol");
}
