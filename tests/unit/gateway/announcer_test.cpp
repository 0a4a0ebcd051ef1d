// What each announcer is asked for, row by row, and what becomes of a Gateway when the announcer is another
// one.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view two_tcp =
    "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]";

world announced_by(announcer a) {
    options o = world::with_pools();
    o.announced_by = a;
    return world(std::move(o));
}

/// A Gateway whose Services are its own and two that behaviours `create` and `duplicate` make, one of them in
/// another namespace.
void add_three_services(world& w) {
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}, "
                     "{name: c, protocol: TCP, port: 82, allowedRoutes: {namespaces: {from: All}}}]");
    w.backend("app", "[{port: 8080}]");
    w.backend("team/app", "[{port: 8080}]");
    w.route("TCPRoute", "copy", "[{name: web, sectionName: b}]", "[{name: app, port: 8080}]",
            "{serviceBehaviour: duplicate}");
    w.route("TCPRoute", "team/copy", "[{name: web, namespace: default, sectionName: c}]",
            "[{name: app, port: 8080}]", "{serviceBehaviour: duplicate}");
}

/// The annotations of an announcer's, ours left out.
std::map<std::string, std::string> announcer_keys(const Service& s) {
    std::map<std::string, std::string> keys;
    for (const auto& [key, value] : s.metadata.annotations)
        for (const announcer_profile& p : announcer_profiles())
            for (const std::string_view domain : p.domains)
                if (!domain.empty() && key.find(std::string(domain) + "/") != std::string::npos)
                    keys[key] = value;
    return keys;
}

using keys = std::map<std::string, std::string>;

std::string message(const world& w, std::string_view gateway, std::string_view type) {
    const Condition* c = find_condition(w.get<Gateway>(gateway)->status.conditions, type);
    return c == nullptr ? std::string() : c->message;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("announcer: names are found, and nothing else") {
    std::string all;
    for (const announcer_profile& p : announcer_profiles()) {
        CHECK(parse_announcer(p.name) == p.id);
        CHECK(profile_of(p.id).name == p.name);
        CHECK_FALSE(p.title.empty());
        CHECK_FALSE(p.check.empty());
        all += (all.empty() ? "" : ", ") + std::string(p.name);
    }
    CHECK(all == announcer_names);
    for (const std::string_view wrong : {"", "kube_vip", "MetalLB", "loxilb"})
        CHECK(parse_announcer(wrong) == std::nullopt);
}

TEST_CASE("announcer: what a Gateway's only Service asks for") {
    struct row {
        announcer by;
        std::string spec_address;
        keys annotations;
    };
    for (const row& r : {
             row{announcer::kube_vip,
                 "10.0.0.1",
                 {{"kube-vip.io/loadbalancerIPs", "10.0.0.1"},
                  {"kube-vip.io/allow-reconcile-without-endpoints", "true"}}},
             row{announcer::metallb,
                 "",
                 {{"metallb.io/loadBalancerIPs", "10.0.0.1"}, {"metallb.io/allow-shared-ip", "default.web"}}},
             row{announcer::cilium,
                 "",
                 {{"lbipam.cilium.io/ips", "10.0.0.1"}, {"lbipam.cilium.io/sharing-key", "default.web"}}},
             row{announcer::servicelb, "", {}},
             row{announcer::none, "10.0.0.1", {}},
         }) {
        world w = announced_by(r.by);
        w.gateway("web", one_tcp);
        w.settle();
        INFO(profile_of(r.by).name);
        const Service& s = *w.get<Service>("web-l4");
        CHECK(s.spec.type == "LoadBalancer");
        CHECK(s.spec.loadBalancerIP == r.spec_address);
        CHECK(announcer_keys(s) == r.annotations);
        CHECK(s.spec.loadBalancerClass.empty());
        CHECK(s.spec.externalTrafficPolicy == "Cluster");
        CHECK(s.spec.allocateLoadBalancerNodePorts == false);
        CHECK(s.metadata.labels.at("implementation") == "thebsdbox");
        CHECK(w.programmed("web") == "True/Programmed");
    }
}

TEST_CASE("announcer: what several Services of one address say to share it") {
    struct row {
        announcer by;
        keys own;   // of the Gateway's own Service
        keys other; // of the one in another namespace
    };
    for (const row& r : {
             row{announcer::kube_vip,
                 {{"kube-vip.io/leaseName", "default/gateway-web"}},
                 {{"kube-vip.io/leaseName", "default/gateway-web"}}},
             row{announcer::metallb,
                 {{"metallb.io/allow-shared-ip", "default.web"}},
                 {{"metallb.io/allow-shared-ip", "default.web"}}},
             row{announcer::cilium,
                 {{"lbipam.cilium.io/sharing-key", "default.web"},
                  {"lbipam.cilium.io/sharing-cross-namespace", "team"}},
                 {{"lbipam.cilium.io/sharing-key", "default.web"},
                  {"lbipam.cilium.io/sharing-cross-namespace", "default"}}},
             row{announcer::none, {}, {}},
         }) {
        world w = announced_by(r.by);
        add_three_services(w);
        w.settle();
        INFO(profile_of(r.by).name);
        const auto without_request = [](keys all) {
            std::erase_if(all, [](const auto& entry) {
                return entry.second == "10.0.0.1" ||
                       entry.first.find("without-endpoints") != std::string::npos;
            });
            return all;
        };
        CHECK(without_request(announcer_keys(*w.get<Service>("web-l4"))) == r.own);
        CHECK(without_request(announcer_keys(*w.get<Service>("team/app-gw-api"))) == r.other);
        // Alone again, it says so no more.
        w.remove<gateway_v1::TCPRoute>("copy");
        w.remove<gateway_v1::TCPRoute>("team/copy");
        w.settle();
        CHECK_FALSE(w.get<Service>("web-l4")->metadata.annotations.contains("kube-vip.io/leaseName"));
        CHECK_FALSE(w.get<Service>("web-l4")->metadata.annotations.contains(
            "lbipam.cilium.io/sharing-cross-namespace"));
    }
}

TEST_CASE("announcer: another one takes the former one's keys away") {
    for (const announcer_profile& before : announcer_profiles())
        for (const announcer_profile& after : announcer_profiles()) {
            world w = announced_by(before.id);
            add_three_services(w);
            w.backend("mine", "[{port: 8080}]");
            w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}, "
                             "{name: c, protocol: TCP, port: 82, allowedRoutes: {namespaces: {from: All}}}, "
                             "{name: d, protocol: TCP, port: 83}]");
            w.route("TCPRoute", "loan", "[{name: web, sectionName: d}]", "[{name: mine, port: 8080}]",
                    "{serviceBehaviour: update}");
            w.settle();
            w.opts.announced_by = after.id;
            w.settle();
            INFO(before.name << " to " << after.name);
            world fresh = announced_by(after.id);
            fresh.gateway("web", one_tcp);
            fresh.settle();
            for (const std::string_view name : {"web-l4", "app-gw-api", "team/app-gw-api", "mine"}) {
                const Service& s = *w.get<Service>(name);
                INFO(name);
                for (const auto& [key, value] : announcer_keys(s)) {
                    INFO(key);
                    CHECK(std::any_of(after.domains.begin(), after.domains.end(), [&, &k = key](auto domain) {
                        return !domain.empty() && k.find(std::string(domain) + "/") != k.npos;
                    }));
                }
                CHECK(s.spec.loadBalancerIP == fresh.get<Service>("web-l4")->spec.loadBalancerIP);
            }
            CHECK(w.addresses("web") == fresh.addresses("web"));
            // What was borrowed is as it was.
            w.remove<gateway_v1::TCPRoute>("loan");
            w.settle();
            CHECK(announcer_keys(*w.get<Service>("mine")).empty());
            CHECK(w.get<Service>("mine")->spec.type == "ClusterIP");
        }
}

TEST_CASE("announcer: a Gateway that waits says which address waits for whom, and what to look at") {
    struct row {
        announcer by;
        std::string_view title;
        std::string_view check;
    };
    for (const row& r : {row{announcer::kube_vip, "kube-vip", "DaemonSet"},
                         row{announcer::metallb, "MetalLB", "IPAddressPool"},
                         row{announcer::cilium, "Cilium", "CiliumLoadBalancerIPPool"}}) {
        world w = announced_by(r.by);
        w.announcer_runs = false;
        w.gateway("web", one_tcp);
        w.settle();
        CHECK(w.programmed("web") == "False/Pending");
        const std::string m = message(w, "web", "Programmed");
        INFO(m);
        CHECK(contains(m, "Service default/web-l4"));
        CHECK(contains(m, "10.0.0.1"));
        CHECK(contains(m, r.title));
        CHECK(contains(m, r.check));
    }
}

TEST_CASE("announcer none: a Gateway is programmed when its Service is written") {
    world w = announced_by(announcer::none);
    w.gateway("web", one_tcp);
    w.reconcile_gateway(key("web"));
    CHECK(w.programmed("web") == "False/Pending"); // the Service was not there yet
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.1"});
    CHECK(contains(message(w, "web", "Programmed"), "not checked"));

    SECTION("without an address it is not") {
        w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: 10.0.0.1-10.0.0.1}}");
        w.gateway("second", one_tcp);
        w.settle();
        CHECK(w.programmed("second") == "False/AddressNotAssigned");
    }
    SECTION("without pools someone has to give it one") {
        options o = world::without_pools();
        o.announced_by = announcer::none;
        world bare(o);
        bare.gateway("web", one_tcp);
        bare.settle();
        CHECK(bare.programmed("web") == "False/AddressNotAssigned");
    }
}

TEST_CASE("announcer servicelb: the Gateway publishes what the Service was given, and holds nothing") {
    world w = announced_by(announcer::servicelb);
    w.gateway("web", one_tcp);
    w.announcer_runs = false;
    w.settle();
    CHECK(w.programmed("web") == "False/AddressNotAssigned");
    CHECK(contains(message(w, "web", "Programmed"), "svclb"));
    w.announcer_runs = true;
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.addresses("web") == std::vector<std::string>{"172.16.0.1", "172.16.0.2"});
    const Gateway& g = *w.get<Gateway>("web");
    CHECK(g.spec.addresses.empty());
    CHECK_FALSE(g.metadata.labels.contains("ipam-address"));

    // Several Gateways may be on the same nodes.
    w.gateway("second", two_tcp);
    w.settle();
    CHECK(w.programmed("second") == "True/Programmed");
}

TEST_CASE("announcer servicelb: an address that the user names cannot be had") {
    world w = announced_by(announcer::servicelb);
    w.gateway("web", one_tcp, "addresses: [{value: 10.0.0.5}]");
    w.settle();
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.programmed("web") == "False/AddressNotUsable");
    CHECK(contains(message(w, "web", "Programmed"), "spec.addresses[0].value"));
    CHECK(w.get<Service>("web-l4") == nullptr);
    w.gateway("web", one_tcp, "addresses: [{}]");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("announcer servicelb: what another announcer was asked for is given back") {
    world w;
    w.gateway("web", one_tcp, "addresses: [{type: IPAddress}]");
    w.settle();
    REQUIRE(w.get<Gateway>("web")->spec.addresses.at(0).value == "10.0.0.1");
    w.opts.announced_by = announcer::servicelb;
    w.settle();
    const Gateway& g = *w.get<Gateway>("web");
    CHECK(g.spec.addresses.empty());
    CHECK_FALSE(g.metadata.labels.contains("ipam-address"));
    CHECK(w.addresses("web") == std::vector<std::string>{"172.16.0.1", "172.16.0.2"});
    w.opts.announced_by = announcer::kube_vip;
    w.gateway("other", one_tcp);
    w.reconcile_gateway(key("other"));
    w.settle();
    CHECK(w.addresses("other") == std::vector<std::string>{"10.0.0.1"}); // free since
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("announcer metallb: one address of each family, the second is refused") {
    world w = announced_by(announcer::metallb);
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: '10.0.0.1-10.0.0.9, "
          "fd00::1-fd00::9'}}");
    w.gateway("web", one_tcp, "addresses: [{value: 10.0.0.2}, {value: 'fd00::2'}]");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.2", "fd00::2"});
    w.gateway("web", one_tcp, "addresses: [{value: 10.0.0.2}, {value: 10.0.0.3}]");
    w.settle();
    CHECK(w.programmed("web") == "False/AddressNotUsable");
    CHECK(contains(message(w, "web", "Programmed"), "10.0.0.3 is the second"));
    CHECK(w.get<Service>("web-l4")->metadata.annotations.at("metallb.io/loadBalancerIPs") == "10.0.0.2");

    w.opts.announced_by = announcer::cilium; // which has no such limit
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("announcer: keys of every announcer are reserved, whichever is used") {
    const names n("example.com/gateway");
    for (const announcer_profile& p : announcer_profiles()) {
        for (const std::string_view domain : p.domains)
            if (!domain.empty()) {
                CHECK(is_reserved_key(std::string(domain) + "/x", n));
                CHECK(is_reserved_key("sub." + std::string(domain) + "/x", n));
                CHECK_FALSE(is_reserved_key("not" + std::string(domain) + "/x", n));
            }
        for (const std::string_view key :
             {p.addresses_key, p.sharing_key, p.sharing_namespaces_key, p.lease_key, p.without_endpoints_key})
            CHECK((key.empty() || is_reserved_key(key, n)));
    }
    // Former spellings, and those of announcers without a profile.
    for (const std::string_view key : {"metallb.universe.tf/loadBalancerIPs", "io.cilium/lb-ipam-ips",
                                       "loxilb.io/staticIP", "svccontroller.k3s.cattle.io/lbpool"})
        CHECK(is_reserved_key(key, n));
}

TEST_CASE("announcer: what other Services ask any announcer for is not handed out") {
    world w;
    int at = 0;
    for (const std::string_view key :
         {"kube-vip.io/loadbalancerIPs", "metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs",
          "lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips"}) {
        ++at;
        w.add(fmt::format("{{kind: Service, metadata: {{name: s{0}, annotations: {{{1}: 10.0.0.{0}}}}}, "
                          "spec: {{type: LoadBalancer, ports: [{{port: 80}}]}}}}",
                          at, key));
    }
    w.announcer_runs = false;
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == std::vector<std::string>{fmt::format("10.0.0.{}", at + 1)});
}
