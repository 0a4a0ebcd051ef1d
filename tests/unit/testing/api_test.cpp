// The embedded API server over real HTTP: objects and their semantics.
#include "http_client.hpp"

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;

namespace {

const std::string configmaps = "/api/v1/namespaces/default/configmaps";
const std::string services = "/api/v1/namespaces/default/services";
const std::string gateways = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways";

std::string configmap(const std::string& name, const std::string& more = "") {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"}" + more + "}";
}
std::string gateway(const std::string& name, const std::string& more = "") {
    return R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":")" + name +
           "\"" + more +
           R"(},"spec":{"gatewayClassName":"c","listeners":[{"name":"l","port":80,"protocol":"TCP"}]}})";
}
std::string version(const json::value& o) {
    return std::string(o.at("metadata").at("resourceVersion").as_string());
}
std::int64_t generation(const json::value& o) { return o.at("metadata").at("generation").as_int64(); }

} // namespace

TEST_CASE("Objects are created, read, replaced and deleted") {
    api_server server;
    http_client http(server);
    const auto made = http.post(configmaps, configmap("x", R"(,"data":{"a":"b"})"));
    REQUIRE(made.code == 201);
    const auto o = made.json();
    CHECK(o.at("metadata").at("uid").as_string().size() == 36);
    CHECK(o.at("metadata").at("namespace") == "default");
    CHECK_FALSE(o.at("metadata").as_object().contains("generation"));
    CHECK(std::stoull(version(o)) == server.resource_version());
    CHECK(http.get(configmaps + "/x").json() == o);

    auto changed = o;
    changed.at("data").as_object()["a"] = "c";
    const auto replaced = http.put(configmaps + "/x", changed);
    CHECK(replaced.code == 200);
    CHECK(std::stoull(version(replaced.json())) > std::stoull(version(o)));

    SECTION("a stale write is a conflict") {
        const auto again = http.put(configmaps + "/x", changed);
        CHECK(again.code == 409);
        CHECK(again.reason() == "Conflict");
        CHECK(again.message() ==
              "Operation cannot be fulfilled on configmaps \"x\": the object has been modified; please apply "
              "your changes to the latest version and try again");
    }
    SECTION("a write that changes nothing makes no version") {
        const auto before = server.resource_version();
        const auto same = http.put(configmaps + "/x", replaced.json());
        CHECK(same.code == 200);
        CHECK(version(same.json()) == version(replaced.json()));
        CHECK(http.patch(configmaps + "/x", "merge-patch+json", R"({"data":{"a":"c"}})").code == 200);
        CHECK(server.resource_version() == before);
    }
    SECTION("deletion answers with the uid") {
        const auto gone = http.remove(configmaps + "/x");
        CHECK(gone.code == 200);
        CHECK(gone.json().at("status") == "Success");
        CHECK(gone.json().at("details").at("uid") == o.at("metadata").at("uid"));
        CHECK(http.get(configmaps + "/x").code == 404);
    }
}

TEST_CASE("Refusals are Status objects with kubectl's words") {
    api_server server;
    http_client http(server);
    http.post(configmaps, configmap("x"));
    SECTION("not found") {
        const auto a = http.get(gateways + "/nope");
        CHECK(a.code == 404);
        CHECK(a.message() == "gateways.gateway.networking.k8s.io \"nope\" not found");
        CHECK(a.json().at("details") ==
              json::value({{"name", "nope"}, {"group", "gateway.networking.k8s.io"}, {"kind", "gateways"}}));
    }
    SECTION("already exists") {
        const auto a = http.post(configmaps, configmap("x"));
        CHECK(a.code == 409);
        CHECK(a.reason() == "AlreadyExists");
        CHECK(a.message() == "configmaps \"x\" already exists");
    }
    SECTION("invalid, with a cause per field") {
        const auto a = http.post(
            gateways,
            R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g"},"spec":{"listeners":[{"name":"l","port":0,"protocol":"TCP"}]}})");
        CHECK(a.code == 422);
        CHECK(a.reason() == "Invalid");
        CHECK(
            a.message() ==
            "Gateway.gateway.networking.k8s.io \"g\" is invalid: [spec.gatewayClassName: Required value, "
            "spec.listeners[0].port: Invalid value: 0: spec.listeners[0].port in body should be greater than "
            "or equal to 1, <nil>: Invalid value: null: some validation rules were not checked because the "
            "object "
            "was invalid; correct the existing errors to complete validation]");
        CHECK(a.json().at("details").at("causes").at(0).at("field") == "spec.gatewayClassName");
        CHECK(a.json().at("details").at("causes").at(0).at("reason") == "FieldValueRequired");
    }
    SECTION("the rest") {
        CHECK(http.get("/api/v1/namespaces/default/widgets").code == 404);
        CHECK(http.get("/apis/nope/v1/x").code == 404);
        CHECK(http.post("/api/v1/namespaces/missing/configmaps", configmap("x")).message() ==
              "namespaces \"missing\" not found");
        CHECK(http.post("/api/v1/configmaps", configmap("x")).code == 405);
        CHECK(http.post(configmaps, R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"}})").code ==
              400);
        CHECK(http.post(configmaps, R"({"metadata":{"name":"s","namespace":"other"}})").code == 400);
        CHECK(http.post(configmaps, R"({"metadata":{"name":"Not_DNS"}})").code == 422);
        CHECK(http.post(configmaps, R"({"metadata":{}})").code == 422);
        CHECK(http.send("POST", configmaps, "x", "text/plain").code == 415);
        CHECK(http.get(configmaps, "application/vnd.kubernetes.protobuf").code == 406);
        CHECK(http.get(configmaps, "application/vnd.kubernetes.protobuf")
                  .message()
                  .find("answers in JSON and") != std::string::npos);
        CHECK(http.get(configmaps, "application/vnd.kubernetes.protobuf, */*").code == 200);
        CHECK(http.get(configmaps, "application/vnd.kubernetes.protobuf,application/json").code == 200);
        CHECK(http.get(configmaps + "/x/status").code == 404);
        CHECK(http.patch(gateways + "/g", "strategic-merge-patch+json", "{}").code == 415);
        CHECK(http.patch(configmaps + "/x", "json-patch+json", R"([{"op":"test","path":"/data","value":1}])")
                  .code == 422);
        CHECK(http.patch(configmaps + "/x", "json-patch+json", R"({"op":"test"})").code == 400);
        CHECK(http.patch(configmaps + "/x", "apply-patch+yaml", configmap("x")).code ==
              422); // no fieldManager
    }
}

TEST_CASE("Generation follows spec, status has an endpoint of its own") {
    api_server server;
    http_client http(server);
    const auto made = http.post(gateways, gateway("g")).json();
    CHECK(generation(made) == 1);
    CHECK(made.at("status").at("conditions").as_array().size() == 2);
    CHECK(made.at("status").at("conditions").at(0).at("reason") == "Pending");
    CHECK(made.at("spec").at("listeners").at(0).at("allowedRoutes").at("namespaces").at("from") == "Same");

    auto labelled =
        http.patch(gateways + "/g", "merge-patch+json", R"({"metadata":{"labels":{"a":"b"}}})").json();
    CHECK(generation(labelled) == 1);
    const auto ignored =
        http.patch(gateways + "/g", "merge-patch+json", R"({"status":{"addresses":[{"value":"1.1.1.1"}]}})")
            .json();
    CHECK(version(ignored) == version(labelled));

    const auto status =
        http.patch(
                gateways + "/g/status", "merge-patch+json",
                R"({"metadata":{"labels":{"x":"y"}},"spec":{"gatewayClassName":"z"},"status":{"addresses":[{"value":"192.0.2.1"}]}})")
            .json();
    CHECK(generation(status) == 1);
    CHECK(status.at("spec").at("gatewayClassName") == "c");
    CHECK_FALSE(status.at("metadata").at("labels").as_object().contains("x"));
    CHECK(status.at("status").at("addresses").at(0) ==
          json::value({{"value", "192.0.2.1"}, {"type", "IPAddress"}}));

    const auto changed =
        http.patch(gateways + "/g", "merge-patch+json", R"({"spec":{"gatewayClassName":"d"}})").json();
    CHECK(generation(changed) == 2);
    CHECK(changed.at("status").at("addresses").as_array().size() == 1);
}

TEST_CASE("Server-side apply over HTTP") {
    api_server server;
    http_client http(server);
    const auto body =
        R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g","labels":{"a":"1"}},"spec":{"gatewayClassName":"c","listeners":[{"name":"l","port":80,"protocol":"TCP"}]}})";
    CHECK(http.apply(gateways + "/g", body).code == 201);
    // The second apply finds what the schema of status defaulted after the first, and is a write; the third
    // is none.
    CHECK(http.apply(gateways + "/g", body).code == 200);
    const auto before = server.resource_version();
    CHECK(http.apply(gateways + "/g", body).code == 200);
    CHECK(server.resource_version() == before);

    // A controller applies status; the spec's manager does not own the conditions it never wrote.
    const auto status =
        R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g"},"status":{"conditions":[
        {"type":"Accepted","status":"True","reason":"Accepted","message":"","lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":1}]}})";
    const auto applied = http.apply(gateways + "/g/status", status, "controller");
    INFO(applied.body);
    REQUIRE(applied.code == 200);
    CHECK(applied.json().at("status").at("conditions").at(0).at("status") == "True");
    CHECK(applied.json().at("status").at("conditions").as_array().size() == 2);
    CHECK(generation(applied.json()) == 1);

    const auto clash = http.apply(
        gateways + "/g",
        R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"g","labels":{"a":"2"}}})",
        "other");
    CHECK(clash.code == 409);
    CHECK(clash.message() == "Apply failed with 1 conflict: conflict with \"m\": .metadata.labels.a");
    const auto yaml = http.apply(
        configmaps + "/z", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: z\ndata:\n  a: \"1\"\n");
    CHECK(yaml.code == 201);
    CHECK(yaml.json().at("data").at("a") == "1");
    // YAML 1.1: y is true, which is no name, and the real server finds that out where it answers with 500.
    CHECK(http.apply(configmaps + "/y", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\n").code ==
          500);
}

TEST_CASE("One object is seen through every version of its kind") {
    api_server server;
    http_client http(server);
    const std::string routes = "/apis/gateway.networking.k8s.io/";
    const auto made = http.post(
        routes + "v1alpha2/namespaces/default/tcproutes",
        R"({"apiVersion":"gateway.networking.k8s.io/v1alpha2","kind":"TCPRoute","metadata":{"name":"r"},"spec":{"parentRefs":[{"name":"g"}],"rules":[{"backendRefs":[{"name":"s","port":80}]}]}})");
    REQUIRE(made.code == 201);
    CHECK(made.json().at("apiVersion") == "gateway.networking.k8s.io/v1alpha2");
    const auto read = http.get(routes + "v1/namespaces/default/tcproutes/r").json();
    CHECK(read.at("apiVersion") == "gateway.networking.k8s.io/v1");
    CHECK(read.at("spec").at("rules").at(0).at("backendRefs").at(0).at("weight") == 1);
    CHECK(read.at("spec") == made.json().at("spec"));

    REQUIRE(server.serve("tcproutes.gateway.networking.k8s.io", "v1", false));
    CHECK(http.get(routes + "v1/namespaces/default/tcproutes/r").code == 404);
    CHECK(http.get(routes + "v1alpha2/namespaces/default/tcproutes/r").code == 200);
    CHECK(server.objects().size() == 1);
    REQUIRE(server.serve("tcproutes.gateway.networking.k8s.io", "", false));
    CHECK(http.get(routes + "v1alpha2/tcproutes").code == 404);
    REQUIRE(server.serve("tcproutes.gateway.networking.k8s.io", "", true));
    CHECK(http.get(routes + "v1/tcproutes").json().at("items").as_array().size() == 1);
    CHECK_FALSE(server.serve("nope", "", true));
}

TEST_CASE("Services get addresses and ports, and keep them") {
    api_server server;
    http_client http(server);
    const auto made =
        http.post(services,
                  R"({"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}})")
            .json();
    const auto& spec = made.at("spec");
    CHECK(spec.at("clusterIPs").at(0) == spec.at("clusterIP"));
    CHECK(spec.at("ports").at(0).at("targetPort") == 80);
    CHECK(spec.at("ports").at(0).at("nodePort").as_int64() >= 30000);
    CHECK(spec.at("externalTrafficPolicy") == "Cluster");
    CHECK(made.at("status") == json::value({{"loadBalancer", json::object()}}));

    const auto put = http.put(
        services + "/s", json::value({{"metadata", {{"name", "s"}}},
                                      {"spec", {{"type", "LoadBalancer"}, {"ports", {{{"port", 80}}}}}}}));
    INFO(put.body);
    CHECK(put.json().at("spec").at("clusterIP") == spec.at("clusterIP"));
    CHECK(put.json().at("spec").at("ports") == spec.at("ports"));

    const auto inner = http.patch(services + "/s", "merge-patch+json", R"({"spec":{"type":"ClusterIP"}})");
    INFO(inner.body);
    REQUIRE(inner.code == 200);
    CHECK_FALSE(inner.json().at("spec").at("ports").at(0).as_object().contains("nodePort"));
    CHECK_FALSE(inner.json().at("spec").as_object().contains("externalTrafficPolicy"));

    const auto quiet =
        http.post(
                services,
                R"({"metadata":{"name":"q"},"spec":{"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"port":80}]}})")
            .json();
    CHECK_FALSE(quiet.at("spec").at("ports").at(0).as_object().contains("nodePort"));
    for (const char* bad :
         {R"({"ports":[]})", R"({"ports":[{"port":80},{"port":81}]})",
          R"({"ports":[{"port":80,"name":"a"},{"port":80,"name":"b"}]})", R"({"ports":[{"port":0}]})",
          R"({"ports":[{"port":80,"protocol":"HTTP"}]})", R"({"type":"Nope","ports":[{"port":80}]})",
          R"({"ports":[{"port":80,"nodePort":30005}]})", R"({"type":"ExternalName"})"}) {
        INFO(bad);
        CHECK(http.post(services, std::string(R"({"metadata":{"name":"bad"},"spec":)") + bad + "}").code ==
              422);
    }
    CHECK(http.post(services, R"({"metadata":{"name":"bad"},"spec":{"ports":[{"port":"80"}]}})").code == 400);
}

// An object that gains a member moves the others: a reference to one of them was kept.
TEST_CASE("A port's default target is its number, however many members the port has") {
    api_server server;
    http_client http(server);
    std::string members = R"("port":8080)";
    for (const char* more :
         {"", R"(,"name":"a")", R"(,"protocol":"UDP")", R"(,"appProtocol":"http")", R"(,"nodePort":30001)"}) {
        members += more;
        INFO(members);
        const auto made = http.post(
            services, R"({"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{)" + members + "}]}}");
        REQUIRE(made.code == 201);
        CHECK(made.json().at("spec").at("ports").at(0).at("targetPort") == 8080);
        http.remove(services + "/s");
    }
}

TEST_CASE("Deletion waits for finalizers, collects dependents and empties namespaces") {
    api_server server;
    http_client http(server);
    SECTION("finalizers") {
        const auto made = http.post(gateways, gateway("g", R"(,"finalizers":["example.com/f"])")).json();
        const auto asked = http.remove(gateways + "/g");
        CHECK(asked.code == 200);
        CHECK(asked.json().at("kind") == "Gateway");
        const auto dying = http.get(gateways + "/g").json();
        CHECK(dying.at("metadata").as_object().contains("deletionTimestamp"));
        CHECK(generation(dying) == 2);
        CHECK(http.patch(gateways + "/g", "merge-patch+json",
                         R"({"metadata":{"finalizers":["example.com/f","example.com/g"]}})")
                  .code == 422);
        CHECK(http.patch(gateways + "/g", "merge-patch+json", R"({"metadata":{"finalizers":null}})").code ==
              200);
        CHECK(http.get(gateways + "/g").code == 404);
    }
    SECTION("preconditions") {
        http.post(configmaps, configmap("x"));
        CHECK(http.remove(configmaps + "/x", R"({"preconditions":{"uid":"other"}})").code == 409);
        CHECK(http.remove(configmaps + "/x", R"({"preconditions":{"resourceVersion":"1"}})").code == 409);
        CHECK(http.remove(configmaps + "/x?dryRun=All").code == 200);
        CHECK(http.get(configmaps + "/x").code == 200);
        CHECK(http.remove(configmaps + "/x?propagationPolicy=Nope").code == 422);
    }
    const auto owner = http.post(configmaps, configmap("owner")).json();
    const auto uid = std::string(owner.at("metadata").at("uid").as_string());
    auto owned = [&](const std::string& name, bool blocking, const std::string& more = "") {
        return http
            .post(configmaps,
                  R"({"metadata":{"name":")" + name +
                      R"(","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":")" +
                      uid + R"(","blockOwnerDeletion":)" + (blocking ? "true" : "false") + "}]" + more + "}}")
            .code;
    };
    SECTION("background") {
        CHECK(owned("a", true) == 201);
        CHECK(http.remove(configmaps + "/owner").code == 200);
        CHECK(http.get(configmaps + "/a").code == 404);
    }
    SECTION("foreground waits for a blocking dependent") {
        CHECK(owned("a", true, R"(,"finalizers":["example.com/f"])") == 201);
        CHECK(http.remove(configmaps + "/owner", R"({"propagationPolicy":"Foreground"})").json().at("kind") ==
              "ConfigMap");
        CHECK(http.get(configmaps + "/owner").code == 200);
        CHECK(http.patch(configmaps + "/a", "merge-patch+json", R"({"metadata":{"finalizers":null}})").code ==
              200);
        CHECK(http.get(configmaps + "/a").code == 404);
        CHECK(http.get(configmaps + "/owner").code == 404);
    }
    SECTION("orphan") {
        CHECK(owned("a", true) == 201);
        CHECK(http.remove(configmaps + "/owner?propagationPolicy=Orphan").code == 200);
        CHECK_FALSE(
            http.get(configmaps + "/a").json().at("metadata").as_object().contains("ownerReferences"));
    }
    SECTION("an owner that never was") {
        CHECK(
            http.post(
                    configmaps,
                    R"({"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"z","uid":"none"}]}})")
                .code == 201);
        CHECK(http.get(configmaps + "/a").code == 404);
    }
    SECTION("namespaces") {
        CHECK(http.post("/api/v1/namespaces", R"({"metadata":{"name":"n"}})")
                  .json()
                  .at("metadata")
                  .at("labels")
                  .at("kubernetes.io/metadata.name") == "n");
        const std::string inside = "/api/v1/namespaces/n/configmaps";
        CHECK(http.post(inside, R"({"metadata":{"name":"held","finalizers":["example.com/f"]}})").code ==
              201);
        CHECK(http.post(inside, configmap("x")).code == 201);
        CHECK(http.remove("/api/v1/namespaces/n").code == 200);
        CHECK(http.get(inside + "/x").code == 404);
        CHECK(http.get("/api/v1/namespaces/n").json().at("status").at("phase") == "Terminating");
        CHECK(http.post(inside, configmap("late")).code == 403);
        CHECK(http.patch(inside + "/held", "merge-patch+json", R"({"metadata":{"finalizers":null}})").code ==
              200);
        CHECK(http.get("/api/v1/namespaces/n").code == 404);
        CHECK(http.remove("/api/v1/namespaces/default").code == 403);
    }
}

TEST_CASE("The write log records what changed something") {
    api_server server;
    http_client http(server);
    http.post(configmaps, configmap("x"));
    http.post(configmaps + "?dryRun=All", configmap("y"));
    http.post(configmaps, configmap("x"));
    http.patch(configmaps + "/x?fieldManager=me", "merge-patch+json", R"({"data":{"a":"b"}})");
    http.patch(configmaps + "/x", "merge-patch+json", R"({"data":{"a":"b"}})");
    http.remove(configmaps + "/x");
    const auto log = server.writes();
    REQUIRE(log.size() == 3);
    CHECK(log[0] == write_record{"create", "", "configmaps", "", "default", "x", "unit-test/1.0", "unit-test",
                                 log[0].resource_version});
    CHECK(log[1].verb == "patch");
    CHECK(log[1].field_manager == "me");
    CHECK(log[2].verb == "delete");
    CHECK(server.objects().empty());
}
