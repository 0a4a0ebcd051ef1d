#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/service.hpp>

#include <algorithm>
#include <set>
#include <support/catch.hpp>

using namespace gwctl::gateway;

namespace {

bool is_dns_1035(std::string_view name) {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_inner = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= 63 && is_lower(name.front()) && name.back() != '-' &&
           std::all_of(name.begin(), name.end(), is_inner);
}

/// A DNS subdomain of `length` characters: labels of 63 with dots between.
std::string long_name(std::size_t length, char last) {
    std::string name(length, 'a');
    for (std::size_t i = 63; i < length - 1; i += 64)
        name[i] = '.';
    name.back() = last;
    return name;
}

} // namespace

TEST_CASE("names: a Gateway's Service is GATEWAY-CLASS where that is a Service name") {
    CHECK(gateway_service_name("web", "l4") == "web-l4");
    CHECK(gateway_service_name("a", "b-c") == "a-b-c");
}

TEST_CASE("names: whatever a Gateway is called, its Service has a DNS-1035 name of its own") {
    std::set<std::string> seen;
    for (const std::string& gateway :
         {std::string("web"), std::string("a.b"), std::string("a-b"), std::string("1web"),
          std::string("gw-1web"), std::string("1.web"), std::string("9"), std::string(63, 'x'),
          std::string(60, 'x') + ".y", long_name(64, 'x'), long_name(253, 'x'), long_name(253, 'y'),
          std::string(52, 'x') + "-y", std::string(51, 'x') + "--y", std::string(51, '1') + ".y"})
        for (const std::string& its_class : {std::string("l4"), std::string("l.4"), long_name(253, 'z')}) {
            const std::string name = gateway_service_name(gateway, its_class);
            INFO(gateway << " of class " << its_class << ": " << name);
            CHECK(is_dns_1035(name));
            CHECK(seen.insert(name).second);
            CHECK(name == gateway_service_name(gateway, its_class));
        }
}

TEST_CASE("names: shortened texts stay apart and within the limit") {
    for (const std::size_t limit : {20U, 56U, 63U}) {
        const std::string a = shortened(std::string(300, 'a') + "1", limit);
        const std::string b = shortened(std::string(300, 'a') + "2", limit);
        CHECK(a.size() <= limit);
        CHECK(a != b);
        CHECK(shortened(std::string(limit, 'a'), limit) == std::string(limit, 'a'));
        CHECK(shortened(std::string(limit + 300, '-'), limit).size() <= limit);
    }
}

TEST_CASE("names: a port name says protocol and number") {
    CHECK(port_name("TCP", 80) == "tcp-80");
    CHECK(port_name("UDP", 65535) == "udp-65535");
}

TEST_CASE("names: what we own is named after the controller's domain") {
    const names n("example.com/gateway");
    CHECK(n.cleanup_finalizer() == "example.com/cleanup");
    for (const std::string& name :
         {n.gateway(), n.applied(), n.address(), n.original(), n.cleanup_finalizer()})
        CHECK(std::count(name.begin(), name.end(), '/') == 1); // apimachinery IsQualifiedName allows one
}

TEST_CASE("names: keys with a meaning are reserved, those that only describe are not") {
    const names n("example.com/gateway");
    for (const std::string_view key :
         {"ipam-address", "implementation", "gateway-api-controller", "parent-tcp-route", "parent-udp-route",
          "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by", "service.kubernetes.io/x",
          "gateway.networking.k8s.io/gateway-name", "kube-vip.io/loadbalancerIPs", "metallb.io/address-pool",
          "metallb.universe.tf/address-pool", "lbipam.cilium.io/ips", "loxilb.io/staticIP",
          "example.com/original"}) {
        INFO(key);
        CHECK(is_reserved_key(key, n));
    }
    for (const std::string_view key : {"app", "app.kubernetes.io/name", "team.example.org/owner",
                                       "notkubernetes.io/x", "key", "notexample.com/x"}) {
        INFO(key);
        CHECK_FALSE(is_reserved_key(key, n));
    }
}
