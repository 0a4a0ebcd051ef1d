// What Go clients send as protobuf is stored as if they had sent JSON. tests/kubernetes/clients tries each field.
#include "http_client.hpp"

#include <concepts>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;

namespace {

std::string varint(std::uint64_t n) {
    std::string out;
    for (; n > 127; n >>= 7)
        out += static_cast<char>(n & 127 | 128);
    return out + static_cast<char>(n);
}

std::string field(unsigned number, const std::string& bytes) {
    return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string field(unsigned number, const char* text) { return field(number, std::string(text)); }
template <std::integral T>
std::string field(unsigned number, T value) {
    return varint(number << 3) + varint(static_cast<std::uint64_t>(value));
}

std::string unknown(const char* api_version, const char* kind, const std::string& raw) {
    return std::string("k8s\0", 4) + field(1, field(1, api_version) + field(2, kind)) + field(2, raw);
}

std::string named(const char* name) { return field(1, field(1, name) + field(3, "default")); }

constexpr const char* protobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* pods = "/api/v1/namespaces/default/pods";
constexpr const char* deployments = "/apis/apps/v1/namespaces/default/deployments";

// A pod with one container "c" and more of its spec.
std::string pod(const std::string& more, const std::string& of_container = {}) {
    return unknown("v1", "Pod",
                   named("p") + field(2, field(2, field(1, "c") + field(2, "i") + of_container) + more));
}

json::value created(const std::string& path, const std::string& body) {
    api_server server;
    http_client http(server);
    const auto a = http.send("POST", path, body, protobuf);
    INFO(a.body);
    REQUIRE(a.code == 201);
    return a.json();
}

std::string refused(const std::string& path, const std::string& body, int code = 400) {
    api_server server;
    http_client http(server);
    const auto a = http.send("POST", path, body, protobuf);
    INFO(a.body);
    REQUIRE(a.code == code);
    CHECK(server.objects().empty());
    return a.message();
}

} // namespace

TEST_CASE("protobuf-fields: a Deployment in protobuf is stored whole") {
    const auto selector = field(1, field(1, "app") + field(2, "d"));
    const auto pod_template = field(1, field(11, field(1, "app") + field(2, "d"))) +
                              field(2, field(2, field(1, "c") + field(2, "i")) + field(4, 7));
    const auto made = created(
        deployments, unknown("apps/v1", "Deployment",
                             named("d") + field(2, field(1, 0) + field(2, selector) + field(3, pod_template) +
                                                       field(4, field(1, "Recreate")))));
    CHECK(made.at("spec").at("strategy").at("type") == "Recreate");
    CHECK(made.at("spec").at("template").at("spec").at("terminationGracePeriodSeconds") == 7);
    CHECK(made.at("spec").at("replicas") == 0);
    CHECK(made.at("spec").at("selector").at("matchLabels").at("app") == "d");
}

TEST_CASE("Protobuf: values with a form of their own") {
    // A volume's source is a message of its own, which JSON has not; a probe's port is a number or a text.
    const auto volume =
        field(1, field(1, "v") + field(2, field(2, field(1, "Memory") + field(2, field(1, "64Mi")))));
    const auto limits = field(1, field(1, "cpu") + field(2, field(1, "1500m")));
    const auto probe = [](const std::string& port) {
        return field(1, field(2, field(1, "/ready") + field(2, port))) + field(2, 5);
    };
    const auto made = created(
        pods, pod(volume + field(5, -3), field(8, limits) + field(10, probe(field(1, 0) + field(2, 8080))) +
                                             field(11, probe(field(1, 1) + field(3, "http")))));
    const auto& container = made.at("spec").at("containers").at(0);
    CHECK(made.at("spec").at("volumes").at(0).at("emptyDir").at("sizeLimit") == "64Mi");
    CHECK(made.at("spec").at("volumes").at(0).at("emptyDir").at("medium") == "Memory");
    CHECK(made.at("spec").at("activeDeadlineSeconds") == -3);
    CHECK(container.at("resources").at("limits").at("cpu") == "1500m");
    CHECK(container.at("livenessProbe").at("httpGet").at("port") == 8080);
    CHECK(container.at("livenessProbe").at("initialDelaySeconds") == 5);
    CHECK(container.at("readinessProbe").at("httpGet").at("port") == "http");

    const auto lease =
        created("/apis/coordination.k8s.io/v1/namespaces/default/leases",
                unknown("coordination.k8s.io/v1", "Lease",
                        named("l") +
                            field(2, field(1, "me") + field(4, field(1, 1700000000) + field(2, 123456789)))));
    CHECK(lease.at("spec").at("renewTime") == "2023-11-14T22:13:20.123456Z");
}

TEST_CASE("Protobuf: repeated numbers may be packed, and a message may come in parts") {
    const auto packed = pod(field(14, field(4, varint(1000) + varint(2000))));
    CHECK(created(pods, packed).at("spec").at("securityContext").at("supplementalGroups") ==
          json::value{1000, 2000});
    const auto apart = pod(field(14, field(4, 1000)) + field(14, field(4, 2000) + field(3, 1)));
    const auto made = created(pods, apart);
    CHECK(made.at("spec").at("securityContext").at("supplementalGroups") == json::value{1000, 2000});
    CHECK(made.at("spec").at("securityContext").at("runAsNonRoot") == true);
}

TEST_CASE("Protobuf: what a pointer points to is kept when it is zero, other zeros are as good as absent") {
    const auto made = created(pods, pod(field(4, 0) + field(8, "") + field(29, "")));
    CHECK(made.at("spec").at("terminationGracePeriodSeconds") == 0);
    CHECK_FALSE(made.at("spec").as_object().contains("serviceAccountName"));
    CHECK(made.at("spec").at("runtimeClassName") == "");
}

TEST_CASE("Protobuf: a CustomResourceDefinition with its schema") {
    const auto schema = [](const char* type, const std::string& more = {}) { return field(5, type) + more; };
    const auto property = [](const char* name, const std::string& s) {
        return field(29, field(1, name) + field(2, s));
    };
    const auto number = varint(9 << 3 | 1) + std::string("\0\0\0\0\0\0\xf8\x3f", 8); // maximum 1.5
    const auto root = schema(
        "object", property("size", schema("integer", number + field(8, field(1, "3")))) +
                      property("list", schema("array", field(24, field(1, schema("string"))))) +
                      property("map", schema("object", field(30, field(1, 0) + field(2, schema("string"))))) +
                      property("open", schema("object", field(38, 1))) +
                      property("closed", schema("object", field(30, field(1, 0)))));
    const auto version = field(1, "v1") + field(2, 1) + field(3, 1) + field(4, field(1, root));
    const auto made = created(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        unknown("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                field(1, field(1, "widgets.example.com")) +
                    field(2, field(1, "example.com") + field(3, field(1, "widgets") + field(4, "Widget")) +
                                 field(4, "Namespaced") + field(7, version))));
    const auto& properties =
        made.at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema").at("properties");
    CHECK(properties.at("size") == json::value{{"type", "integer"}, {"maximum", 1.5}, {"default", 3}});
    CHECK(properties.at("list") == json::value{{"type", "array"}, {"items", {{"type", "string"}}}});
    CHECK(properties.at("map") ==
          json::value{{"type", "object"}, {"additionalProperties", {{"type", "string"}}}});
    CHECK(properties.at("open") ==
          json::value{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}});
    CHECK(properties.at("closed") == json::value{{"type", "object"}, {"additionalProperties", false}});
}

TEST_CASE("Protobuf: a field that the kind does not have is refused by kind, path and number") {
    const auto text = refused(pods, pod(field(999, "x")));
    CHECK(text.find("Pod of v1") != std::string::npos);
    CHECK(text.find("spec: there is no field of the number 999") != std::string::npos);
    CHECK(refused(pods, pod({}, field(998, 1)))
              .find("spec.containers[0]: there is no field of the number 998") != std::string::npos);
    CHECK(refused(pods, unknown("v1", "Pod", named("p") + field(77, 1)))
              .find("the object itself: there is no field of the number 77") != std::string::npos);
    CHECK(refused(pods, pod({}, field(8, field(1, field(1, "cpu") + field(2, field(2, 1))))))
              .find("spec.containers[0].resources.limits[\"cpu\"]: Quantity has no field of the number 2") !=
          std::string::npos);
}

TEST_CASE("Protobuf: bytes that are no object are refused, in words about protobuf") {
    for (const auto& body : {std::string("{}"), std::string("k8s"),
                             std::string("k8s\0\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 15),
                             std::string("k8s\0\x0b", 5)}) {
        const auto text = refused(pods, body);
        CHECK(text.find("not Kubernetes' protobuf") != std::string::npos);
    }
    CHECK(refused(pods, pod(field(8, "\xff"))).find("spec.serviceAccountName: the text is not UTF-8") !=
          std::string::npos);
    CHECK(refused(pods, pod(field(8, 3))).find("spec.serviceAccountName: expected text") !=
          std::string::npos);
    CHECK(refused(pods, pod(field(4, "x"))).find("terminationGracePeriodSeconds: expected a number") !=
          std::string::npos);
    CHECK(refused(pods, pod("\x12\x7f")).find("spec: a field ends behind the end") != std::string::npos);
    std::string deep;
    for (int i = 0; i < 200; ++i)
        deep = field(28, deep); // not
    const auto version = field(1, "v1") + field(4, field(1, deep));
    CHECK(refused("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                  unknown("apiextensions.k8s.io/v1", "CustomResourceDefinition", field(2, field(7, version))))
              .find("levels deep") != std::string::npos);
}

TEST_CASE("Protobuf: other kinds than those of Kubernetes have none") {
    CHECK(refused(pods, unknown("batch/v1", "Job", named("j")))
              .find("no kind \"Job\" is registered for version \"batch/v1\"") != std::string::npos);
    refused("/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways",
            unknown("gateway.networking.k8s.io/v1", "Gateway", named("g")));
    // A body that does not say what it is is of the kind of its path.
    const auto made =
        created(pods, std::string("k8s\0", 4) +
                          field(2, named("p") + field(2, field(2, field(1, "c") + field(2, "i")))));
    CHECK(made.at("kind") == "Pod");
    CHECK(made.at("metadata").at("name") == "p");
}

TEST_CASE("Protobuf: DeleteOptions count, and reviews are answered") {
    api_server server;
    http_client http(server);
    REQUIRE(http.send("POST", pods, pod({}), protobuf).code == 201);
    const auto wrong_uid = unknown("v1", "DeleteOptions", field(2, field(1, "other")));
    CHECK(http.send("DELETE", std::string(pods) + "/p", wrong_uid, protobuf).code == 409);
    // In the group of whatever is deleted.
    const auto fine = unknown("apps/v1", "DeleteOptions", field(4, "Foreground"));
    CHECK(http.send("DELETE", std::string(pods) + "/p", fine, protobuf).code == 200);

    const auto review = http.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                  unknown("authorization.k8s.io/v1", "SelfSubjectAccessReview",
                                          field(2, field(1, field(2, "get") + field(5, "pods")))),
                                  protobuf);
    CHECK(review.code == 201);
    CHECK(review.json().at("spec").at("resourceAttributes").at("verb") == "get");
    CHECK(review.json().at("status").at("allowed") == true);
    // A list within a map is a message with the items.
    const auto extra = field(5, field(1, "who") + field(2, field(1, "a") + field(1, "b")));
    const auto subject =
        http.send("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                  unknown("authorization.k8s.io/v1", "SubjectAccessReview", field(2, extra)), protobuf);
    CHECK(subject.json().at("spec").at("extra").at("who") == json::value{"a", "b"});
}
