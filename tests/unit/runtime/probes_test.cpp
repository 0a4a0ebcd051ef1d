// What the paths and queries of probes are answered.

#include <runtime/probes.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using detail::answer_probe;
using detail::http_answer;

namespace {

struct fixture {
    fixture() {
        h.set_live("event-loop", {});
        h.set_ready("cache-services", "services: denied");
        h.set_ready("cache-configmaps/kube-system/metadata.name=ipam", {});
        h.set_ready("leader-election", {}, "stands by");
    }
    http_answer ask(const std::string& path, const std::string& query = {}) {
        const auto a = answer_probe(h, path, query);
        REQUIRE(a);
        return *a;
    }
    health h;
};

} // namespace

TEST_CASE("healthz and livez are the same probe, and other paths are none") {
    fixture f;
    for (const char* path : {"/healthz", "/livez", "/livez/", "/healthz/event-loop", "/livez/event-loop"}) {
        INFO(path);
        CHECK(f.ask(path).status == 200);
        CHECK(f.ask(path).body == "ok");
    }
    CHECK(f.ask("/livez", "verbose").body == "[+]event-loop ok\nok\n");
    f.h.set_live("event-loop", "blocked");
    CHECK(f.ask("/livez").status == 503);
    CHECK(f.ask("/healthz").body == "[-]event-loop failed: blocked\nfailed\n");
    for (const char* path : {"/", "", "/metrics", "/healthzz", "/live", "healthz"})
        CHECK_FALSE(answer_probe(f.h, path, ""));
}

TEST_CASE("a probe of one check is 200, 500 with the problem, or 404") {
    fixture f;
    CHECK(f.ask("/readyz/leader-election").status == 200);
    CHECK(f.ask("/readyz/leader-election").body == "ok");
    CHECK(f.ask("/readyz/cache-services").status == 500);
    CHECK(f.ask("/readyz/cache-services").body == "internal server error: services: denied\n");
    CHECK(f.ask("/readyz/cache-configmaps/kube-system/metadata.name=ipam").status == 200);
    CHECK(f.ask("/readyz/cache-configmaps%2Fkube-system%2Fmetadata.name%3Dipam").status == 200);
    for (const char* path : {"/readyz/event-loop", "/readyz/cache", "/livez/cache-services",
                             "/readyz/cache-services/", "/readyz/%zz"}) {
        INFO(path);
        CHECK(f.ask(path).status == 404);
    }
}

TEST_CASE("exclude leaves checks out, as often as it is said") {
    fixture f;
    f.h.set_ready("other", "broken");
    CHECK(f.ask("/readyz", "exclude=cache-services").status == 503);
    const http_answer both = f.ask("/readyz", "exclude=cache-services&verbose&exclude=other");
    CHECK(both.status == 200);
    CHECK(both.body == "[+]cache-configmaps/kube-system/metadata.name=ipam ok\n"
                       "[+]cache-services excluded: ok\n"
                       "[+]leader-election ok: stands by\n"
                       "[+]other excluded: ok\n"
                       "ok\n");
    CHECK(f.ask("/readyz", "exclude=cache%2Dservices&exclude=other").status == 200);

    SECTION("a name that there is not is told, and changes nothing") {
        const http_answer a = f.ask("/readyz", "exclude=nothing&exclude=none");
        CHECK(a.status == 503);
        CHECK(a.body.find(
                  "warn: some health checks cannot be excluded: no matches for \"none\", \"nothing\"\n") !=
              std::string::npos);
    }
    SECTION("queries that are none") {
        for (const char* query : {"exclude", "exclude=", "exclude=%z", "&&", "=", "excluded=other"})
            CHECK(f.ask("/readyz", query).status == 503);
    }
}

TEST_CASE("a remark is shown without verbose, unless its check is excluded") {
    health h;
    h.set_ready("cache", {}, "not served");
    CHECK(answer_probe(h, "/readyz", "")->body == "[+]cache ok: not served\nok\n");
    CHECK(answer_probe(h, "/readyz", "exclude=cache")->body == "ok");
}
