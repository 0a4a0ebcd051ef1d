// Objects past HTTP: what a test gives the server by hand.
#include "http_client.hpp"

#include <gwctl/json/yaml.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;

namespace {

json::value yaml(std::string_view text) { return json::parse_yaml(text, "test").value().front(); }

std::string widgets(bool with_status) {
    return std::string(R"({apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
        metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced,
        names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, )") +
           (with_status ? "subresources: {status: {}}, " : "") +
           R"(schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]},
        status: {acceptedNames: {kind: "", plural: ""}, conditions: null, storedVersions: null}})";
}

constexpr const char* service = R"({apiVersion: v1, kind: Service, metadata: {name: s},
    spec: {type: LoadBalancer, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.10}]}}})";

json::value ingress(const api_server& server) {
    return server.get("services", "default", "s")->at("status").at("loadBalancer").at("ingress");
}

} // namespace

TEST_CASE("fixture-status: an object that is applied with a status has it") {
    api_server server;
    server.apply(yaml(service)).value();
    CHECK(ingress(server).at(0).at("ip") == "192.0.2.10");
    CHECK(server.get("services", "default", "s")->at("spec").at("type") == "LoadBalancer");
    REQUIRE(server.writes().size() == 2);
    CHECK(server.writes().at(1).subresource == "status");
    CHECK(server.writes().at(1).field_manager == "fixture");

    // Without one it keeps the one that it has.
    auto without = yaml(service);
    without.as_object().erase("status");
    server.apply(without).value();
    CHECK(ingress(server).at(0).at("ip") == "192.0.2.10");

    server.apply(yaml(widgets(true))).value();
    server
        .apply(yaml("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 1}, "
                    "status: {seen: true}}"))
        .value();
    const auto w = server.get("widgets.example.com", "default", "w");
    CHECK(w->at("status").at("seen") == true);
    CHECK(w->at("spec").at("size") == 1);
    CHECK(w->at("metadata").at("generation") == 1);
}

TEST_CASE("fixture-status: of a kind without the subresource, status is a field as any other") {
    api_server server;
    server.apply(yaml(widgets(false))).value();
    const auto w =
        yaml("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, status: {seen: true}}");
    server.apply(w).value();
    CHECK(server.get("widgets.example.com", "default", "w")->at("status").at("seen") == true);
    const auto refused = server.apply_status(w);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == errc::invalid);
    CHECK(refused.error().message ==
          "Widget w: status: widgets.example.com has no subresource status; put what it has by apply()");
    // Nor is there a field of that name everywhere.
    CHECK(server.apply(yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, status: {a: b}}"))
              .has_error());
    CHECK_FALSE(server.get("configmaps", "default", "c"));
}

TEST_CASE("fixture-status: apply_status writes the status and nothing else") {
    api_server server;
    CHECK(server.apply_status(yaml(service)).error().code == errc::not_found);
    auto plain = yaml(service);
    plain.as_object().erase("status");
    server.apply(plain).value();
    const auto none = server.apply_status(plain);
    REQUIRE(none.has_error());
    CHECK(none.error().message == "Service s: status: there is none to apply");

    auto other = yaml(service);
    other.at("spec").as_object()["type"] = "ClusterIP";
    server.apply_status(other).value();
    CHECK(ingress(server).at(0).at("ip") == "192.0.2.10");
    CHECK(server.get("services", "default", "s")->at("spec").at("type") == "LoadBalancer");
}

TEST_CASE("fixture-status: a status that is refused is an error, and the rest is there") {
    api_server server;
    auto wrong = yaml(service);
    wrong.at("status").at("loadBalancer").at("ingress").at(0).as_object()["ip"] = "192.0.2.999";
    const auto refused = server.apply(wrong);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == errc::invalid);
    CHECK(refused.error().message.find("status.loadBalancer.ingress[0].ip") != std::string::npos);
    CHECK(server.get("services", "default", "s"));
}

TEST_CASE("fixture-status: a definition's status stays the server's own") {
    api_server server;
    server.apply(yaml(widgets(true))).value();
    const auto status =
        server.get("customresourcedefinitions.apiextensions.k8s.io", "", "widgets.example.com")->at("status");
    CHECK(status.at("acceptedNames").at("kind") == "Widget");
    CHECK(status.at("conditions").as_array().size() == 2);
}

TEST_CASE("Fixtures that are no object of a kind that is served are refused") {
    api_server server;
    const auto why = [&](const char* text) { return server.apply(yaml(text)).error().message; };
    CHECK(why("{kind: Pod}") == "expected apiVersion and kind, got apiVersion \"\" and kind \"Pod\"");
    CHECK(why("{apiVersion: batch/v1, kind: Job, metadata: {name: j}}") ==
          "no matches for kind \"Job\" in version \"batch/v1\", which this server does not serve; apply its "
          "CustomResourceDefinition, or correct apiVersion and kind");
    CHECK(why("{apiVersion: v1, kind: Pod}") == "Pod: metadata.name is required");
}

TEST_CASE("A kind of Kubernetes that is not served: 404 that says whose fault it is") {
    api_server server;
    http_client http(server);
    for (const char* path : {"/apis/batch", "/apis/batch/v1", "/apis/batch/v1/namespaces/default/jobs",
                             "/apis/batch/v1/namespaces/default/jobs/j", "/apis/apps/v1/statefulsets",
                             "/api/v1/persistentvolumeclaims"}) {
        INFO(path);
        const auto a = http.get(path);
        CHECK(a.code == 404);
        REQUIRE(a.body.starts_with("{"));
        CHECK(a.reason() == "NotFound");
        CHECK(a.message().find("the embedded API server for tests does not serve ") == 0);
        // Nothing that reads like an object that is not there.
        CHECK(a.json().at("details").as_object().empty());
    }
    CHECK(http.get("/apis/batch/v1").message().find("serve the API group batch, which Kubernetes has") !=
          std::string::npos);
    CHECK(http.get("/apis/apps/v1/statefulsets").message().find("statefulsets.apps") != std::string::npos);
    // What Kubernetes has not either is answered as it would.
    CHECK(http.get("/apis/none.example.com/v1/x").body == "404 page not found\n");
    CHECK(http.get("/apis/none.example.com/v1").body == "404 page not found\n");
    CHECK(http.get("/apis/apps/v1/odds").message() == "the server could not find the requested resource");
    CHECK(http.get("/apis/apps/v1/namespaces/default/deployments/d/odd").message() ==
          "the server could not find the requested resource");

    // A CustomResourceDefinition stands in for it.
    server
        .apply(yaml(R"({apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
        metadata: {name: jobs.batch}, spec: {group: batch, scope: Namespaced, names: {kind: Job, plural: jobs},
        versions: [{name: v1, served: true, storage: true,
        schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}})"))
        .value();
    CHECK(http.get("/apis/batch/v1/namespaces/default/jobs").code == 200);
}
