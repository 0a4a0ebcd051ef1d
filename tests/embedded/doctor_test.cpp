// What the doctor reads of a server that does not let it read everything.
#include "../../tools/doctor.hpp"

#include <gwctl/client/config.hpp>
#include <gwctl/client/timer.hpp>
#include <gwctl/json/yaml.hpp>
#include <gwctl/testing/api_server.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tools;
using testing::fault_kind;

namespace {

constexpr const char* world = R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam, namespace: default}
data: {range-global: 192.0.2.10-192.0.2.19}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: l4, namespace: default, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {pools: edge}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: l4, namespace: default}
---
apiVersion: v1
kind: Service
metadata: {name: back, namespace: default}
spec: {selector: {app: x}, ports: [{port: 80}]}
)";

struct limited_server {
    limited_server() {
        for (const json::value& object : json::parse_yaml(world, "test").value())
            server.apply(object).value();
    }
    void forbid(const std::string& path, int times = -1) {
        testing::fault f;
        f.kind = fault_kind::forbidden;
        f.path = path;
        f.times = times;
        server.inject(f);
    }
    /// Grants no more than manifests/namespaced.yaml does.
    void forbid_other_namespaces() {
        for (const char* resource :
             {"services", "configmaps", "nodes", "daemonsets", "deployments", "leases"})
            forbid(std::string("/v1/") + resource + "?");
        forbid("/namespaces/kube-system/");
    }
    cluster_facts read(const gateway::options& flags) {
        cluster_facts facts;
        boost::asio::io_context loop;
        boost::asio::co_spawn(loop,
                              read_facts(make_http_transport(testing::config_for(server)), flags,
                                         "gateway-api-controller", true),
                              [&](std::exception_ptr failed, cluster_facts read) {
                                  if (failed)
                                      std::rethrow_exception(failed);
                                  facts = std::move(read);
                              });
        loop.run();
        return facts;
    }

    testing::api_server server;
};

gateway::options limited_options() {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    o.namespaces = {"default"};
    return o;
}

} // namespace

TEST_CASE("doctor: limited to a namespace it reads there, and says in one line what it cannot check") {
    limited_server limited;
    limited.forbid_other_namespaces();
    const gateway::options flags = limited_options();
    const cluster_facts facts = limited.read(flags);
    CHECK(describe_unchecked(facts) ==
          "not checked, because this account may not read what is in brackets: Leases of other controllers "
          "(leases.coordination.k8s.io), addresses of nodes in pools (nodes), announcers and other "
          "controllers (daemonsets.apps, deployments.apps, pods in namespace kube-system), pools of "
          "kube-vip-cloud-provider (configmaps in namespace kube-system); run doctor as somebody who may to "
          "have all checked");
    REQUIRE(facts.services);
    CHECK(std::any_of(facts.services->begin(), facts.services->end(),
                      [](const announced_service& s) { return s.key == object_key("default", "back"); }));
    CHECK(facts.parameter_maps);
    CHECK(facts.denied.empty());
    const findings found = diagnose(facts, flags, system_clock().wall_now());
    REQUIRE(found.size() == 1); // of what it reads nothing is left out
    CHECK(found[0].text ==
          "GatewayClass l4: its parameter pools names edge, and ConfigMap default/ipam has no "
          "range-edge or cidr-edge; add one, or correct the parameter");
}

TEST_CASE(
    "doctor: without a limit the same account learns that parameters and Services are not checked either") {
    limited_server limited;
    limited.forbid_other_namespaces();
    gateway::options flags = limited_options();
    flags.namespaces.clear();
    const cluster_facts facts = limited.read(flags);
    const std::string unchecked = describe_unchecked(facts);
    CHECK(unchecked.find("parameters of classes (configmaps)") != unchecked.npos);
    CHECK(unchecked.find("Services that two announcers serve (services)") != unchecked.npos);
    CHECK(diagnose(facts, flags, system_clock().wall_now()).empty());
}

TEST_CASE("doctor: a namespace that does not exist is told, where namespaces may be listed") {
    limited_server limited;
    gateway::options flags = limited_options();
    flags.namespaces = {"blue", "default"};
    CHECK(limited.read(flags).missing_namespaces == std::set<std::string>{"blue"});
    limited.forbid("/v1/namespaces?");
    const cluster_facts facts = limited.read(flags);
    CHECK(facts.missing_namespaces.empty());
    CHECK(facts.unreadable.at("namespaces that do not exist") == std::set<std::string>{"namespaces"});
}

TEST_CASE("doctor: neither kinds nor permissions are missing where it may not ask for them") {
    limited_server limited;
    limited.forbid("/apis/gateway.networking.k8s.io");
    limited.forbid("selfsubjectaccessreviews");
    const gateway::options flags = limited_options();
    const cluster_facts facts = limited.read(flags);
    CHECK_FALSE(facts.served);
    CHECK(facts.unreadable.at("kinds") == std::set<std::string>{"/apis/gateway.networking.k8s.io"});
    CHECK(facts.unreadable.at("permissions") ==
          std::set<std::string>{"selfsubjectaccessreviews.authorization.k8s.io"});
    CHECK(check_kinds(facts).empty());
    CHECK(check_permissions(facts, flags).empty());
}

namespace {

/// A fixed answer.
class page final : public http_response {
public:
    page(int status, std::string body, std::string type)
        : status_(status), body_(std::move(body)), type_(std::move(type)) {}
    int status() const noexcept override { return status_; }
    std::string_view header(std::string_view name) const noexcept override {
        return name == "Content-Type" ? std::string_view(type_) : std::string_view();
    }
    task<std::string_view> read_some() override {
        co_return std::exchange(read_, true) ? std::string_view() : std::string_view(body_);
    }

private:
    int status_;
    std::string body_;
    std::string type_;
    bool read_ = false;
};

/// Something before an API server that answers by itself what has `part` in its target.
class odd_front final : public transport {
public:
    odd_front(const testing::api_server& server, std::string part, int status, std::string body,
              std::string type)
        : inner_(make_http_transport(testing::config_for(server))), part_(std::move(part)), status_(status),
          body_(std::move(body)), type_(std::move(type)) {}
    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (request.target.find(part_) != std::string::npos)
            co_return std::make_unique<page>(status_, body_, type_);
        auto answer = co_await inner_->send(std::move(request));
        co_return answer;
    }
    std::string_view host() const noexcept override { return inner_->host(); }

private:
    std::shared_ptr<transport> inner_;
    std::string part_;
    int status_;
    std::string body_;
    std::string type_;
};

/// What doctor says when something answers so.
std::string complaint(const testing::api_server& server, const std::string& part, int status,
                      const std::string& body, const std::string& type) {
    std::string text = "no error";
    boost::asio::io_context loop;
    const gateway::options flags = limited_options();
    boost::asio::co_spawn(loop,
                          read_facts(std::make_shared<odd_front>(server, part, status, body, type), flags,
                                     "gateway-api-controller", true),
                          [&](std::exception_ptr failed, const cluster_facts&) {
                              try {
                                  if (failed)
                                      std::rethrow_exception(failed);
                              } catch (const std::exception& e) {
                                  text = e.what();
                              }
                          });
    loop.run();
    return text;
}

} // namespace

TEST_CASE("doctor-html: what is no API server is named, whichever request it answers") {
    const limited_server limited;
    const std::string login = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    for (const std::string& part :
         {std::string("/apis"), std::string("/apis/gateway.networking.k8s.io"),
          std::string("selfsubjectaccessreviews"), std::string("/v1/nodes"), std::string("/configmaps")}) {
        for (const std::string& body :
             {login, std::string(), std::string("{}"), std::string("[]"), std::string("null"),
              std::string(R"({"kind":"Something","apiVersion":"v1","items":5,"versions":{},"status":[]})"),
              std::string(R"({"kind":"ThingList","apiVersion":"v1"})"), std::string("{\"kind\":\"\xff\"}")}) {
            const std::string text = complaint(limited.server, part, 200, body, "text/html");
            INFO(part << " " << body << ": " << text);
            CHECK(text != "no error");
            CHECK(text.find("boost") == std::string::npos);
            CHECK(text.find("hpp") == std::string::npos);
            CHECK(text.find("check the server's address with its path") != std::string::npos);
        }
    }
    const std::string text = complaint(limited.server, "/", 200, login, "text/html");
    CHECK(text.starts_with("GET /apis: 127.0.0.1:"));
    CHECK(
        text.find(" answered HTTP 200 (text/html), which is not an answer of the Kubernetes API: not JSON: " +
                  login) != std::string::npos);
    // A path that is missing from the server's address, and a refusal that is none of the API server's.
    for (const int status : {404, 403})
        CHECK(complaint(limited.server, "/", status, "default backend", "text/plain")
                  .ends_with(
                      " (text/plain): default backend; this is no Status of the Kubernetes API, so something "
                      "else may have answered: check the server's address with its path"));
}

TEST_CASE("doctor: a server in trouble is a failure, not something to leave unchecked") {
    limited_server limited;
    testing::fault f;
    f.kind = fault_kind::internal_error;
    f.path = "/v1/nodes?";
    f.times = -1;
    limited.server.inject(f);
    CHECK_THROWS_AS(limited.read(limited_options()), api_error);
}
