// What counts as an answer of the Kubernetes API, and the words for what does not.
#include "client_fixture.hpp"

#include <gwctl/api/apiextensions_v1.hpp>
#include <gwctl/api/core_v1.hpp>

#include <fmt/format.h>

#include <client/answer.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
using apiextensions_v1::CustomResourceDefinition;
using core_v1::ConfigMap;
using detail::answer_head;

namespace {

const object_key web("default", "web");
const std::string login_page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
const std::string remedy =
    "; a login page, a proxy or a wrong address or path can answer in place of the API "
    "server: check the server's address with its path";

/// A kind of a group, of which version v1 is asked for before v1beta1.
struct Widget {
    static constexpr resource_type type{"example.com", "v1", "Widget", "widgets"};
    ObjectMeta metadata;
    Widget() = default;
};
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata))

answer_head read(std::string_view text, std::size_t piece = 1) {
    answer_head head;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        if (!head.feed(text.substr(0, piece)))
            break;
    return head;
}

std::string wrong(std::string_view list, const resource_type& type = ConfigMap::type) {
    return detail::wrong_list(read(list), type);
}

reply page(int status, std::string body, std::string content_type = "text/html") {
    reply r(status, std::move(body));
    r.content_type = std::move(content_type);
    return r;
}

std::string list_error(fixture& f, reply r) {
    f.will_answer(std::move(r));
    return error_of(f, f.api.list_page<ConfigMap>({})).what();
}

Widget widget() {
    Widget w;
    w.metadata.namespace_ = "default";
    w.metadata.name = "sky";
    return w;
}

} // namespace

TEST_CASE("kind, version and items are found wherever the bytes are cut, and no deeper") {
    const std::string text =
        " \n{\"metadata\":{\"kind\":\"x\\\"}\",\"items\":[[]]},\"n\":-1.5e3 ,\"apiVersion\" : \"v1\", "
        "\"b\":[true,{\"kind\":\"y\"}],\"kind\":\"PodList\",\"items\" :null}\n";
    for (const std::size_t piece : {1u, 2u, 7u, 1000u}) {
        const answer_head head = read(text, piece);
        CHECK(head.kind == "PodList");
        CHECK(head.api_version == "v1");
        CHECK(head.has_items);
        CHECK(head.ended());
    }
    for (const std::string_view none :
         {"<html>", "[]", "\"text\"", "5", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,,}",
          "{\"a\":\"b\"\"c\"}", "{} {}", "{\"a\":1 2}", "\x1f\x8b"}) {
        INFO(none);
        CHECK_FALSE(answer_head().feed(none));
    }
    CHECK_FALSE(read("{\"kind\":\"PodList\"").ended());
    CHECK(read("{\"kind\":5,\"apiVersion\":[\"v1\"]}").kind.empty());
    CHECK(read(fmt::format(R"({{"kind":"{}"}})", std::string(100'000, 'k'))).kind.size() < 1000);
}

TEST_CASE("a list has a kind that is no Status, the version that was asked for, and items") {
    CHECK(wrong(R"({"kind":"ConfigMapList","apiVersion":"v1","items":[]})").empty());
    CHECK(wrong(R"({"kind":"ConfigMapList","apiVersion":"v1","items":null})").empty());
    CHECK(wrong("{}") == "its kind is missing");
    CHECK(wrong(R"({"apiVersion":"v1","items":[]})") == "its kind is missing");
    CHECK(wrong(R"({"kind":"Status","apiVersion":"v1","items":[]})") == "its kind is Status");
    CHECK(wrong(R"({"kind":"ConfigMapList","items":[]})") == "its apiVersion is missing");
    CHECK(wrong(R"({"kind":"ConfigMapList","apiVersion":"v2","items":[]})") ==
          "its apiVersion is v2 and not v1");
    CHECK(wrong(R"({"kind":"ConfigMapList","apiVersion":"v1"})") == "its items are missing");

    // A definition may name its list as it likes, and may be served in the older of two versions.
    resource_type two = Widget::type;
    two.fallback_version = "v1beta1";
    CHECK(wrong(R"({"kind":"WidgetPile","apiVersion":"example.com/v1beta1","items":[]})", two).empty());
    CHECK(wrong(R"({"kind":"WidgetList","apiVersion":"example.com/v1beta1","items":[]})", Widget::type) ==
          "its apiVersion is example.com/v1beta1 and not example.com/v1");

    const resource_type& partial = CustomResourceDefinition::type;
    CHECK(wrong(R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[]})", partial)
              .empty());
    CHECK(
        wrong(R"({"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","items":[]})",
              partial)
            .empty());
    CHECK_FALSE(
        wrong(R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[]})").empty());
    CHECK_FALSE(wrong(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","items":[]})", partial).empty());
}

TEST_CASE("a list that is none is refused, with who answered what") {
    fixture f;
    const std::string answered = "list of configmaps: api:6443 answered HTTP 200 ";
    CHECK(list_error(f, page(200, login_page)) ==
          answered + "(text/html), which is not a list of v1: not JSON: " + login_page + remedy);
    CHECK(list_error(f, page(200, "", "")) ==
          answered + "(without a Content-Type), which is not a list of v1: the body is empty" + remedy);
    CHECK(list_error(f, reply(200, "{}")) ==
          answered + "(application/json), which is not a list of v1: its kind is missing: {}" + remedy);
    CHECK(list_error(f, reply(200, R"({"kind":"ConfigMapList")"))
              .starts_with(answered +
                           "(application/json), which is not a list of v1: the JSON ends too early: {"));
    CHECK(list_error(f, reply(200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{}})"))
              .starts_with(answered +
                           "(application/json), which is not a list of v1: its items are missing: {"));
    reply zipped = page(200, "\x1f\x8b\x08\x01\x02\x03", "application/json");
    zipped.content_encoding = "gzip";
    CHECK(
        list_error(f, zipped) ==
        answered +
            "(application/json) with Content-Encoding gzip, which was not asked for; have whatever stands in "
            "front of the API server not compress, or name the API server's own address");
    const std::string not_utf8 = list_error(
        f,
        reply(200,
              "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"items\":[{\"data\":{\"a\":\"\xff\"}}]}"));
    INFO(not_utf8);
    CHECK(not_utf8.starts_with(answered + "(application/json), which is not a list of v1: not UTF-8: "));
    CHECK(not_utf8.find("\xEF\xBF\xBD") != std::string::npos);
    CHECK(not_utf8.find('\xff') == std::string::npos);

    f.will_answer(page(200, login_page));
    CHECK(error_of(f, f.api.list_page<ConfigMap>({})).code() == errc::protocol);
    f.will_answer(200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":null})");
    CHECK(result_of(f, f.api.list_page<ConfigMap>({})).items.empty());
}

TEST_CASE("a Status that says Failure is a failure, whatever the HTTP status says") {
    fixture f;
    const std::string failure =
        R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"no room","reason":"Conflict","code":409})";
    const auto check = [](const api_error& e, const std::string& text) {
        CHECK(e.code() == errc::conflict);
        CHECK(std::string(e.what()) == text);
    };
    const std::string object = "ConfigMap default/web: no room";
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "web";
    f.will_answer(200, failure);
    check(error_of(f, f.api.list_page<ConfigMap>({})), "list of configmaps: no room");
    f.will_answer(200, failure);
    check(error_of(f, f.api.get<ConfigMap>(web)), object);
    f.will_answer(201, failure);
    check(error_of(f, f.api.create(map)), object);
    f.will_answer(200, failure);
    check(error_of(f, f.api.apply(map)), object);
    f.will_answer(200, failure);
    check(error_of(f, f.api.patch<ConfigMap>(web, patch::merge_patch("{}"))), object);
    f.will_answer(200, failure);
    CHECK(failure_of(f.io, f.api.remove<ConfigMap>(web)) == "conflict: " + object);
}

TEST_CASE("no 2xx counts as done whose body is not the Kubernetes API's") {
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "web";
    const std::vector<std::string> bodies{
        login_page,
        "",
        "OK",
        "{}",
        "[]",
        "null",
        R"({"kind":"ConfigMap"})",
        R"({"kind":"ConfigMap","apiVersion":"v2"})",
        R"({"kind":"Secret","apiVersion":"v1"})",
        R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{)",
        R"({"kind":"Status","apiVersion":"v1"})",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"data\":{\"a\":\"\xC3\x28\"}}"};
    for (const std::string& body : bodies) {
        fixture f;
        INFO(body);
        const auto answered = [&](const api_error& e) {
            CHECK(e.code() == errc::protocol);
            CHECK(is_transient(e.code())); // so that nobody takes it for a refusal
            CHECK(std::string(e.what()).starts_with("ConfigMap default/web: api:6443 answered HTTP 200 ("));
            f.link->replies.clear();
        };
        const auto will_answer = [&] { f.will_answer(200, body); };
        will_answer();
        answered(error_of(f, f.api.get<ConfigMap>(web)));
        will_answer();
        answered(error_of(f, f.api.create(map)));
        will_answer();
        answered(error_of(f, f.api.apply(map)));
        will_answer();
        answered(error_of(f, f.api.apply_status(map)));
        will_answer();
        answered(error_of(f, f.api.patch<ConfigMap>(web, patch::merge_patch("{}"))));
        will_answer();
        CHECK(failure_of(f.io, f.api.remove<ConfigMap>(web))
                  .starts_with("protocol: ConfigMap default/web: api:6443 "));
    }
    fixture f;
    // What the API server answers to a deletion: done, or the object that finalizers hold.
    f.will_answer(
        200,
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"web"}})");
    CHECK(failure_of(f.io, f.api.remove<ConfigMap>(web)) == "no failure");
    f.will_answer(202, R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"web"}})");
    CHECK(failure_of(f.io, f.api.remove<ConfigMap>(web)) == "no failure");
    // A Status is no object.
    f.will_answer(200, R"({"kind":"Status","apiVersion":"v1","status":"Success"})");
    CHECK(error_of(f, f.api.apply(map)).code() == errc::protocol);
}

TEST_CASE("a watch that begins with anything but an event is refused, also without a line's end") {
    fixture f;
    f.will_answer(page(200, login_page));
    auto stream = result_of(f, f.api.watch<ConfigMap>({}));
    CHECK(std::string(error_of(f, stream.next()).what()) ==
          "watch of configmaps: api:6443 answered HTTP 200 (text/html), which is not a watch: not JSON: " +
              login_page + remedy);
}

TEST_CASE("raw_object gives objects of the Kubernetes API, and names whatever else came") {
    fixture f;
    http_request request;
    request.target = "/apis/example.com";
    f.will_answer(200, R"({"kind":"APIGroup","apiVersion":"v1","name":"example.com"})");
    CHECK(result_of(f, f.api.raw_object(request)).at("name").as_string() == "example.com");
    CHECK(f.header("Accept") == "application/json");
    f.will_answer(page(200, login_page));
    CHECK(std::string(error_of(f, f.api.raw_object(request)).what()) ==
          "GET /apis/example.com: api:6443 answered HTTP 200 (text/html), which is not an answer of the "
          "Kubernetes API: "
          "not JSON: " +
              login_page + remedy);
    // As kube-apiserver answers for /api/v1: without an apiVersion.
    f.will_answer(200, R"({"kind":"APIResourceList","groupVersion":"v1","resources":[]})");
    CHECK(result_of(f, f.api.raw_object(request)).at("groupVersion").as_string() == "v1");
    f.will_answer(200, R"({"apiVersion":"v1"})");
    CHECK(error_of(f, f.api.raw_object(request)).code() == errc::protocol);
    f.will_answer(200, R"({"kind":"APIGroup","apiVersion":"v1","x":[}])");
    CHECK(error_of(f, f.api.raw_object(request)).code() == errc::protocol);
    f.will_answer(200, R"({"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"message":"no"})");
    CHECK(error_of(f, f.api.raw_object(request)).code() == errc::forbidden);
}

TEST_CASE(
    "who stands in front of the API server is told from it, and its refusals are none of the API server's") {
    fixture f;
    const auto error = [&](reply r) {
        f.will_answer(std::move(r));
        return error_of(f, f.api.get<ConfigMap>(web));
    };
    const std::string whom =
        "; this is no Status of the Kubernetes API, so something else may have answered: "
        "check the server's address with its path";
    const api_error forbidden = error(page(403, "<h1>Forbidden</h1>"));
    CHECK(forbidden.code() == errc::protocol); // and not `denied`, which an owner's rights would be
    CHECK(std::string(forbidden.what()) ==
          "ConfigMap default/web: api:6443 answered HTTP 403 (text/html): <h1>Forbidden</h1>" + whom);
    CHECK(error(page(401, "who are you?", "text/plain")).code() == errc::protocol);
    CHECK(error(page(422, "")).code() == errc::protocol);
    CHECK(error(page(429, "slow down")).code() == errc::too_many_requests);
    CHECK(error(page(502, "bad gateway \xff\xfe")).code() == errc::service_unavailable);
    reply zipped = page(403, "\x1f\x8b\x08");
    zipped.content_encoding = "gzip";
    CHECK(std::string(error(zipped).what()) == "ConfigMap default/web: api:6443 answered HTTP 403 "
                                               "(text/html) with an encoding that was not asked for" +
                                                   whom);
    reply moved = page(302, "");
    moved.location = "https://login.example.com/?x=\xff";
    CHECK(std::string(error(moved).what()) == "ConfigMap default/web: api:6443 redirects to "
                                              "\"https://login.example.com/?***\", which is not "
                                              "followed; give the server's own address");
    CHECK(error(reply(403, R"({"kind":"Status","status":"Failure","code":403,"message":"no"})")).code() ==
          errc::forbidden);
}

TEST_CASE("a status that cannot be written makes one think of the definition's subresources") {
    fixture f;
    const auto missing = [&](std::string_view plural) {
        f.will_answer(
            404, fmt::format(R"({{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound",)"
                             R"("message":"{0} \"sky\" not found","details":{{"name":"sky","kind":"{0}"}},)"
                             R"("code":404}})",
                             plural));
    };
    const std::string lacks = "; if the object exists, its status cannot be written: does its CRD have "
                              "subresources.status?";
    missing("widgets.example.com");
    const api_error e = error_of(f, f.api.apply_status(widget()));
    CHECK(e.code() == errc::not_found);
    CHECK(std::string(e.what()) == "Widget default/sky: widgets.example.com \"sky\" not found" + lacks);
    missing("widgets.example.com");
    const object_key sky("default", "sky");
    CHECK(std::string(error_of(f, f.api.patch_status<Widget>(sky, patch::merge_patch("{}"))).what())
              .ends_with(lacks));
    // Of the object itself nothing of that is said, nor of kinds that have no definition.
    missing("widgets.example.com");
    CHECK(std::string(error_of(f, f.api.patch<Widget>(sky, patch::merge_patch("{}"))).what()) ==
          "Widget default/sky: widgets.example.com \"sky\" not found");
    missing("configmaps");
    CHECK(std::string(error_of(f, f.api.patch_status<ConfigMap>(web, patch::merge_patch("{}"))).what())
              .ends_with("; does the object exist, and does its kind have a status?"));
}

TEST_CASE("a program names itself to the API server") {
    const auto link = std::make_shared<scripted_transport>();
    const auto agent = [&](client_options options) {
        fixture f;
        client api(f.link, std::move(options));
        f.will_answer(200, R"({"kind":"ConfigMap","apiVersion":"v1"})");
        result_of(f, api.get<ConfigMap>(web));
        return f.header("User-Agent");
    };
    client_options options;
    CHECK(agent(options).starts_with("unit-client (linux/"));
    CHECK(agent(options).ends_with(") gwctl/" GWCTL_VERSION));
    options.user_agent = "my-operator/1.2";
    CHECK(agent(options).starts_with("my-operator/1.2 (linux/"));
    options.user_agent = "a\r\nEvil: 1";
    CHECK_THROWS_AS(client(link, options), api_error);
}

TEST_CASE("where UTF-8 ends is found in a piece that is cut anywhere") {
    using detail::find_invalid_utf8;
    const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
    for (std::size_t from = 0; from <= text.size(); ++from)
        for (std::size_t to = from; to <= text.size(); ++to)
            CHECK(find_invalid_utf8(std::string_view(text).substr(from, to - from)) ==
                  std::string_view::npos);
    CHECK(find_invalid_utf8("ab\xff") == 2);
    CHECK(find_invalid_utf8("ab\xC3(") == 2);
    CHECK(find_invalid_utf8("ab\xE2\x82zzzz") == 2);
    CHECK(find_invalid_utf8("ab\xed\xa0\x80zz") == 2);
}
