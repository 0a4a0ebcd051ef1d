// The embedded API server over real HTTP: lists in pages, watches, tables, discovery.
#include "http_client.hpp"

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;

namespace {

const std::string configmaps = "/api/v1/namespaces/default/configmaps";

std::string configmap(const std::string& name, const std::string& labels = "{}") {
    return R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + "}}";
}
std::string version_of(const json::value& o) {
    return std::string(o.at("metadata").at("resourceVersion").as_string());
}

} // namespace

TEST_CASE("Lists come in pages of one snapshot") {
    api_server server;
    http_client http(server);
    for (int i = 0; i < 7; ++i)
        http.post(configmaps, configmap("c" + std::to_string(i)));
    auto page = http.get(configmaps + "?limit=3").json();
    const auto version = version_of(page);
    CHECK(page.at("metadata").at("remainingItemCount") == 4);
    http.remove(configmaps + "/c5");
    http.post(configmaps, configmap("c9"));
    std::set<std::string> names;
    for (int pages = 1;; ++pages) {
        CHECK(version_of(page) == version);
        for (const auto& item : page.at("items").as_array()) {
            names.emplace(item.at("metadata").at("name").as_string());
            // Items of built-in kinds do not repeat what the list says.
            CHECK_FALSE(item.as_object().contains("kind"));
        }
        const auto* next = page.at("metadata").as_object().if_contains("continue");
        if (next == nullptr) {
            CHECK(pages == 3);
            break;
        }
        page = http.get(configmaps + "?limit=3&continue=" + std::string(next->as_string())).json();
    }
    CHECK(names == std::set<std::string>{"c0", "c1", "c2", "c3", "c4", "c5", "c6"});

    const auto first = http.get(configmaps + "?limit=1").json();
    const std::string token(first.at("metadata").at("continue").as_string());
    server.compact();
    const auto late = http.get(configmaps + "?limit=1&continue=" + token);
    CHECK(late.code == 410);
    CHECK(late.reason() == "Expired");
    CHECK(http.get(configmaps + "?limit=1&continue=junk").code == 400);
}

TEST_CASE("big-list-rv0: at resourceVersion 0 a list has no limit, but for Events") {
    api_server server;
    http_client http(server);
    const std::string events = "/api/v1/namespaces/default/events";
    for (const char* name : {"a", "b", "c"}) {
        http.post(configmaps, configmap(name));
        http.post(events, R"({"metadata":{"name":")" + std::string(name) +
                              R"("},"involvedObject":{"namespace":"default"}})");
    }
    const auto items = [&](const std::string& path) {
        const auto list = http.get(path).json();
        const auto n = list.at("items").as_array().size();
        const auto* token = list.at("metadata").as_object().if_contains("continue");
        CHECK((token != nullptr && !token->as_string().empty()) == (n < 3));
        return n;
    };
    CHECK(items(configmaps + "?limit=1") == 1);
    CHECK(items(configmaps + "?limit=1&resourceVersion=0") == 3);
    CHECK(items(configmaps + "?limit=1&resourceVersion=0&resourceVersionMatch=NotOlderThan") == 3);
    CHECK(items("/api/v1/configmaps?limit=2&resourceVersion=0") == 3);
    CHECK(items(configmaps + "?limit=1&resourceVersion=" + std::to_string(server.resource_version())) == 1);
    CHECK(items(events + "?limit=1&resourceVersion=0") == 1);
    CHECK(items("/apis/events.k8s.io/v1/namespaces/default/events?limit=2&resourceVersion=0") == 2);
}

TEST_CASE("Lists can be of an exact version, and not of the future") {
    api_server server;
    http_client http(server);
    http.post(configmaps, configmap("a"));
    const auto then = version_of(http.get(configmaps).json());
    http.post(configmaps, configmap("b"));
    http.remove(configmaps + "/a");
    const auto exact = http.get(configmaps + "?resourceVersionMatch=Exact&resourceVersion=" + then).json();
    REQUIRE(exact.at("items").as_array().size() == 1);
    CHECK(exact.at("items").at(0).at("metadata").at("name") == "a");
    CHECK(version_of(exact) == then);
    CHECK(http.get(configmaps + "?resourceVersionMatch=NotOlderThan&resourceVersion=" + then)
              .json()
              .at("items")
              .at(0)
              .at("metadata")
              .at("name") == "b");
    // With a limit, a version alone means that very version.
    CHECK(version_of(http.get(configmaps + "?limit=500&resourceVersion=" + then).json()) == then);
    CHECK(version_of(http.get(configmaps + "?resourceVersion=" + then).json()) != then);
    CHECK(version_of(
              http.get(configmaps + "?limit=500&resourceVersionMatch=NotOlderThan&resourceVersion=" + then)
                  .json()) != then);
    CHECK(http.get(configmaps + "?resourceVersion=999999").code == 504);
    CHECK(http.get(configmaps + "?resourceVersion=x").code == 400);
    CHECK(http.get(configmaps + "?resourceVersionMatch=Exact").code == 422);
    CHECK(http.get(configmaps + "?limit=x").code == 400);
    CHECK(http.get(configmaps + "?labelSelector=a%20b").code == 400);
    CHECK(http.get(configmaps + "?fieldSelector=spec.x%3D1").code == 400);
    server.compact();
    CHECK(http.get(configmaps + "?resourceVersionMatch=Exact&resourceVersion=" + then).code == 410);
}

TEST_CASE("A watch tells what happens after its version") {
    api_server server;
    http_client http(server), watcher(server);
    http.post(configmaps, configmap("old"));
    const auto from = std::to_string(server.resource_version());
    http.post(configmaps, configmap("new"));
    CHECK(watcher.watch(configmaps + "?watch=true&resourceVersion=" + from).code == 200);
    CHECK(watcher.next_event() == "ADDED new");
    http.patch(configmaps + "/old", "merge-patch+json", R"({"data":{"a":"b"}})");
    const auto modified = watcher.next();
    CHECK(modified.at("type") == "MODIFIED");
    CHECK(modified.at("object").at("kind") == "ConfigMap");
    CHECK(modified.at("object") == http.get(configmaps + "/old").json());
    http.remove(configmaps + "/old");
    const auto deleted = watcher.next();
    CHECK(deleted.at("type") == "DELETED");
    CHECK(version_of(deleted.at("object")) == std::to_string(server.resource_version()));
    CHECK(server.open_watches() == 1);
}

TEST_CASE("A watch without a version starts with what is there") {
    api_server server;
    http_client http(server), watcher(server);
    http.post(configmaps, configmap("a"));
    http.post(configmaps, configmap("b"));
    watcher.watch(configmaps + GENERATE("?watch=1", "?watch=true&resourceVersion=0"));
    CHECK(watcher.next_event() == "ADDED a");
    CHECK(watcher.next_event() == "ADDED b");
    http.post(configmaps, configmap("c"));
    CHECK(watcher.next_event() == "ADDED c");
}

TEST_CASE("Streaming lists end with a marked bookmark") {
    api_server server;
    http_client http(server), watcher(server);
    http.post(configmaps, configmap("a"));
    const std::string streaming = configmaps + "?watch=true&sendInitialEvents=true&allowWatchBookmarks=true";
    CHECK(http.get(streaming).code == 422);
    watcher.watch(streaming + "&resourceVersionMatch=NotOlderThan");
    CHECK(watcher.next_event() == "ADDED a");
    const auto mark = watcher.next();
    CHECK(mark.at("type") == "BOOKMARK");
    CHECK(mark.at("object").at("metadata").at("annotations").at("k8s.io/initial-events-end") == "true");
    CHECK(version_of(mark.at("object")) == std::to_string(server.resource_version()));
}

TEST_CASE("Objects enter and leave a watch with their labels") {
    api_server server;
    http_client http(server), watcher(server);
    watcher.watch(configmaps + "?watch=true&labelSelector=a%3Db&resourceVersion=" +
                  std::to_string(server.resource_version()));
    http.post(configmaps, configmap("x"));
    http.patch(configmaps + "/x", "merge-patch+json", R"({"metadata":{"labels":{"a":"b"}}})");
    CHECK(watcher.next_event() == "ADDED x");
    http.patch(configmaps + "/x", "merge-patch+json", R"({"data":{"k":"v"}})");
    CHECK(watcher.next_event() == "MODIFIED x");
    http.patch(configmaps + "/x", "merge-patch+json", R"({"metadata":{"labels":{"a":"c"}}})");
    const auto left = watcher.next();
    CHECK(left.at("type") == "DELETED");
    CHECK(left.at("object").at("metadata").at("labels").at("a") == "b");
    CHECK(version_of(left.at("object")) == std::to_string(server.resource_version()));
}

TEST_CASE("Watches of the forgotten past get 410") {
    api_server_options options;
    options.history = 5;
    api_server server(options);
    http_client http(server), watcher(server);
    const auto from = std::to_string(server.resource_version());
    for (int i = 0; i < 8; ++i)
        http.post(configmaps, configmap("c" + std::to_string(i)));
    // Once the watch cache has taken the request, it can refuse in an event only.
    http_client late(server);
    CHECK(late.watch(configmaps + "?watch=true&resourceVersion=" + from).code == 200);
    const auto refused = late.next();
    CHECK(refused.at("type") == "ERROR");
    CHECK(refused.at("object").at("code") == 410);
    CHECK(refused.at("object").at("reason") == "Expired");
    CHECK(late.next_event() == "end");
    const auto recent = std::to_string(server.resource_version() - 5);
    watcher.watch(configmaps + "?watch=true&resourceVersion=" + recent);
    CHECK(watcher.next_event() == "ADDED c3");
}

TEST_CASE("Watches end on time, with a bookmark when they asked for one") {
    api_server server;
    http_client http(server), watcher(server);
    watcher.watch(configmaps + "?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=" +
                  std::to_string(server.resource_version()));
    http.post("/api/v1/namespaces", R"({"metadata":{"name":"other"}})");
    const auto mark = watcher.next();
    CHECK(mark.at("type") == "BOOKMARK");
    CHECK(version_of(mark.at("object")) == std::to_string(server.resource_version()));
    CHECK(watcher.next_event() == "end");
    // The connection goes on.
    CHECK(watcher.get("/healthz").code == 200);
    CHECK(server.open_watches() == 0);
}

TEST_CASE("Watches end when their version is no longer served") {
    api_server server;
    http_client watcher(server);
    watcher.watch("/apis/gateway.networking.k8s.io/v1/udproutes?watch=true&resourceVersion=" +
                  std::to_string(server.resource_version()));
    server.serve("udproutes.gateway.networking.k8s.io", "v1", false);
    CHECK(watcher.next_event() == "end");
}

TEST_CASE("Objects go with their definition, and watches see them go") {
    api_server server;
    http_client http(server);
    http_client watcher(server);
    const std::string grants = "/apis/gateway.networking.k8s.io/v1/namespaces/default/referencegrants";
    REQUIRE(
        http.post(
                grants,
                R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"ReferenceGrant","metadata":{"name":"g"},"spec":{"from":[{"group":"","kind":"K","namespace":"n"}],
        "to":[{"group":"","kind":"Service"}]}})")
            .code == 201);
    watcher.watch(grants + "?watch=true&resourceVersion=" + std::to_string(server.resource_version()));
    REQUIRE(server.remove("customresourcedefinitions.apiextensions.k8s.io", "",
                          "referencegrants.gateway.networking.k8s.io"));
    CHECK(watcher.next_event() == "DELETED g");
    CHECK(watcher.next_event() == "end");
    CHECK(http.get(grants).code == 404);
}

TEST_CASE("Owners are collected by the version that a reference names, if it is served") {
    api_server server;
    http_client http(server);
    const std::string routes = "/apis/gateway.networking.k8s.io/v1alpha2/namespaces/default/udproutes";
    REQUIRE(server.serve("udproutes.gateway.networking.k8s.io", "v1", false));
    const auto route = http.post(
        routes,
        R"({"apiVersion":"gateway.networking.k8s.io/v1alpha2","kind":"UDPRoute","metadata":{"name":"r"},"spec":{"rules":[{"backendRefs":[{"name":"b","port":53}]}]}})");
    REQUIRE(route.code == 201);
    const auto uid = std::string(route.json().at("metadata").at("uid").as_string());
    for (const std::string version : {"v1", "v1alpha2"})
        REQUIRE(http.post(configmaps,
                          R"({"metadata":{"name":"of-)" + version +
                              R"(","ownerReferences":[{"apiVersion":"gateway.networking.k8s.io/)" + version +
                              R"(","kind":"UDPRoute","name":"r","uid":")" + uid + R"("}]}})")
                    .code == 201);
    REQUIRE(http.remove(routes + "/r").code == 200);
    CHECK(http.get(configmaps + "/of-v1alpha2").code == 404);
    CHECK(http.get(configmaps + "/of-v1").code == 200);
}

TEST_CASE("A client that hangs up is noticed") {
    api_server server;
    {
        http_client watcher(server);
        watcher.watch(configmaps + "?watch=true");
        CHECK(server.wait_until([&] { return server.open_watches() == 1; }));
    }
    CHECK(server.wait_until([&] { return server.open_watches() == 0; }));
}

TEST_CASE("Many watches see the same") {
    api_server server;
    http_client http(server);
    std::vector<std::unique_ptr<http_client>> watchers;
    for (int i = 0; i < 50; ++i) {
        watchers.push_back(std::make_unique<http_client>(server));
        watchers.back()->watch(configmaps +
                               "?watch=true&resourceVersion=" + std::to_string(server.resource_version()));
    }
    for (int i = 0; i < 100; ++i)
        http.post(configmaps, configmap("c" + std::to_string(i)));
    for (auto& w : watchers)
        for (int i = 0; i < 100; ++i)
            REQUIRE(w->next_event() == "ADDED c" + std::to_string(i));
}

TEST_CASE("Tables have the usual columns, partial objects have metadata only") {
    api_server server;
    http_client http(server), watcher(server);
    const std::string as_table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    http.post("/api/v1/namespaces/default/services",
              R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})");
    const auto table =
        http.get("/api/v1/namespaces/default/services?fieldSelector=metadata.name%3Ds", as_table).json();
    CHECK(table.at("kind") == "Table");
    std::string columns;
    for (const auto& c : table.at("columnDefinitions").as_array())
        columns += std::string(c.at("name").as_string()) + ",";
    CHECK(columns == "Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector,");
    REQUIRE(table.at("rows").as_array().size() == 1);
    CHECK(table.at("rows").at(0).at("cells").at(4) == "80/TCP");
    CHECK(table.at("rows").at(0).at("object").at("kind") == "PartialObjectMetadata");

    watcher.watch("/apis/gateway.networking.k8s.io/v1/gatewayclasses?watch=true", as_table);
    http.post(
        "/apis/gateway.networking.k8s.io/v1/gatewayclasses",
        R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"GatewayClass","metadata":{"name":"c"},"spec":{"controllerName":"example.com/c"}})");
    const auto row = watcher.next().at("object");
    CHECK(row.at("columnDefinitions").at(1).at("name") == "Controller");
    CHECK(row.at("rows").at(0).at("cells").at(1) == "example.com/c");
    CHECK(row.at("rows").at(0).at("cells").at(2) == "Unknown");

    const auto partial =
        http.get("/api/v1/services", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
            .json();
    CHECK(partial.at("kind") == "PartialObjectMetadataList");
    CHECK_FALSE(partial.at("items").at(0).as_object().contains("spec"));
}

TEST_CASE("Discovery names groups, versions and resources") {
    api_server_options options;
    options.not_served = {"tcproutes.gateway.networking.k8s.io/v1", "listenersets.gateway.networking.k8s.io"};
    api_server server(options);
    http_client http(server);
    CHECK(http.get("/api").json().at("versions") == json::value(json::array({"v1"})));
    std::set<std::string> groups;
    const auto index = http.get("/apis").json();
    for (const auto& g : index.at("groups").as_array())
        groups.emplace(g.at("name").as_string());
    CHECK(groups.contains("gateway.networking.k8s.io"));
    CHECK(groups.contains("discovery.k8s.io"));
    auto names = [&](const std::string& path) {
        std::set<std::string> out;
        const auto list = http.get(path).json();
        for (const auto& r : list.at("resources").as_array())
            out.emplace(r.at("name").as_string());
        return out;
    };
    CHECK(names("/api/v1").contains("services/status"));
    const auto v1 = names("/apis/gateway.networking.k8s.io/v1");
    CHECK(v1.contains("udproutes"));
    CHECK_FALSE(v1.contains("tcproutes"));
    CHECK_FALSE(v1.contains("listenersets"));
    CHECK(names("/apis/gateway.networking.k8s.io/v1alpha2").contains("tcproutes"));
    CHECK(http.get("/apis/gateway.networking.k8s.io").json().at("preferredVersion").at("version") == "v1");
    CHECK(http.get("/apis/nope").code == 404);
    CHECK(http.get("/version").json().at("major") == "1");
    CHECK(http.send("POST", "/apis", "{}").code == 405);
}

TEST_CASE("Events are one object in two groups") {
    api_server server;
    http_client http(server);
    const auto made = http.post(
        "/apis/events.k8s.io/v1/namespaces/default/events",
        R"({"metadata":{"name":"e"},"regarding":{"kind":"Gateway","name":"g"},"reason":"R","note":"hello","type":"Normal","reportingController":"c","reportingInstance":"c-1","action":"a","eventTime":"2026-01-01T00:00:00.000000Z"})");
    REQUIRE(made.code == 201);
    CHECK(made.json().at("note") == "hello");
    const auto core = http.get("/api/v1/namespaces/default/events/e").json();
    CHECK(core.at("message") == "hello");
    CHECK(core.at("involvedObject").at("name") == "g");
    CHECK(http.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dg")
              .json()
              .at("items")
              .as_array()
              .size() == 1);
    CHECK(http.get("/apis/events.k8s.io/v1/events").json().at("items").at(0).at("regarding").at("kind") ==
          "Gateway");
}

TEST_CASE("An applied CustomResourceDefinition makes its kind served") {
    api_server server;
    http_client http(server);
    const auto crd =
        R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},"spec":{
        "group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget","shortNames":["w"]},
        "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
          "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"}],
          "schema":{"openAPIV3Schema":{"type":"object","required":["spec"],"properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","default":3,"maximum":9}}}}}}}]}})";
    const std::string widgets = "/apis/example.com/v1/namespaces/default/widgets";
    CHECK(http.get(widgets).code == 404);
    REQUIRE(http.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).code == 201);
    auto widget = [](const std::string& more) {
        return R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":)" + more + "}";
    };
    const auto made = http.post(widgets, widget(R"({"name":"w"},"spec":{"typo":1})"));
    REQUIRE(made.code == 201);
    CHECK(made.json().at("spec") == json::value({{"size", 3}}));
    CHECK(made.headers.at("warning").find("spec.typo") != std::string::npos);
    CHECK(http.post(widgets + "?fieldValidation=Strict", widget(R"({"name":"v"},"spec":{"typo":1})")).code ==
          400);
    CHECK(http.post(widgets, widget(R"({"name":"v"},"spec":{"size":10})")).code == 422);
    CHECK(http.post(widgets, widget(R"({"name":"v"})")).code == 422);
    CHECK(http.post(widgets, R"({"metadata":{"name":"v"},"spec":{}})").code == 400);
    const auto table = http.get(widgets, "application/json;as=Table;v=v1;g=meta.k8s.io").json();
    CHECK(table.at("rows").at(0).at("cells") == json::value({"w", 3}));
    CHECK(http.remove("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com").code ==
          200);
    CHECK(http.get(widgets).code == 404);
    CHECK(server.objects().empty());
    CHECK(
        http.post(
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x.y"},"spec":{}})")
            .code == 422);
}
