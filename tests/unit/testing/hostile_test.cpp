// Garbage, faults and broken connections.
#include "http_client.hpp"

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;

namespace {
const std::string configmaps = "/api/v1/namespaces/default/configmaps";
}

TEST_CASE("Garbage gets a Status and harms nobody") {
    api_server server;
    http_client http(server);
    auto nested = [](std::size_t n) {
        return R"({"metadata":{"name":"n"},"data":)" + std::string(n, '[') + std::string(n, ']') + "}";
    };
    for (const std::string& body :
         {std::string("{"), std::string("\xff\xfe"), std::string("[]"), std::string("null"), std::string("3"),
          std::string(""), std::string("{\"metadata\":3}"), nested(1000), nested(100000),
          std::string("{\"a\":1}{\"b\":2}"),
          std::string("{\"apiVersion\":5,\"kind\":[],\"metadata\":{\"name\":{}}}"),
          std::string("{\"metadata\":{\"name\":\"a\",\"labels\":[]}}"),
          std::string("{\"metadata\":{\"name\":\"a\",\"finalizers\":{\"x\":1}}}"),
          std::string("{\"metadata\":{\"name\":\"a\",\"ownerReferences\":[1]}}"),
          std::string("{\"metadata\":{\"name\":\"a\"},\"data\":[]}"),
          std::string("{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":1}}")}) {
        INFO(body.substr(0, 60));
        for (const char* method : {"POST", "PUT", "PATCH"}) {
            const auto a = http.send(
                method, std::string(method) == "POST" ? configmaps : configmaps + "/a?fieldManager=m", body,
                std::string(method) == "PATCH" ? "application/apply-patch+yaml" : "application/json");
            CHECK(a.code >= 400);
            CHECK(a.code < 500);
            CHECK(a.json().at("kind") == "Status");
        }
    }
    for (const char* body : {"a: [", "a: b: c", "- 1\n- 2", "--- {}\n--- {}", "&a [*a]", "\t"}) {
        INFO(body);
        CHECK(http.send("POST", configmaps, body, "application/yaml").code == 400);
    }
    for (const char* body : {"k8s", "k8s\0", "k8s\x00\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"})
        CHECK(http.send("POST", configmaps, body, "application/vnd.kubernetes.protobuf").code == 400);
    for (const char* target :
         {"/%", "/api/v1/%zz", "//", "/api//v1///", "/api/v1/namespaces/default/configmaps/a/b/c/d",
          "/api/v1/namespaces/default/configmaps?watch=False&allowWatchBookmarks=maybe",
          "/api/v1/configmaps?limit=99999999999999999999", "/api/v1/configmaps?timeoutSeconds=x&watch=true",
          "/api/v1/configmaps?continue=s1.2", "/api/v1/configmaps?resourceVersion=-1",
          "/apis/gateway.networking.k8s.io/v1/gateways?labelSelector=%00"}) {
        INFO(target);
        const auto a = http.get(target);
        CHECK(((a.code >= 400 && a.code < 500) || a.code == 200));
    }
    CHECK(http.get("/healthz").body == "ok");
    CHECK(server.objects().empty());
}

TEST_CASE("A name that is not UTF-8 is refused in a Status that is") {
    api_server server;
    http_client http(server);
    const auto a = http.get(configmaps + "/a%ffb");
    CHECK(a.code == 404);
    CHECK(a.message() == "configmaps \"a\xEF\xBF\xBD"
                         "b\" not found");
}

TEST_CASE("Patches that turn objects into nonsense are refused") {
    api_server server;
    http_client http(server);
    http.post(configmaps, R"({"metadata":{"name":"a"}})");
    for (const char* patch :
         {R"([{"op":"replace","path":"","value":3}])", R"([{"op":"replace","path":"/metadata","value":3}])",
          R"([{"op":"remove","path":""}])", R"([{"op":"replace","path":"/metadata/name","value":"b"}])",
          R"([{"op":"add","path":"/metadata/labels","value":{"a":{}}}])",
          R"([{"op":"replace","path":"/kind","value":"Secret"}])",
          R"([{"op":"replace","path":"/apiVersion","value":7}])"}) {
        INFO(patch);
        const auto a = http.patch(configmaps + "/a", "json-patch+json", patch);
        CHECK(a.code >= (std::string(patch).find("apiVersion") != std::string::npos ? 200 : 400));
        CHECK(a.code < 500);
    }
    for (const char* patch :
         {R"({"metadata":null})", R"({"metadata":{"labels":3}})", R"({"data":{"a":{"b":1}}})", "3", "[]"}) {
        INFO(patch);
        CHECK(http.patch(configmaps + "/a", "merge-patch+json", patch).code / 100 == 4);
    }
    CHECK(http.get(configmaps + "/a").code == 200);
}

TEST_CASE("What is not HTTP is answered and shut out, what is too big is refused") {
    api_server server;
    SECTION("not HTTP") {
        http_client http(server);
        http.raw("\x16\x03\x01 hello\r\n\r\n");
        CHECK(http.head().code == 400);
    }
    SECTION("a huge body") {
        http_client http(server);
        http.raw(
            "POST " + configmaps +
            " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n" +
            std::string(100000, 'x'));
        CHECK(http.head().code == 413);
    }
    SECTION("endless headers") {
        http_client http(server);
        http.raw("GET /healthz HTTP/1.1\r\nX: " + std::string(2 * 1024 * 1024, 'x') + "\r\n\r\n");
        CHECK(http.head().code == 431);
    }
    SECTION("half a request") {
        http_client http(server);
        http.raw("POST /api HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
    }
    SECTION("closed for writing after the request") {
        http_client http(server);
        http.raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        http.stream().socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send);
        CHECK(http.head().code == 200);
    }
    SECTION("requests in one packet") {
        http_client http(server);
        http.raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: "
                 "close\r\n\r\n");
        CHECK(http.head().code == 200);
        std::string ok(2, ' ');
        http.stream().read(ok.data(), 2);
        CHECK(http.head().code == 200);
    }
    SECTION("expecting leave to continue") {
        http_client http(server);
        const std::string body = R"({"metadata":{"name":"a"}})";
        http.raw("POST " + configmaps + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n");
        CHECK(http.head().code == 100);
        http.raw(body);
        CHECK(http.head().code == 201);
    }
    http_client other(server);
    CHECK(other.get("/healthz").code == 200);
}

TEST_CASE("Faults hit the requests they are meant for") {
    api_server server;
    http_client http(server);
    auto inject = [&](fault_kind kind, std::string method, std::string path, int times = 1) {
        fault f;
        f.kind = kind;
        f.method = std::move(method);
        f.path = std::move(path);
        f.times = times;
        server.inject(f);
    };
    SECTION("errors") {
        inject(fault_kind::internal_error, "POST", "configmaps", 2);
        inject(fault_kind::too_many_requests, "GET", "");
        inject(fault_kind::conflict, "PUT", "/a");
        inject(fault_kind::gone, "", "secrets");
        inject(fault_kind::forbidden, "", "/v1/services");
        CHECK(http.post(configmaps, R"({"metadata":{"name":"a"}})").code == 500);
        const auto busy = http.get("/healthz");
        CHECK(busy.code == 429);
        CHECK(busy.headers.at("retry-after") == "1");
        CHECK(http.get("/healthz").code == 200);
        CHECK(http.post(configmaps, R"({"metadata":{"name":"a"}})").code == 500);
        CHECK(http.post(configmaps, R"({"metadata":{"name":"a"}})").code == 201);
        CHECK(http.send("PUT", configmaps + "/a", R"({"metadata":{"name":"a"}})").code == 409);
        CHECK(http.get("/api/v1/secrets").code == 410);
        CHECK(http.get("/api/v1/namespaces/default/services").code == 200);
        CHECK(http.get("/api/v1/services").code == 403);
    }
    SECTION("a connection dropped before and after the effect") {
        inject(fault_kind::drop, "POST", "configmaps");
        CHECK(http.post(configmaps, R"({"metadata":{"name":"a"}})").code == 0);
        CHECK(server.objects().empty());
        inject(fault_kind::drop_after, "POST", "configmaps");
        http_client again(server);
        CHECK(again.post(configmaps, R"({"metadata":{"name":"a"}})").code == 0);
        CHECK(server.objects().size() == 1);
    }
    SECTION("a watch that never speaks, until all connections are dropped") {
        inject(fault_kind::stall_watch, "WATCH", "configmaps");
        http_client watcher(server);
        CHECK(watcher.watch(configmaps + "?watch=true").code == 200);
        http.post(configmaps, R"({"metadata":{"name":"a"}})");
        server.drop_connections();
        CHECK(watcher.next_event() == "end");
        CHECK(server.wait_until([&] { return server.open_watches() == 0; }));
    }
    SECTION("forgotten") {
        inject(fault_kind::internal_error, "", "", -1);
        CHECK(http.get("/healthz").code == 500);
        CHECK(http.get("/healthz").code == 500);
        server.clear_faults();
        CHECK(http.get("/healthz").code == 200);
    }
}

TEST_CASE("A port in use is a clear error") {
    api_server server;
    api_server_options options;
    options.port = server.port();
    try {
        api_server second(options);
        FAIL("two servers on one port");
    } catch (const api_error& e) {
        CHECK(e.code() == errc::config);
        CHECK(std::string(e.what()) == "cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                                           ": address already in use; choose another --bind");
    }
    options.bind = "nonsense";
    CHECK_THROWS_AS(api_server(options), api_error);
}

TEST_CASE("A server stops with clients attached") {
    auto server = std::make_unique<api_server>();
    http_client watcher(*server), idle(*server), midway(*server);
    watcher.watch(configmaps + "?watch=true");
    midway.raw("POST /api HTTP/1.1\r\nContent-Le");
    CHECK(idle.get("/healthz").code == 200);
    server.reset();
    CHECK(watcher.next_event() == "end");
}
