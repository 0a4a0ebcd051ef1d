#include "client_fixture.hpp"

#include <gwctl/api/apiextensions_v1.hpp>
#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/routes_v1.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
using core_v1::ConfigMap;
using gateway_v1::Gateway;

namespace {

const std::string other_groups =
    R"({"kind":"APIGroupList","groups":[{"name":"apps"},{"name":"example.com"}]})";

const object_key web("default", "web");
const std::string config_map =
    R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"web","namespace":"default"},"data":{"a":"b"}})";
const std::string not_found =
    R"x({"kind":"Status","status":"Failure","message":"configmaps \"web\" not found","reason":"NotFound",)x"
    R"x("details":{"name":"web","kind":"configmaps"},"code":404})x";

const std::string success = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"})";

} // namespace

TEST_CASE("get asks for one object, and names it in errors") {
    fixture f;
    f.will_answer(200, config_map);
    CHECK(result_of(f, f.api.get<ConfigMap>(web)).data.at("a") == "b");
    CHECK(f.sent() == "GET /api/v1/namespaces/default/configmaps/web");
    CHECK(f.header("Accept") == "application/json");

    f.will_answer(404, not_found);
    const auto missing = error_of(f, f.api.get<ConfigMap>(web));
    CHECK(missing.code() == errc::not_found);
    CHECK(missing.reason == "NotFound");
    CHECK(missing.http_status == 404);
    CHECK(std::string(missing.what()) == "ConfigMap default/web: configmaps \"web\" not found");

    // A page says nothing about an object, even when the server has the kind.
    f.will_answer(404, "404 page not found\n");
    f.will_answer(200,
                  R"({"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"configmaps"}]})");
    const api_error page = error_of(f, f.api.get<ConfigMap>(web));
    CHECK(page.code() == errc::protocol);
    CHECK(page.http_status == 404);
    CHECK(std::string(page.what()).starts_with("ConfigMap default/web: api:6443 answered HTTP 404 "));
    CHECK(std::string(page.what()).ends_with("; this answer names no object, so it says nothing about one"));
    f.will_answer(404, "404 page not found\n");
    f.will_answer(404, "404 page not found\n"); // of discovery, too
    CHECK(error_of(f, f.api.get<ConfigMap>(web)).code() == errc::protocol);
    f.will_answer(404, "404 page not found\n");
    f.will_answer(200, R"({"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods"}]})");
    CHECK(std::string(error_of(f, f.api.get<ConfigMap>(web)).what()) ==
          "the API server does not serve configmaps (v1); Kubernetes 1.0 and newer serve it");
    f.will_answer(502, "<html>\nbad gateway</html>");
    CHECK(std::string(error_of(f, f.api.get<ConfigMap>(web)).what()) ==
          "ConfigMap default/web: api:6443 answered HTTP 502 (application/json): <html> bad gateway</html>; "
          "is the API server up, or does a proxy in front of it say so?");
    f.will_answer(503, "");
    CHECK(std::string(error_of(f, f.api.get<ConfigMap>(web)).what()) ==
          "ConfigMap default/web: api:6443 answered HTTP 503; is the API server up, or does a proxy in front "
          "of it say so?");
    f.will_answer(200, R"({"kind":"ConfigMap","apiVersion":"v1","data":{"a":1}})");
    const auto wrong = error_of(f, f.api.get<ConfigMap>(web));
    CHECK(wrong.code() == errc::decode);
    CHECK(std::string(wrong.what()) ==
          "ConfigMap from the API server: data[\"a\"]: expected a string, got 1");
    f.will_answer(200, std::string(20'000, ' '));
    CHECK(error_of(f, f.api.get<ConfigMap>(web)).code() == errc::too_large);
    CHECK(error_of(f, f.api.get<ConfigMap>(object_key("web"))).code() == errc::precondition);
}

TEST_CASE("lists are pages, joined") {
    fixture f;
    list_options options;
    options.namespace_ = "default";
    options.label_selector = "app=web";
    options.resource_version = "0";
    options.limit = 2;
    const auto page = [](const std::string& token, const std::string& names) {
        return fmt::format(R"({{"kind":"ConfigMapList","apiVersion":"v1",)"
                           R"("metadata":{{"resourceVersion":"9","continue":"{}"}},"items":[{}]}})",
                           token, names);
    };
    f.will_answer(200, page("next=", R"({"metadata":{"name":"a"}},{"metadata":{"name":"b"}})"));
    f.will_answer(200, page("", R"({"metadata":{"name":"c"}})"));
    const auto all = result_of(f, f.api.list<ConfigMap>(options));
    REQUIRE(all.items.size() == 3);
    CHECK(all.items[2]->metadata.name == "c");
    CHECK(all.metadata.resourceVersion == "9");
    CHECK(f.link->log == std::vector<std::string>{
                             "GET /api/v1/namespaces/default/configmaps?labelSelector=app%3Dweb&limit=2&"
                             "resourceVersion=0",
                             "GET /api/v1/namespaces/default/configmaps?labelSelector=app%3Dweb&limit=2&"
                             "continue=next%3D"});

    f.will_answer(200, page("", ""));
    options.resource_version = "7";
    result_of(f, f.api.list<ConfigMap>(options));
    CHECK(f.link->log.back() == "GET /api/v1/namespaces/default/configmaps?labelSelector=app%3Dweb&limit=2&"
                                "resourceVersion=7&resourceVersionMatch=NotOlderThan");

    f.will_answer(410, R"({"status":"Failure","reason":"Expired","message":"too old","code":410})");
    const auto gone = error_of(f, f.api.list<ConfigMap>(options));
    CHECK(gone.code() == errc::gone);
    CHECK(std::string(gone.what()) == "list of configmaps in default: too old");
    f.will_answer(200, R"({"kind":"ConfigMapList","apiVersion":"v1","items":[{"metadata":5}]})");
    CHECK(std::string(error_of(f, f.api.list<ConfigMap>(options)).what()) ==
          "list of configmaps: items[0].metadata: expected an object, got 5");
    reply cut(200, R"({"kind":"ConfigMapList","apiVersion":"v1","items":[)");
    f.will_answer(cut);
    CHECK(error_of(f, f.api.list<ConfigMap>(options)).code() == errc::decode);
    cut.content_length = "50";
    f.will_answer(cut);
    CHECK(std::string(error_of(f, f.api.list<ConfigMap>(options)).what())
              .ends_with("; the JSON ends too early, at the 50 bytes that its Content-Length says"));
    f.will_answer(200, page("", "") + std::string(20'000, ' '));
    CHECK(error_of(f, f.api.list<ConfigMap>(options)).code() == errc::too_large);
}

TEST_CASE("writes carry content type, field manager and preconditions") {
    fixture f;
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "web";
    f.will_answer(201, config_map);
    CHECK(result_of(f, f.api.create(map)).metadata.name == "web");
    CHECK(f.sent() == "POST /api/v1/namespaces/default/configmaps?fieldManager=test");
    CHECK(f.header("Content-Type") == "application/json");
    CHECK(f.link->last.body.starts_with(R"({"apiVersion":"v1","kind":"ConfigMap")"));

    f.will_answer(200, config_map);
    result_of(f, f.api.apply(map));
    CHECK(f.sent() == "PATCH /api/v1/namespaces/default/configmaps/web?fieldManager=test&force=true");
    CHECK(f.header("Content-Type") == "application/apply-patch+yaml");

    f.will_answer(200, config_map);
    result_of(f, f.api.patch_status<ConfigMap>(web, patch::json_patch("[]")));
    CHECK(f.sent() == "PATCH /api/v1/namespaces/default/configmaps/web/status?fieldManager=test");
    CHECK(f.header("Content-Type") == "application/json-patch+json");
    f.will_answer(200, config_map);
    result_of(f, f.api.patch<ConfigMap>(web, patch::merge_patch("{}")));
    CHECK(f.header("Content-Type") == "application/merge-patch+json");

    delete_options options;
    options.resource_version = "7";
    options.propagation = "Foreground";
    f.will_answer(200, success);
    run(f.io, f.api.remove<ConfigMap>(web, options));
    CHECK(f.sent() == "DELETE /api/v1/namespaces/default/configmaps/web");
    CHECK(f.link->last.body ==
          R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"7"},)"
          R"("propagationPolicy":"Foreground"})");
    options.uid = "u\"";
    f.will_answer(200, success);
    run(f.io, f.api.remove<ConfigMap>(web, options));
    CHECK(f.link->last.body.find(R"("preconditions":{"uid":"u\"","resourceVersion":"7"})") !=
          std::string::npos);

    map.metadata.namespace_.clear();
    CHECK(std::string(error_of(f, f.api.create(map)).what()) ==
          "ConfigMap web: metadata.namespace: expected a namespace");

    f.will_answer(422,
                  R"({"status":"Failure","reason":"Invalid","message":"no","code":422,)"
                  R"("details":{"causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.x"}]}})");
    map.metadata.namespace_ = "default";
    const auto invalid = error_of(f, f.api.apply(map));
    CHECK(invalid.code() == errc::invalid);
    REQUIRE(invalid.causes.size() == 1);
    CHECK(invalid.causes[0].field == "spec.x");
}

TEST_CASE(
    "pitfall 41: a write is sent again when the server asks for that by Retry-After, and never after a lost "
    "connection") {
    fixture f;
    std::vector<int> seen;
    f.api.observe_requests([&](std::string_view method, int status, std::string_view host) {
        CHECK(method == "DELETE");
        CHECK(host == "api:6443");
        seen.push_back(status);
    });
    const auto remove = [&] { return f.api.remove<ConfigMap>(web); };
    f.will_answer(429, "slow down", "3");
    f.will_answer(503, "", "4");
    f.will_answer(200, success);
    run(f.io, remove());
    CHECK(seen == std::vector<int>{429, 503, 200});
    CHECK(f.time.waited == std::chrono::seconds(7));

    seen.clear();
    CHECK(failure_of(f.io, remove()).starts_with("connection_lost: "));
    CHECK(seen == std::vector<int>{0});

    seen.clear();
    f.will_answer(500, "no header");
    CHECK(failure_of(f.io, remove()).starts_with("internal_error: "));
    f.will_answer(409, "{}", "1");
    CHECK(failure_of(f.io, remove()).starts_with("conflict: "));
    CHECK(seen == std::vector<int>{500, 409});

    f.will_answer(429, "", "3600"); // longer than the timeout of a request
    try {
        run(f.io, remove());
        FAIL("not refused");
    } catch (const api_error& e) {
        CHECK(e.code() == errc::too_many_requests);
        CHECK(e.retry_after == std::chrono::seconds(3600));
    }

    seen.clear();
    for (int i = 0; i < 20; ++i)
        f.will_answer(429, "", "0");
    CHECK(failure_of(f.io, remove()).starts_with("too_many_requests: "));
    CHECK(seen.size() == 11);
}

TEST_CASE("the version of a kind is the preferred one that the server lists") {
    fixture f;
    const std::string lists_gateways =
        R"({"kind":"APIResourceList","resources":[{"name":"gateways"},{"name":"x"}]})";
    const auto version = [&] { return result_of(f, f.api.served_version(Gateway::type)); };
    SECTION("preferred, asked once") {
        f.will_answer(200, lists_gateways);
        CHECK(version() == "v1");
        CHECK(version() == "v1");
        CHECK(f.link->log == std::vector<std::string>{"GET /apis/gateway.networking.k8s.io/v1"});
        f.api.forget_versions();
        f.will_answer(200, lists_gateways);
        CHECK(version() == "v1");
        CHECK(f.link->log.size() == 2);
    }
    SECTION("fallback") {
        f.will_answer(200, R"({"kind":"APIResourceList","resources":[{"name":"gatewayclasses"}]})");
        f.will_answer(200, lists_gateways);
        f.will_answer(200, R"({"kind":"Gateway","apiVersion":"gateway.networking.k8s.io/v1beta1",)"
                           R"("metadata":{"name":"web"}})");
        CHECK(result_of(f, f.api.get<Gateway>(web)).metadata.name == "web");
        CHECK(f.sent() == "GET /apis/gateway.networking.k8s.io/v1beta1/namespaces/default/gateways/web");
    }
    SECTION("neither, and not remembered") {
        for (int v = 0; v < 2; ++v) {
            f.will_answer(404, "404 page not found");
            f.will_answer(200, other_groups);
        }
        const auto e = error_of(f, f.api.get<Gateway>(web));
        CHECK(e.code() == errc::not_found);
        CHECK(std::string(e.what()) ==
              "the API server does not serve gateways.gateway.networking.k8s.io (v1, "
              "v1beta1); install the Gateway API CRDs");
        f.will_answer(200, lists_gateways);
        CHECK(version() == "v1");
    }
    SECTION("a failure is not taken for absence") {
        f.will_answer(403, R"({"status":"Failure","message":"forbidden","reason":"Forbidden","code":403})");
        CHECK(error_of(f, f.api.served_version(Gateway::type)).code() == errc::forbidden);
    }
    SECTION("core kinds and kinds without a fallback need no request") {
        CHECK(result_of(f, f.api.served_version(ConfigMap::type)) == "v1");
        CHECK(f.link->log.empty());
    }
    SECTION("callers at the same time share one request") {
        f.will_answer(200, lists_gateways);
        int done = 0;
        const auto ask = [](client api, int& count) -> task<void> {
            const std::string v = co_await api.served_version(Gateway::type);
            CHECK(v == "v1");
            ++count;
        };
        for (int i = 0; i < 5; ++i)
            asio::co_spawn(f.io, ask(f.api, done), asio::detached);
        f.io.run();
        CHECK(done == 5);
        CHECK(f.link->log.size() == 1);
    }
    SECTION("when the one who asks fails, the next one asks") {
        int failed = 0;
        const auto ask = [](client api, int& count) -> task<void> {
            try {
                const std::string v = co_await api.served_version(Gateway::type);
            } catch (const api_error&) {
                ++count;
            }
        };
        for (int i = 0; i < 3; ++i)
            asio::co_spawn(f.io, ask(f.api, failed), asio::detached);
        f.io.run();
        CHECK(failed == 3);
        CHECK(f.link->log.size() == 3);
    }
}

TEST_CASE("a version that is not served any more is found out by whoever meets it, and named in every body") {
    using gateway_v1::TCPRoute;
    fixture f;
    const std::string page = "404 page not found\n";
    const std::string only_old =
        R"({"kind":"APIGroupList","groups":[{"name":"apps"},)"
        R"({"name":"gateway.networking.k8s.io","versions":[{"version":"v1alpha2"}]}]})";
    const std::string lists_routes = R"({"kind":"APIResourceList","resources":[{"name":"tcproutes"}]})";
    const std::string v1 = "/apis/gateway.networking.k8s.io/v1";
    const std::string old = "/apis/gateway.networking.k8s.io/v1alpha2";
    TCPRoute route;
    route.metadata.namespace_ = "default";
    route.metadata.name = "web";
    f.will_answer(200, lists_routes);
    CHECK(f.api.known_version(TCPRoute::type) == "v1");
    CHECK(result_of(f, f.api.served_version(TCPRoute::type)) == "v1");

    SECTION("a write goes to the other version, and says so") {
        f.will_answer(404, page);
        f.will_answer(404, page);         // of discovery: there is no v1
        f.will_answer(200, only_old);     // the group's versions
        f.will_answer(200, lists_routes); // v1alpha2
        f.will_answer(200, R"({"kind":"TCPRoute","apiVersion":"gateway.networking.k8s.io/v1alpha2",)"
                           R"("metadata":{"name":"web"}})");
        result_of(f, f.api.apply(route));
        CHECK(f.link->log ==
              std::vector<std::string>{
                  "GET " + v1,
                  "PATCH " + v1 + "/namespaces/default/tcproutes/web?fieldManager=test&force=true",
                  "GET " + v1, "GET /apis", "GET " + old,
                  "PATCH " + old + "/namespaces/default/tcproutes/web?fieldManager=test&force=true"});
        CHECK(f.link->last.body.starts_with(
            R"({"apiVersion":"gateway.networking.k8s.io/v1alpha2","kind":"TCPRoute",)"));
        CHECK(f.api.known_version(TCPRoute::type) == "v1alpha2");
    }
    SECTION("an object that is not there is no reason to ask") {
        f.will_answer(404, R"({"status":"Failure","reason":"NotFound","message":"no","code":404,)"
                           R"("details":{"name":"web","kind":"tcproutes"}})");
        CHECK(std::string(error_of(f, f.api.get<TCPRoute>(web)).what()) == "TCPRoute default/web: no");
        CHECK(f.link->log.size() == 2);
    }
    SECTION("when none is served, the last one known stays the one to name") {
        f.will_answer(404, page);
        for (int v = 0; v < 2; ++v) {
            f.will_answer(404, page);
            f.will_answer(200, other_groups);
        }
        CHECK(std::string(error_of(f, f.api.get<TCPRoute>(web)).what())
                  .starts_with("the API server does not serve tcproutes.gateway.networking.k8s.io "));
        CHECK(f.api.known_version(TCPRoute::type) == "v1");
        f.will_answer(404, page);
        f.will_answer(200, only_old);
        f.will_answer(200, lists_routes);
        CHECK(result_of(f, f.api.discover(TCPRoute::type)) == "v1alpha2");
    }
    SECTION("discovery that lags behind is not asked in a loop") {
        f.will_answer(404, page);
        f.will_answer(200, lists_routes);
        CHECK(error_of(f, f.api.get<TCPRoute>(web)).code() == errc::protocol);
        CHECK(f.link->log.size() == 3);
    }
    SECTION("a kind without a fallback is asked for too") {
        f.will_answer(200, R"({"kind":"APIResourceList","resources":[{"name":"configmaps"}]})");
        CHECK(result_of(f, f.api.discover(ConfigMap::type)) == "v1");
        CHECK(f.sent() == "GET /api/v1");
        f.will_answer(200, R"({"kind":"APIResourceList","resources":[{"name":"pods"}]})");
        CHECK_FALSE(result_of(f, f.api.discover(ConfigMap::type)));
    }
}

TEST_CASE("absence is what discovery says of this server, and nothing else") {
    using gateway_v1::Gateway;
    fixture f;
    const std::string page = "404 page not found\n";
    const auto absent = [&] { return !result_of(f, f.api.discover(Gateway::type)).has_value(); };
    const auto failure = [&] { return std::string(error_of(f, f.api.discover(Gateway::type)).what()); };
    SECTION("versions that are lists of resources without the kind") {
        f.will_answer(200, R"({"kind":"APIResourceList","resources":[{"name":"gatewayclasses"}]})");
        f.will_answer(200, R"({"kind":"APIResourceList","resources":[]})");
        CHECK(absent());
    }
    SECTION("groups without the group, but with one that every server has") {
        for (int v = 0; v < 2; ++v) {
            f.will_answer(404, page);
            f.will_answer(200, other_groups);
        }
        CHECK(absent());
    }
    SECTION("groups that lack what every server has") {
        f.will_answer(404, page);
        f.will_answer(200, R"({"kind":"APIGroupList","groups":[{"name":"example.com"}]})");
        CHECK(failure() ==
              "discovery at /apis: expected groups, apps among them, got 1 without it; the API server may "
              "still be starting");
    }
    SECTION("a version that is not found although the groups list it") {
        const std::string versions = GENERATE("", R"(,"versions":[{"version":"v1"},{"version":"v1beta1"}])");
        f.will_answer(404, page);
        f.will_answer(200, R"({"kind":"APIGroupList","groups":[{"name":"apps"},)"
                           R"({"name":"gateway.networking.k8s.io")" +
                               versions + "}]}");
        CHECK(failure().ends_with("although /apis lists the group gateway.networking.k8s.io"));
    }
    SECTION("pages, empty objects and lists of something else") {
        const std::string body =
            GENERATE("<html>login</html>", "{}", R"({"kind":"Status","status":"Failure"})",
                     R"({"kind":"APIGroupList","groups":[]})", R"({"kind":"APIResourceList"})",
                     R"({"kind":"APIResourceList","groupVersion":"v1","resources":[]})", "[]");
        f.will_answer(200, body);
        CHECK(failure().starts_with("discovery at /apis/gateway.networking.k8s.io/v1: expected "));
    }
    SECTION("a version that is unavailable, as of an aggregated API") {
        f.will_answer(503, "service unavailable");
        CHECK(error_of(f, f.api.discover(Gateway::type)).code() == errc::service_unavailable);
    }
    SECTION("a refusal, which names the remedy") {
        f.will_answer(
            403, R"({"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403})");
        const api_error e = error_of(f, f.api.discover(Gateway::type));
        CHECK(e.code() == errc::forbidden);
        CHECK(std::string(e.what()).find("ClusterRole system:discovery") != std::string::npos);
    }
}

TEST_CASE("a list by hand names the object that does not fit") {
    fixture f;
    f.will_answer(200,
                  R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[)"
                  R"({"metadata":{"namespace":"default","name":"good"}},)"
                  R"({"metadata":{"namespace":"default","name":"bad"},"data":{"a":5}}]})");
    CHECK(std::string(error_of(f, f.api.list<ConfigMap>()).what()) ==
          R"(ConfigMap default/bad from the API server: data["a"]: expected a string, got 5)");
}

TEST_CASE("of a kind that wants metadata only, no more is asked for") {
    using apiextensions_v1::CustomResourceDefinition;
    fixture f;
    const std::string name = "gateways.gateway.networking.k8s.io";
    const std::string partial =
        R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":")" + name +
        "\"}}";
    f.will_answer(200, partial);
    CHECK(result_of(f, f.api.get<CustomResourceDefinition>(object_key(name))).metadata.name == name);
    CHECK(f.header("Accept") ==
          "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
    f.will_answer(200, R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1",)"
                       R"("metadata":{"resourceVersion":"5"},"items":[)" +
                           partial + "]}");
    CHECK(result_of(f, f.api.list<CustomResourceDefinition>()).items.size() == 1);
    CHECK(f.header("Accept") ==
          "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
}

TEST_CASE("a watch gives events until the server ends it") {
    fixture f;
    watch_options options;
    options.resource_version = "5";
    f.will_answer(200, R"({"type":"ADDED","object":)" + config_map + "}\n" +
                           R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}})" + "\n" +
                           R"({"type":"DELETED","object":)" + config_map.substr(0, 20));
    auto stream = result_of(f, f.api.watch<ConfigMap>(options));
    CHECK(f.sent() ==
          "GET /api/v1/configmaps?watch=true&resourceVersion=5&timeoutSeconds=290&allowWatchBookmarks=true");
    CHECK(f.link->last.timeout == std::chrono::seconds(30));
    CHECK(f.link->last.idle_timeout == std::chrono::seconds(305));
    auto event = result_of(f, stream.next());
    REQUIRE(event.has_value());
    CHECK(event->type == watch_event_type::added);
    CHECK(event->object->data.at("a") == "b");
    event = result_of(f, stream.next());
    REQUIRE(event.has_value());
    CHECK(event->type == watch_event_type::bookmark);
    CHECK(event->object->metadata.resourceVersion == "8");
    CHECK_FALSE(result_of(f, stream.next()).has_value());

    options.send_initial_events = true;
    options.bookmarks = false;
    f.will_answer(200, R"({"type":"ERROR","object":{"status":"Failure","message":"old","code":410}})"
                       "\n"
                       R"({"type":"ADDED","object":{"data":5}})"
                       "\n");
    auto broken = result_of(f, f.api.watch<ConfigMap>(options));
    CHECK(f.sent().ends_with(
        "&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"));
    CHECK(error_of(f, broken.next()).code() == errc::gone);
    CHECK(std::string(error_of(f, broken.next()).what()) ==
          "watch of configmaps: the event's object: data: expected an object, got 5");

    f.will_answer(410, R"({"status":"Failure","reason":"Expired","message":"old","code":410})");
    CHECK(error_of(f, f.api.watch<ConfigMap>(options)).code() == errc::gone);
}

TEST_CASE("a client needs a field manager") {
    client_options options;
    options.field_manager.clear();
    CHECK_THROWS_AS(client(std::make_shared<scripted_transport>(), options), api_error);
}
