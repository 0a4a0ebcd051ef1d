// What the doctor concludes, check by check.
#include "../../../tools/doctor.hpp"

#include <gwctl/core/time.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tools;
using core_v1::ConfigMap;
using gateway::announcer;

namespace {

const wall_time now{std::chrono::seconds(1'800'000'000)};

json::value parse(std::string_view yaml) { return json::parse_yaml(yaml, "test").value().at(0); }

template <class T>
T object(std::string_view yaml) {
    return json::decode<T>(boost::json::serialize(parse(yaml))).value();
}

gateway::options options_for(announcer a = announcer::kube_vip) {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    o.announced_by = a;
    return o;
}

workload running(std::string kind, std::string name, std::string image) {
    workload w;
    w.kind = std::move(kind);
    w.key = object_key("kube-system", std::move(name));
    w.images.push_back(std::move(image));
    return w;
}

const workload kube_vip = running("DaemonSet", "kube-vip-ds", "ghcr.io/kube-vip/kube-vip:v1.2.0");
const workload metallb = running("DaemonSet", "speaker", "quay.io/metallb/speaker:v0.15.2");
const workload cilium = running("DaemonSet", "cilium", "quay.io/cilium/cilium:v1.20.0@sha256:0000");
const workload servicelb = running("DaemonSet", "svclb-web-1", "rancher/klipper-lb:v0.4.9");
const workload cloud_provider =
    running("Deployment", "kube-vip-cloud-provider", "ghcr.io/kube-vip/kube-vip-cloud-provider:v0.0.12");

ConfigMap pools(std::string_view data, std::string_view name = "ipam", std::string_view ns = "default") {
    return object<ConfigMap>(
        fmt::format("{{metadata: {{name: {}, namespace: {}}}, data: {}}}", name, ns, data));
}

gateway_v1::GatewayClass our_class(std::string_view name = "l4", std::string_view reference = "null") {
    return object<gateway_v1::GatewayClass>(fmt::format(
        "{{metadata: {{name: {}}}, spec: {{controllerName: thebsdbox.co.uk/controller, parametersRef: {}}}}}",
        name, reference));
}

/// A cluster on which everything is well, with kube-vip.
cluster_facts healthy() {
    cluster_facts f;
    f.served.emplace();
    for (const std::string kind : {"gatewayclasses", "gateways", "tcproutes", "udproutes", "referencegrants"})
        (*f.served)[kind + ".gateway.networking.k8s.io"] = {"v1"};
    f.classes = {our_class()};
    f.services.emplace();
    f.workloads = {kube_vip};
    f.nodes = {{"n1", {"10.0.0.250", "n1"}}};
    f.leases.emplace();
    f.pools_read = true;
    f.pools = pools("{range-global: 10.0.0.10-10.0.0.20}");
    return f;
}

std::string shown(const findings& all) {
    std::string text;
    for (const finding& one : all)
        text += (one.is_error ? "error: " : "warning: ") + one.text + "\n";
    return text;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// Gives the class parameters.
void set_parameters(cluster_facts& f, std::string_view data) {
    f.classes = {our_class("l4", "{group: '', kind: ConfigMap, name: l4, namespace: default}")};
    f.parameter_maps = {pools(data, "l4")};
}

} // namespace

TEST_CASE("doctor: a healthy cluster has no findings, and what could not be read is none") {
    CHECK(shown(diagnose(healthy(), options_for(), now)).empty());
    CHECK(shown(diagnose(cluster_facts(), options_for(), now)).empty());
}

TEST_CASE("doctor: kinds that are missing, or served in versions that are not known") {
    cluster_facts f = healthy();
    f.served->erase("tcproutes.gateway.networking.k8s.io");
    (*f.served)["udproutes.gateway.networking.k8s.io"] = {"v1alpha2"};
    (*f.served)["gateways.gateway.networking.k8s.io"] = {"v1alpha2", "v2"};
    CHECK(shown(check_kinds(f)) == "error: kind Gateway is served as v1alpha2, v2, expected one of v1, "
                                   "v1beta1; install the CRDs of another "
                                   "release of the Gateway API\n"
                                   "error: kind TCPRoute is not served; install the CRDs of the Gateway API, "
                                   "release 1.6 or newer from its "
                                   "standard channel\n");
}

TEST_CASE("doctor: permissions are asked for that the flags make necessary, and no others") {
    const auto asks = [](const gateway::options& flags, bool elects_leader, std::string_view resource) {
        std::string verbs;
        for (const permission& p : needed_permissions(flags, elects_leader))
            if (p.resource == resource)
                verbs += (verbs.empty() ? "" : ",") + std::string(p.verb);
        return verbs;
    };
    gateway::options flags = options_for();
    CHECK(asks(flags, true, "leases") == "get,create,patch");
    CHECK(asks(flags, false, "leases").empty());
    CHECK(asks(flags, false, "gateways/status") == "patch");
    CHECK(asks(flags, false, "secrets").empty());
    CHECK(asks(flags, false, "httproutes").empty());
    flags.http = gateway::http_listeners::status;
    CHECK(asks(flags, false, "secrets") == "list,watch");
    CHECK(asks(flags, false, "httproutes") == "list,watch");
    flags.observe_only = true;
    CHECK(asks(flags, false, "services") == "list,watch");
    CHECK(asks(flags, false, "secrets") == "list,watch");
    for (const permission& p : needed_permissions(flags, false))
        CHECK((p.verb == "list" || p.verb == "watch"));
}

TEST_CASE("doctor: the ConfigMap of pools is asked for by its name, those of parameters at last") {
    gateway::options flags = options_for();
    const auto maps = [&] {
        std::string all;
        for (const permission& p : needed_permissions(flags, false))
            if (p.resource == "configmaps")
                all += fmt::format("{} \"{}\";", p.verb, p.name);
        return all;
    };
    CHECK(maps() == "list \"ipam\";watch \"ipam\";list \"\";watch \"\";");
    flags.ipam_config = {};
    CHECK(maps() == "list \"\";watch \"\";");
}

TEST_CASE("doctor: only a class with a parametersRef misses the permission to read parameters") {
    cluster_facts f = healthy();
    f.denied = {{{"", "configmaps", "list"}, ""}, {{"", "configmaps", "watch"}, ""}};
    CHECK(shown(check_permissions(f, options_for())).empty());
    set_parameters(f, "{}");
    CHECK(shown(check_permissions(f, options_for())) ==
          "error: this account may not list, watch configmaps, which the parametersRef of GatewayClass l4 "
          "needs; "
          "apply the roles and bindings of manifests/parameters-rbac.yaml, or use the account that the "
          "controller "
          "runs as\n");
    f.denied = {{{"", "configmaps", "list", false, "ipam"}, "default"}};
    CHECK(shown(check_permissions(f, options_for())) ==
          "error: this account may not list configmaps ipam in namespace default; apply the roles and "
          "bindings of "
          "manifests/install.yaml, or use the account that the controller runs as\n");
}

TEST_CASE("doctor: a namespace that the controller is limited to and that does not exist") {
    cluster_facts f;
    CHECK(check_namespaces(f).empty());
    f.missing_namespaces = {"blue"};
    CHECK(shown(check_namespaces(f)) == "error: namespace blue of the flag -namespace does not exist, so "
                                        "nothing there is served; create it, or "
                                        "correct the flag\n");
}

TEST_CASE("doctor: permissions that this account lacks, one line for each resource") {
    cluster_facts f = healthy();
    f.denied = {{{"", "services", "create"}},
                {{"", "services", "patch"}},
                {{"discovery.k8s.io", "endpointslices", "list"}}};
    CHECK(shown(check_permissions(f, options_for())) ==
          "error: this account may not list endpointslices.discovery.k8s.io; apply the roles and bindings of "
          "manifests/install.yaml, or use the account that the controller runs as\n"
          "error: this account may not create, patch services; apply the roles and bindings of "
          "manifests/install.yaml, or use the account that the controller runs as\n");
    gateway::options limited = options_for();
    limited.namespaces = {"blue", "red"};
    f.denied = {{{"", "services", "create"}, "red"}, {{"", "services", "patch"}, "red"}};
    CHECK(shown(check_permissions(f, limited)) ==
          "error: this account may not create, patch services in namespace red; apply the roles and bindings "
          "of "
          "manifests/namespaced.yaml, or use the account that the controller runs as\n");
}

TEST_CASE("doctor: what could not be read is told in one line, and nothing is concluded from it") {
    cluster_facts f = healthy();
    CHECK(describe_unchecked(f).empty());
    f.unreadable["addresses of nodes in pools"] = {"nodes"};
    f.unreadable["announcers and other controllers"] = {"daemonsets.apps", "deployments.apps"};
    CHECK(describe_unchecked(f) ==
          "not checked, because this account may not read what is in brackets: addresses of nodes in pools "
          "(nodes), announcers and other controllers (daemonsets.apps, deployments.apps); run doctor as "
          "somebody "
          "who may to have all checked");
    // Parameters that were not read may say anything, also another announcer.
    set_parameters(f, "{announcer: none}");
    f.workloads.emplace();
    CHECK(shown(check_announcers(f, options_for())).empty());
    f.parameter_maps.reset();
    CHECK(shown(check_announcers(f, options_for())).empty());
    f.parameter_maps.emplace();
    CHECK(contains(shown(check_announcers(f, options_for())), "the announcer is kube-vip"));
}

TEST_CASE("doctor: classes that are missing or refused") {
    cluster_facts f = healthy();
    f.classes->at(0).status.conditions = {object<Condition>(
        "{type: Accepted, status: 'False', reason: InvalidParameters, message: 'spec.parametersRef: no'}")};
    CHECK(shown(check_classes(f, options_for())) ==
          "error: GatewayClass l4: InvalidParameters: spec.parametersRef: no\n");
    f.classes->at(0).spec.controllerName = "example.com/other";
    CHECK(contains(shown(check_classes(f, options_for())),
                   "warning: no GatewayClass has spec.controllerName thebsdbox.co.uk/controller"));
}

TEST_CASE("doctor: several controllers at work") {
    cluster_facts f = healthy();
    const auto lease = [&](std::string_view ns, std::chrono::seconds age, std::string_view holder = "x") {
        return object<coordination_v1::Lease>(fmt::format(
            "{{metadata: {{name: gateway-api.fnnrn.me, namespace: {}}}, spec: {{holderIdentity: '{}', "
            "leaseDurationSeconds: 15, renewTime: '{}'}}}}",
            ns, holder, format_time(now - age)));
    };
    f.leases = {lease("a", std::chrono::seconds(3)), lease("b", std::chrono::seconds(60)),
                lease("c", std::chrono::seconds(1), "")};
    CHECK(check_controllers(f, options_for(), now).empty()); // of b no one says that it is held still
    f.leases->push_back(lease("d", std::chrono::seconds(15)));
    CHECK(contains(shown(check_controllers(f, options_for(), now)),
                   "error: the Leases a/gateway-api.fnnrn.me and d/gateway-api.fnnrn.me are all held"));
    f.leases->clear();

    workload one = running("Deployment", "one", "gateway-api-controller:0.1.0");
    workload two = running("Deployment", "two", "registry:5000/x/gateway-api-controller@sha256:0");
    two.arguments = {"-gateway-class-name=example.com/other"};
    f.workloads = {kube_vip, one, two};
    CHECK(check_controllers(f, options_for(), now).empty());
    f.workloads->at(2).arguments = {"--gateway-class-name", "thebsdbox.co.uk/controller"};
    CHECK(contains(shown(check_controllers(f, options_for(), now)),
                   "Deployment kube-system/one and Deployment kube-system/two all serve classes of"));
    one.replicas = 2;
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{}, {"-leader-elect=false"}, {"--zap-devel", "--leader-elect=false"}}) {
        one.arguments = args;
        f.workloads = {one};
        CHECK(
            contains(shown(check_controllers(f, options_for(), now)), "2 replicas without leader election"));
    }
    for (const std::vector<std::string>& args : {std::vector<std::string>{"-leader-elect"},
                                                 {"--leader-elect=true"},
                                                 {"-leader-elect", "-zap-devel"}}) {
        f.workloads->at(0).arguments = args;
        CHECK(check_controllers(f, options_for(), now).empty());
    }
}

TEST_CASE("doctor: mistakes in pools, and addresses of nodes in them") {
    cluster_facts f = healthy();
    f.pools = pools("{range-global: 10.0.0.1-10.0.0.255, cidr-x: banana, anything: x}");
    const std::string text = shown(check_pools(f, options_for()));
    INFO(text);
    CHECK(contains(text, "error: ConfigMap default/ipam: cidr-x:"));
    CHECK(contains(text, "warning: ConfigMap default/ipam: anything: unknown key"));
    CHECK(contains(text,
                   "error: ConfigMap default/ipam: range-global contains 10.0.0.250, the address of Node n1; "
                   "leave it out with exclude-global: 10.0.0.250\n"));
    f.pools = pools("{range-global: 10.0.0.1-10.0.0.255, exclude-global: 10.0.0.250}");
    CHECK(shown(check_pools(f, options_for())).empty());
    f.pools.reset();
    CHECK(contains(shown(check_pools(f, options_for())), "error: ConfigMap default/ipam does not exist"));
    f.pools_read = false;
    CHECK(check_pools(f, options_for()).empty());
    f = healthy();
    set_parameters(f, "{pools: 'global, edge'}");
    CHECK(contains(shown(check_pools(f, options_for())), "GatewayClass l4: its parameter pools names edge"));
}

TEST_CASE("doctor: the announcer that is configured is there") {
    cluster_facts f = healthy();
    f.workloads->clear();
    CHECK(contains(shown(check_announcers(f, options_for())),
                   "warning: the announcer is kube-vip, and nothing of it was found running"));
    CHECK(check_announcers(f, options_for(announcer::none)).empty());
    CHECK(check_announcers(f, options_for(announcer::servicelb)).empty());
    f.workloads = {running("Pod", "kube-vip-node-1", "ghcr.io/kube-vip/kube-vip:v1.2.0")}; // a static pod
    CHECK(check_announcers(f, options_for()).empty());
    f.workloads = {cloud_provider};
    CHECK_FALSE(check_announcers(f, options_for()).empty());
    f.workloads = {metallb};
    CHECK(check_announcers(f, options_for(announcer::metallb)).empty());
    f.workloads = {cilium};
    CHECK_FALSE(check_announcers(f, options_for(announcer::cilium)).empty()); // asleep without a pool
    f.cilium_pools = {{"p", {"10.0.0.0/24"}, false}};
    CHECK(check_announcers(f, options_for(announcer::cilium)).empty());

    f.workloads = {metallb};
    set_parameters(f, "{announcer: metallb}");
    CHECK(check_announcers(f, options_for()).empty()); // what the class says counts
}

TEST_CASE("doctor: two announcers that act on the same Services") {
    cluster_facts f = healthy();
    for (const workload& other : {metallb, servicelb}) {
        f.workloads = {kube_vip, other};
        const std::string text = shown(check_announcers(f, options_for()));
        INFO(text);
        CHECK(contains(text, "warning: kube-vip (DaemonSet kube-system/kube-vip-ds) and "));
        CHECK(contains(text, "may all act on a Service that has no loadBalancerClass"));
    }
    f.workloads = {kube_vip, cilium};
    CHECK(check_announcers(f, options_for()).empty()); // Cilium as a network, without pools
    f.workloads = {kube_vip, metallb};
    set_parameters(f, "{loadBalancerClass: kube-vip.io/kube-vip-class}");
    CHECK(check_announcers(f, options_for()).empty());
}

TEST_CASE("doctor: a Service whose status has two writers") {
    cluster_facts f = healthy();
    f.services = {read_service(parse(R"(
kind: Service
metadata:
  name: web
  namespace: default
  managedFields:
  - {manager: kube-vip, subresource: status, fieldsV1: {f:status: {f:loadBalancer: {f:ingress: {}}}}}
  - {manager: k3s, subresource: status, fieldsV1: {f:status: {f:loadBalancer: {f:ingress: {}}}}}
  - {manager: cilium-operator, subresource: status, fieldsV1: {f:status: {f:conditions: {}}}}
  - {manager: gateway-api-controller, fieldsV1: {f:spec: {f:type: {}}}}
spec: {type: LoadBalancer}
)"))};
    CHECK(shown(check_status_writers(f)) == "error: Service default/web: status.loadBalancer is written by "
                                            "k3s and kube-vip, so its address may come and "
                                            "go; let one announcer serve it, by a loadBalancerClass\n");
    f.services->at(0).writers.pop_back();
    CHECK(check_status_writers(f).empty());
}

TEST_CASE("doctor: pools that MetalLB or Cilium do not have") {
    cluster_facts f = healthy();
    const auto of = [&](std::vector<std::string> ranges, bool gives_by_itself = false) {
        f.metallb_pools = {{"p", std::move(ranges), gives_by_itself}};
        f.cilium_pools = f.metallb_pools;
        const std::string text = shown(check_announcer_pools(f, options_for(announcer::metallb)));
        std::string by_cilium = shown(check_announcer_pools(f, options_for(announcer::cilium)));
        CHECK(text.empty() == by_cilium.empty());
        return text;
    };
    CHECK(of({"10.0.0.0/24"}).empty());
    CHECK(of({"10.0.0.10-10.0.0.14", "10.0.0.15-10.0.0.20"}).empty()); // together they have all
    CHECK(of({"10.0.0.10", "10.0.0.11-10.0.0.30"}).empty());
    CHECK(of({"10.0.0.10-10.0.0.19"}) == "error: ConfigMap default/ipam: range-global has 10.0.0.20, which "
                                         "lies in no IPAddressPool, so MetalLB will "
                                         "not announce it; add it to one\n");
    CHECK(contains(of({"10.0.0.11-10.0.0.20"}), "range-global has 10.0.0.10,"));
    CHECK(contains(of({"10.0.0.10-10.0.0.12", "10.0.0.14-10.0.0.20"}), "range-global has 10.0.0.13,"));
    CHECK(contains(of({}), "range-global has 10.0.0.10,"));
    CHECK(contains(
        of({"10.0.0.0/24"}, true),
        "IPAddressPool p has 10.0.0.10 of range-global, and gives it to Services that ask for none too"));
    CHECK(check_announcer_pools(f, options_for()).empty()); // kube-vip needs none
    // Only the pools that Gateways of the class draw from.
    f.pools = pools("{range-global: 10.0.0.10-10.0.0.20, range-edge: 10.1.0.1-10.1.0.9}");
    set_parameters(f, "{announcer: metallb, pools: edge}");
    f.metallb_pools = {{"p", {"10.1.0.0/24"}, false}};
    CHECK(check_announcer_pools(f, options_for()).empty());
    f.metallb_pools.reset();
    CHECK(check_announcer_pools(f, options_for(announcer::metallb)).empty()); // not known
}

TEST_CASE("doctor: kube-vip-cloud-provider beside us") {
    cluster_facts f = healthy();
    f.workloads->push_back(cloud_provider);
    CHECK(check_cloud_provider(f, options_for()).empty());
    f.cloud_provider_pools = pools("{range-global: 10.0.0.20-10.0.0.30}", "kubevip", "kube-system");
    CHECK(
        shown(check_cloud_provider(f, options_for())) ==
        "error: Deployment kube-system/kube-vip-cloud-provider gives out 10.0.0.20 of pool range-global too "
        "(ConfigMap kube-system/kubevip), and does not know which Gateways have what; give each pools of its "
        "own\n");
    f.cloud_provider_pools = pools("{cidr-team: 10.0.0.32/30}", "kubevip", "kube-system");
    CHECK(check_cloud_provider(f, options_for()).empty());
    CHECK(contains(shown(check_cloud_provider(f, options_for(announcer::metallb))),
                   "gives addresses to the Services of GatewayClass l4 too"));
    set_parameters(f, "{announcer: metallb, loadBalancerClass: example.com/metallb}");
    CHECK(check_cloud_provider(f, options_for()).empty());
    f.workloads->pop_back();
    CHECK(check_cloud_provider(f, options_for(announcer::metallb)).empty());
}

TEST_CASE("doctor: what the API server's JSON says, and nonsense in it") {
    const workload w = read_workload(parse(R"(
kind: Deployment
metadata: {name: c, namespace: team}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - {image: a/b:1, args: [-x, why]}
      - {image: c, command: [/z]}
)"));
    CHECK((w.kind == "Deployment" && w.key == object_key("team", "c") && w.replicas == 3));
    CHECK(w.images == std::vector<std::string>{"a/b:1", "c"});
    CHECK(w.arguments == std::vector<std::string>{"-x", "why", "/z"});
    CHECK(read_workload(parse("{kind: Pod, spec: {containers: [{image: i}]}}")).images ==
          std::vector<std::string>{"i"});
    CHECK(read_node(
              parse("{metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}}"))
              .addresses == std::vector<std::string>{"10.0.0.1"});
    const announcer_pool m = read_metallb_pool(parse(
        "{metadata: {name: p}, spec: {autoAssign: false, addresses: [10.0.0.0/24, 10.1.0.1-10.1.0.9]}}"));
    CHECK((m.name == "p" && !m.gives_by_itself &&
           m.ranges == std::vector<std::string>{"10.0.0.0/24", "10.1.0.1-10.1.0.9"}));
    CHECK(read_metallb_pool(parse("{spec: {}}")).gives_by_itself);
    CHECK(read_cilium_pool(parse("{spec: {blocks: [{cidr: 10.0.0.0/24}, {start: 10.1.0.1, stop: 10.1.0.9}, "
                                 "{start: 10.2.0.1}]}}"))
              .ranges == std::vector<std::string>{"10.0.0.0/24", "10.1.0.1-10.1.0.9", "10.2.0.1"});
    CHECK(read_cilium_pool(parse("{spec: {disabled: true, blocks: [{cidr: 10.0.0.0/24}]}}")).ranges.empty());
    for (const std::string_view nonsense :
         {"{}", "5", "[]", "{metadata: 5, spec: [], status: x}",
          "{spec: {blocks: [5], addresses: {}, template: 1}}",
          "{metadata: {managedFields: [5, {fieldsV1: 3}, {fieldsV1: {f:status: []}}]}}"}) {
        const json::value v = parse(nonsense);
        CHECK(read_workload(v).images.empty());
        CHECK(read_service(v).writers.empty());
        CHECK(read_node(v).addresses.empty());
        CHECK(read_metallb_pool(v).ranges.empty());
        CHECK(read_cilium_pool(v).name.empty());
    }
    CHECK(image_name("example.com:5000/team/gateway-api-controller:0.1.0@sha256:0") ==
          "gateway-api-controller");
    CHECK(image_name("nginx") == "nginx");
    CHECK(image_name("").empty());
}
