// The embedded API server's log of reads.
#include "http_client.hpp"

#include <support/catch.hpp>

using namespace gwctl::testing;

namespace {

const std::string configmaps = "/api/v1/namespaces/default/configmaps";

}

TEST_CASE("The read log records gets, lists and watches, with their selectors") {
    api_server server;
    http_client http(server), watcher(server);
    http.get(configmaps + "/x");
    http.get(configmaps + "?labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&limit=5");
    http.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
             "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
    watcher.watch(configmaps + "?watch=true");
    http.get("/apis");
    http.get("/api/v1");
    http.post(configmaps, R"({"metadata":{"name":"x"}})");
    CHECK(server.reads() ==
          std::vector<read_record>{{"get", configmaps + "/x", "", "", "", false, "unit-test/1.0"},
                                   {"list", configmaps,
                                    "labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&limit=5", "a=b",
                                    "metadata.name=x", false, "unit-test/1.0"},
                                   {"list", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "", "",
                                    "", true, "unit-test/1.0"},
                                   {"watch", configmaps, "watch=true", "", "", false, "unit-test/1.0"}});
}

TEST_CASE("The read log has what was refused, too") {
    api_server server;
    http_client http(server);
    fault f;
    f.kind = fault_kind::forbidden;
    f.path = "/secrets";
    server.inject(f);
    CHECK(http.get("/api/v1/secrets").code == 403);
    CHECK(http.get("/apis/example.com/v1/widgets").code == 404);
    const auto reads = server.reads();
    REQUIRE(reads.size() == 2);
    CHECK(reads[0].path == "/api/v1/secrets");
    CHECK(reads[1].path == "/apis/example.com/v1/widgets");
}

TEST_CASE("The read log forgets the oldest reads beyond its limit") {
    api_server_options options;
    options.read_history = 2;
    api_server server(options);
    http_client http(server);
    for (const char* name : {"/a", "/b", "/c"})
        http.get(configmaps + name);
    const auto reads = server.reads();
    REQUIRE(reads.size() == 2);
    CHECK(reads[0].path == configmaps + "/b");
    CHECK(reads[1].path == configmaps + "/c");
}
