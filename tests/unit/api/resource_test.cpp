#include <gwctl/api/apps_v1.hpp>
#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/routes_v1.hpp>

#include <support/catch.hpp>

using namespace gwctl;

TEST_CASE("paths follow group, namespace and subresource") {
    using gateway_v1::Gateway;
    using gateway_v1::GatewayClass;
    CHECK(collection_path(core_v1::Service::type, "v1", "") == "/api/v1/services");
    CHECK(collection_path(core_v1::Service::type, "v1", "default") == "/api/v1/namespaces/default/services");
    CHECK(object_path(Gateway::type, "v1", {"default", "web"}, "status").value() ==
          "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/web/status");
    CHECK(object_path(GatewayClass::type, "v1beta1", object_key("kube-vip")).value() ==
          "/apis/gateway.networking.k8s.io/v1beta1/gatewayclasses/kube-vip");
}

TEST_CASE("a name cannot leave its place in the path") {
    CHECK(object_path(core_v1::ConfigMap::type, "v1", {"default", "../../secrets"}).value() ==
          "/api/v1/namespaces/default/configmaps/..%2F..%2Fsecrets");
    CHECK(object_path(core_v1::ConfigMap::type, "v1", {"default", ".."}).error().message ==
          "ConfigMap: metadata.name: expected a name, got \"..\"");
    CHECK(object_path(core_v1::ConfigMap::type, "v1", {"", "x"}).error().message ==
          "ConfigMap x: metadata.namespace: expected a namespace, got \"\"");
    CHECK(object_path(gateway_v1::GatewayClass::type, "v1", {"default", "x"}).error().message ==
          "GatewayClass x: metadata.namespace: expected none, since the kind is cluster-scoped, got "
          "\"default\"");
}

TEST_CASE("a key is read as it is written, and anything is one") {
    for (const object_key& key : {object_key("default", "web"), object_key("web"), object_key()})
        CHECK(parse_key(to_string(key)) == key);
    CHECK(parse_key("a/b/c") == object_key("a", "b/c"));
    CHECK(parse_key("/") == object_key());
    CHECK(parse_key("a/") == object_key("a", ""));
}

TEST_CASE("a port that names no protocol is TCP's") {
    core_v1::ServicePort port;
    CHECK(protocol_of(port) == "TCP");
    port.protocol = "UDP";
    CHECK(protocol_of(port) == "UDP");
}

TEST_CASE("an object is encoded with its apiVersion and kind, and without what is empty") {
    core_v1::ConfigMap map;
    CHECK(encode_object(map) == R"({"apiVersion":"v1","kind":"ConfigMap"})");
    map.metadata.name = "pools";
    map.data["range-global"] = "10.0.0.1-10.0.0.9";
    CHECK(encode_object(map) == R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"pools"},)"
                                R"("data":{"range-global":"10.0.0.1-10.0.0.9"}})");
    CHECK(encode_object(gateway_v1::TCPRoute(), "v1alpha2") ==
          R"({"apiVersion":"gateway.networking.k8s.io/v1alpha2","kind":"TCPRoute"})");
}

TEST_CASE("what is owned lives in its owner's namespace and refers to it") {
    gateway_v1::Gateway gateway;
    gateway.metadata.namespace_ = "default";
    gateway.metadata.name = "web";
    gateway.metadata.uid = "u1";
    const auto service = owned_by(gateway, core_v1::Service());
    CHECK(service.metadata.namespace_ == "default");
    const auto* owner = controller_of(service.metadata);
    REQUIRE(owner != nullptr);
    CHECK(owner->apiVersion == "gateway.networking.k8s.io/v1");
    CHECK(owner->kind == "Gateway");
    CHECK(owner->uid == "u1");
    CHECK(owned_by(gateway, service).metadata.ownerReferences.size() == 1);
    core_v1::Service elsewhere;
    elsewhere.metadata.namespace_ = "other";
    CHECK_THROWS_AS(owned_by(gateway, elsewhere), api_error);
}

TEST_CASE("label selectors") {
    const std::map<std::string, std::string> labels{{"app", "web"}, {"tier", "front"}};
    const auto requirement = [](std::string key, std::string op, std::vector<std::string> values) {
        LabelSelectorRequirement r;
        r.key = std::move(key);
        r.operator_ = std::move(op);
        r.values = std::move(values);
        LabelSelector s;
        s.matchExpressions.push_back(std::move(r));
        return s;
    };
    CHECK(matches(LabelSelector(), labels));
    CHECK(matches(requirement("app", "In", {"api", "web"}), labels));
    CHECK_FALSE(matches(requirement("app", "In", {"api"}), labels));
    CHECK(matches(requirement("zone", "NotIn", {"a"}), labels));
    CHECK_FALSE(matches(requirement("app", "NotIn", {"web"}), labels));
    CHECK(matches(requirement("app", "Exists", {}), labels));
    CHECK(matches(requirement("zone", "DoesNotExist", {}), labels));
    CHECK_FALSE(matches(requirement("app", "Near", {"web"}), labels));
    LabelSelector both;
    both.matchLabels = {{"app", "web"}, {"tier", "back"}};
    CHECK_FALSE(matches(both, labels));
}

TEST_CASE("a list decodes into shared, immutable objects") {
    const auto list = json::decode<object_list<core_v1::Service>>(R"({
        "kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "42", "continue": "abc"},
        "items": [{"metadata": {"name": "a", "managedFields": [{"manager": "x", "fieldsV1": {"f:a": {}}}]},
                   "spec": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 8081}]}},
                  {"metadata": {"name": "b"}}]})")
                          .value();
    CHECK(list.metadata.resourceVersion == "42");
    CHECK(list.metadata.continue_ == "abc");
    REQUIRE(list.items.size() == 2);
    const auto& ports = list.items[0]->spec.ports;
    REQUIRE(ports.size() == 2);
    CHECK(ports[0].targetPort == IntOrString("http"));
    CHECK(ports[1].targetPort == IntOrString(8081));
    CHECK(list.items[1]->metadata.name == "b");
}

TEST_CASE("every bundled kind survives a round trip") {
    gateway_v1::Gateway gateway;
    gateway.metadata.name = "web";
    gateway.metadata.generation = 3;
    gateway.spec.listeners.emplace_back().port = 80;
    auto& status = gateway.status.listeners.emplace_back();
    status.name = "tcp";
    status.supportedKinds.emplace();
    const std::string text = encode_object(gateway);
    CHECK(text.find(R"("supportedKinds":[],"attachedRoutes":0)") != std::string::npos);
    CHECK(json::decode<gateway_v1::Gateway>(text).value() == gateway);
}
