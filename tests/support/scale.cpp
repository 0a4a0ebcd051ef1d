#include <gwctl/json/yaml.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <future>
#include <support/scale.hpp>

namespace gwctl::tests {
namespace {

constexpr std::size_t gateways_per_namespace = 10;

std::string namespace_of(std::size_t gateway) {
    return fmt::format("team-{}", gateway / gateways_per_namespace);
}

json::value parse(const std::string& yaml) { return json::parse_yaml(yaml, "scale").value().at(0); }

json::value gateway_object(std::size_t g, std::size_t listeners) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < listeners; ++i)
        all.push_back(fmt::format("{{name: l{}, protocol: TCP, port: {}}}", i, 1000 + i));
    return parse(
        fmt::format("{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g{}, "
                    "namespace: {}}}, spec: {{gatewayClassName: l4, listeners: [{}]}}}}",
                    g, namespace_of(g), fmt::join(all, ", ")));
}

json::value route_object(std::size_t g, std::size_t r, std::size_t listener, int port) {
    return parse(
        fmt::format("{{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {{name: r{0}-{1}, "
                    "namespace: {2}}}, spec: {{parentRefs: [{{name: g{0}, sectionName: l{4}}}], "
                    "rules: [{{backendRefs: [{{name: b{0}-{1}, port: {3}}}]}}]}}}}",
                    g, r, namespace_of(g), port, listener));
}

json::value service_object(std::size_t g, std::size_t r, bool whole = true) {
    return parse(
        fmt::format("{{apiVersion: v1, kind: Service, metadata: {{name: b{}-{}, namespace: {}}}, spec: "
                    "{{selector: {{app: b}}, ports: [{}{{name: b, port: 81, targetPort: 8081}}]}}}}",
                    g, r, namespace_of(g), whole ? "{name: a, port: 80, targetPort: 8080}, " : ""));
}

json::value slice_object(std::size_t g, std::size_t r, std::size_t endpoints) {
    std::vector<std::string> all;
    for (std::size_t e = 0; e < endpoints; ++e)
        all.push_back(fmt::format("{{addresses: [10.{}.{}.{}], conditions: {{ready: true}}}}", g % 250,
                                  r % 250, e + 1));
    return parse(fmt::format(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: b{0}-{1}-x, "
        "namespace: {2}, labels: {{kubernetes.io/service-name: b{0}-{1}}}}}, addressType: IPv4, "
        "ports: [{{name: a, port: 8080, protocol: TCP}}, {{name: b, port: 8081, protocol: TCP}}], "
        "endpoints: [{3}]}}",
        g, r, namespace_of(g), fmt::join(all, ", ")));
}

json::value namespace_object(const std::string& name, int label) {
    return parse(fmt::format(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {}, labels: {{n: v{}}}}}}}", name, label));
}

} // namespace

scaled_cluster::scaled_cluster(cluster_size size) : size_(size) {
    log::configure({.minimum = log::level::error});
    api_->apply(parse("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: l4}, "
                      "spec: {controllerName: thebsdbox.co.uk/controller}}"));
    api_->apply(parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam, namespace: default}, "
                      "data: {cidr-global: 198.18.0.0/15}}"));
    for (std::size_t g = 0; g < size.gateways; ++g) {
        if (g % gateways_per_namespace == 0)
            api_->apply(namespace_object(namespace_of(g), 0));
        api_->apply(gateway_object(g, size.one_listener ? 1 : size.routes));
        for (std::size_t r = 0; r < size.routes; ++r) {
            api_->apply(service_object(g, r));
            api_->apply(slice_object(g, r, size.endpoints));
            api_->apply(route_object(g, r, size.one_listener ? 0 : r, 80));
        }
    }
    seen_writes_ = api_->writes().size();
}

scaled_cluster::~scaled_cluster() {
    if (thread_)
        thread_->stop();
}

template <class F>
auto scaled_cluster::on_loop(F f) {
    auto work = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
    auto result = work->get_future();
    manager_->post([work] { (*work)(); });
    return result.get();
}

void scaled_cluster::start() {
    api_->begins = [this] { pauses(); };
    api_->ends = [this] { resumes(); };

    manager_options m;
    m.name = "gateway-api-controller";
    m.handle_signals = false;
    manager_ = std::make_unique<manager>(m, api_);
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    gateway::install<gateway::tcp, gateway::udp>(*manager_, o);
    manager_->post([this] { begins(); });
    thread_ = std::make_unique<testing::manager_thread>(*manager_);
    settle();
    on_loop([this] { return ends(), 0; });
}

void scaled_cluster::settle() {
    std::uint64_t before = 0;
    std::uint64_t now = on_loop([this] { return api_->version(); });
    do {
        before = now;
        on_loop([this] { return api_->send_bookmarks(), 0; });
        const settled_report report =
            manager_->wait_settled(std::to_string(before), std::chrono::minutes(30));
        if (!report.settled || !report.failing.empty())
            throw api_error(errc::timeout,
                            fmt::format("the controller does not settle: {}; {} keys fail",
                                        fmt::join(report.waiting_for, "; "), report.failing.size()));
        reconciles_ = report.reconciles;
        now = on_loop([this] { return api_->version(); });
    } while (now != before);
}

const std::vector<std::string>& scaled_cluster::changes() {
    static const std::vector<std::string> all{"endpoint", "route", "listener", "service", "namespace"};
    return all;
}

json::value scaled_cluster::changed(const std::string& change) {
    const std::size_t g = size_.gateways - 1;
    const int times = ++made_[change];
    const bool odd = times % 2 == 1;
    if (change == "endpoint")
        return slice_object(g, 0, size_.endpoints - (odd ? 1 : 0));
    if (change == "route")
        return route_object(g, 0, 0, odd ? 81 : 80);
    if (change == "listener")
        return gateway_object(g, size_.routes + (odd ? 1 : 0));
    if (change == "service")
        return service_object(g, 1, !odd);
    return namespace_object(namespace_of(g), times);
}

void scaled_cluster::drain(std::function<void()> then, std::uint64_t requests, int quiet_turns) {
    constexpr int longest_step = 64;
    if (api_->requests() != requests)
        quiet_turns = 0;
    if (quiet_turns == longest_step)
        return then();
    manager_->post([this, then = std::move(then), now = api_->requests(), quiet_turns] {
        drain(then, now, quiet_turns + 1);
    });
}

void scaled_cluster::make(const std::string& change) {
    const json::value object = changed(change);
    std::promise<void> done;
    manager_->post([&] {
        begins();
        api_->apply(object);
        drain(
            [&] {
                ends();
                done.set_value();
            },
            api_->requests(), 0);
    });
    done.get_future().wait();
    const std::uint64_t drained = on_loop([this] { return api_->version(); });
    settle();
    if (on_loop([this] { return api_->version(); }) != drained)
        throw api_error(errc::internal_error, change + ": there was work left when all seemed done");
}

std::map<std::string, std::size_t> scaled_cluster::take_writes() {
    return on_loop([this] {
        std::map<std::string, std::size_t> counts;
        const auto& all = api_->writes();
        for (; seen_writes_ < all.size(); ++seen_writes_) {
            const testing::write_record& w = all[seen_writes_];
            if (w.user_agent == "controller" && w.resource != "events")
                ++counts[w.verb + " " + w.resource + (w.subresource.empty() ? "" : "/" + w.subresource)];
        }
        return counts;
    });
}

} // namespace gwctl::tests
