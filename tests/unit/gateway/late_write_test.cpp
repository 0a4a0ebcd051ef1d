// Writes that arrive late: what somebody else decided meanwhile stands.
#include <gwctl/core/log.hpp>
#include <gwctl/gateway/gateway.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <support/catch.hpp>
#include <support/in_process_api.hpp>
#include <support/scale_objects.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::Service;
using gateway_v1::Gateway;

namespace {

/// Has somebody else act when a write of the controller is on its way, once.
class overtaking final : public transport {
public:
    explicit overtaking(std::shared_ptr<in_process_api> api) : api_(std::move(api)) {}

    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (!late && meanwhile && request.method == method &&
            request.target.find(target) != std::string::npos) {
            late = request;
            http_request first = request;
            if (meanwhile(first))
                co_await api_->send(std::move(first));
        }
        auto response = co_await api_->send(std::move(request));
        co_return response;
    }
    std::string_view host() const noexcept override { return "in-process"; }

    std::string method{};
    std::string target{}; ///< a part of it
    /// Gets a copy, and says whether to send it first.
    std::function<bool(http_request&)> meanwhile{};
    std::optional<http_request> late{};

private:
    std::shared_ptr<in_process_api> api_;
};

struct scene {
    scene() {
        log::redirect([this](const log::record& r) { errors += r.severity == log::level::error ? 1 : 0; });
        add("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: l4}, spec: "
            "{controllerName: thebsdbox.co.uk/controller}}");
        add("{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam, namespace: default}, data: "
            "{cidr-global: 10.0.0.0/24}}");
        add("{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: web, namespace: "
            "default}, spec: {gatewayClassName: l4, listeners: [{name: a, protocol: TCP, port: 80}]}}");
        add("{apiVersion: v1, kind: Service, metadata: {name: app, namespace: default}, spec: {selector: "
            "{app: "
            "app}, ports: [{name: http, port: 8080, targetPort: 8080}]}}");
    }
    ~scene() {
        thread.reset();
        log::redirect({});
    }

    void add(const std::string& yaml) { api->apply(parse_object(yaml)); }
    void add_route(const std::string& behaviour) {
        add("{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: r, namespace: "
            "default, "
            "labels: {serviceBehaviour: " +
            behaviour +
            "}}, spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: app, port: 8080}]}]}}");
    }

    void start() {
        manager_options m;
        m.name = "gateway-api-controller";
        m.handle_signals = false;
        mgr = std::make_unique<manager>(m, link);
        gateway::options o;
        o.ipam_config = {"default", "ipam"};
        gateway::install<gateway::tcp>(*mgr, o);
        thread = std::make_unique<testing::manager_thread>(*mgr);
        settle();
    }
    template <class F>
    auto on_loop(F f) {
        auto work = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
        auto result = work->get_future();
        mgr->post([work] { (*work)(); });
        return result.get();
    }
    void settle() {
        std::uint64_t before = 0;
        std::uint64_t now = on_loop([this] { return api->version(); });
        while (before != now) {
            before = now;
            on_loop([this] { return api->send_bookmarks(), 0; });
            const settled_report report = mgr->wait_settled(std::to_string(before), std::chrono::seconds(60));
            REQUIRE(report.settled);
            CHECK(report.failing.empty());
            now = on_loop([this] { return api->version(); });
        }
    }
    /// For the report of a test that fails.
    std::string history() {
        return on_loop([this] {
            std::string all;
            for (const gwctl::testing::write_record& w : api->writes())
                all += fmt::format("{} {}/{} {} by {}\n", w.verb, w.resource, w.subresource, w.name,
                                   w.user_agent);
            return all;
        });
    }
    template <class T>
    T get(const std::string& name) {
        return on_loop([this, name] {
            return mgr->cache<T>().get(object_key("default", name)) == nullptr
                       ? T()
                       : *mgr->cache<T>().get(object_key("default", name));
        });
    }
    std::size_t deleted(const std::string& resource) {
        return on_loop([this, resource] {
            const auto& all = api->writes();
            return std::count_if(all.begin(), all.end(), [&](const gwctl::testing::write_record& w) {
                return w.verb == "delete" && w.resource == resource;
            });
        });
    }

    std::atomic<int> errors{0};
    std::shared_ptr<in_process_api> api = std::make_shared<in_process_api>();
    std::shared_ptr<overtaking> link = std::make_shared<overtaking>(api);
    std::unique_ptr<manager> mgr;
    std::unique_ptr<gwctl::testing::manager_thread> thread;
};

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

} // namespace

TEST_CASE("a record of an address that arrives late does not replace a successor's") {
    scene s;
    s.link->method = "PATCH";
    s.link->target = "/gateways/web?";
    s.link->meanwhile = [](http_request& successors) {
        replace_all(successors.body, "10.0.0.1", "10.0.0.9");
        return true;
    };
    s.start();
    REQUIRE(s.link->late.has_value());
    CHECK(s.link->late->body.find("10.0.0.1") != std::string::npos);
    CHECK(s.get<Gateway>("web").metadata.labels.at("ipam-address") == "10.0.0.9");
    CHECK(s.errors == 0); // a conflict is looked at again, and is no error
}

TEST_CASE("a deletion that arrives late spares what somebody changed meanwhile, and is decided anew") {
    scene s;
    s.add_route("duplicate");
    s.start();
    const Service before = s.get<Service>("app-gw-api");
    REQUIRE_FALSE(before.metadata.uid.empty());
    s.link->method = "DELETE";
    s.link->target = "/services/app-gw-api";
    s.link->meanwhile = [&s](http_request&) {
        s.add_route("duplicate"); // wanted again, as a successor sees at once
        s.add("{apiVersion: v1, kind: Service, metadata: {name: app-gw-api, namespace: default, annotations: "
              "{successor: was-here}}}");
        return false;
    };
    s.on_loop([&s] { return s.add_route("merge"), 0; });
    s.settle();
    INFO(s.history());
    REQUIRE(s.link->late.has_value());
    const auto sent = boost::json::parse(s.link->late->body).at("preconditions");
    CHECK(sent.at("uid").as_string() == before.metadata.uid);
    CHECK(sent.at("resourceVersion").as_string() == before.metadata.resourceVersion);
    CHECK(s.get<Service>("app-gw-api").metadata.uid == before.metadata.uid);
    CHECK(s.deleted("services") == 0);
    CHECK(s.errors == 0);
}

TEST_CASE("what nobody wants is deleted after all, when it was only changed") {
    scene s;
    s.add_route("duplicate");
    s.start();
    s.link->method = "DELETE";
    s.link->target = "/services/app-gw-api";
    s.link->meanwhile = [&s](http_request&) {
        s.add("{apiVersion: v1, kind: Service, metadata: {name: app-gw-api, namespace: default, annotations: "
              "{announcer: was-here}}}");
        return false;
    };
    s.on_loop([&s] { return s.add_route("merge"), 0; });
    s.settle();
    INFO(s.history());
    REQUIRE(s.link->late.has_value());
    CHECK(s.get<Service>("app-gw-api").metadata.uid.empty());
    CHECK(s.deleted("services") == 1);
    CHECK(s.errors == 0);
}

TEST_CASE("a Service that is given back late keeps what its user changed meanwhile") {
    scene s;
    s.add_route("update");
    s.start();
    REQUIRE(s.get<Service>("app").spec.type == "LoadBalancer");
    s.link->method = "PATCH";
    s.link->target = "/services/app?";
    s.link->meanwhile = [&s](http_request&) {
        s.add("{apiVersion: v1, kind: Service, metadata: {name: app, namespace: default}, spec: {ports: "
              "[{name: http, port: 8080, targetPort: 8080}, {name: more, port: 9090, targetPort: 9090}], "
              "selector: {app: app}}}");
        return false;
    };
    s.on_loop([&s] { return s.add_route("merge"), 0; });
    s.settle();
    INFO(s.history());
    REQUIRE(s.link->late.has_value());
    const Service after = s.get<Service>("app");
    CHECK(after.spec.type == "ClusterIP");
    const auto& ports = after.spec.ports;
    CHECK(std::count_if(ports.begin(), ports.end(), [](const auto& p) { return p.port == 9090; }) == 1);
    CHECK(s.errors == 0);
}
