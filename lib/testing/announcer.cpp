#include "json_util.hpp"
#include "names.hpp"
#include "stand_ins.hpp"

namespace gwctl::testing::detail {

namespace {

constexpr const char* agent = "kube-vip";
constexpr const char* annotation = "kube-vip.io/loadbalancerIPs";
constexpr const char* others_annotations[] = {"metallb.io/loadBalancerIPs", "lbipam.cilium.io/ips"};
constexpr const char* our_class = "kube-vip.io/kube-vip-class";

/// What a Service asks another announcer than kube-vip for.
std::string asked_of_others(const json::object& service) {
    std::string text;
    for (const char* key : others_annotations)
        if (text.empty())
            text = string_at(service, {"metadata", "annotations", key});
    return text;
}

std::vector<std::string> wanted_addresses(const json::object& service,
                                          const std::vector<std::string>& node_addresses) {
    std::vector<std::string> out;
    auto text = string_at(service, {"metadata", "annotations", annotation});
    if (text.empty())
        text = asked_of_others(service);
    if (text.empty())
        text = string_at(service, {"spec", "loadBalancerIP"});
    if (text.empty())
        return node_addresses;
    std::string at;
    for (char c : text + ",") {
        if (c == ',') {
            // 0.0.0.0 asks for DHCP, which nobody answers here.
            if (ip_family(at) != 0 && at != "0.0.0.0")
                out.push_back(at);
            at.clear();
        } else if (c != ' ') {
            at += c;
        }
    }
    return out;
}

class announcer : public stand_in {
public:
    explicit announcer(std::vector<std::string> node_addresses)
        : node_addresses_(std::move(node_addresses)) {}

    void observe(const change& c) override {
        if (c.kind == "services" && c.type != change_type::deleted)
            todo_.emplace(c.now->namespace_name(), c.now->name());
    }
    bool idle() const override { return todo_.empty(); }
    void run(cluster& c) override {
        for (const auto& [ns, name] : std::exchange(todo_, {}))
            announce(c, ns, name);
    }

private:
    void announce(cluster& c, const std::string& ns, const std::string& name) const {
        const auto s = c.objects().find("services", ns, name);
        if (!s || s->terminating())
            return;
        const auto lb_class = string_at(s->object(), {"spec", "loadBalancerClass"});
        if (!lb_class.empty() && lb_class != our_class && asked_of_others(s->object()).empty())
            return;
        auto status = object_at(s->object(), {"status"});
        json::object load_balancer;
        if (string_at(s->object(), {"spec", "type"}) == "LoadBalancer") {
            json::array ports;
            for (const auto& p : array_at(s->object(), {"spec", "ports"})) {
                json::object port;
                port["port"] = p.at("port");
                port["protocol"] = p.at("protocol");
                ports.push_back(std::move(port));
            }
            for (const auto& ip : wanted_addresses(s->object(), node_addresses_)) {
                json::object ingress;
                ingress["ip"] = ip;
                ingress["ipMode"] = "VIP";
                ingress["ports"] = ports;
                make_array(load_balancer, "ingress").push_back(std::move(ingress));
            }
        }
        if (object_at(status, {"loadBalancer"}) == load_balancer)
            return;
        status["loadBalancer"] = std::move(load_balancer);
        auto r = stand_in_request(c, "", "Service", ns, name, agent);
        r.subresource = "status";
        auto object = s->object();
        object["status"] = std::move(status);
        c.update(r, std::move(object));
    }

    std::vector<std::string> node_addresses_;
    std::set<std::pair<std::string, std::string>> todo_;
};

} // namespace

std::unique_ptr<stand_in> make_announcer(std::vector<std::string> node_addresses) {
    return std::make_unique<announcer>(std::move(node_addresses));
}

write_request stand_in_request(const cluster& c, std::string_view group, std::string_view kind,
                               std::string_view ns, std::string_view name, std::string_view agent_name) {
    write_request r;
    r.kind = c.find_kind(group, kind);
    r.version = r.kind->storage_version;
    r.ns = ns;
    r.name = name;
    r.user_agent = r.manager = agent_name;
    return r;
}

} // namespace gwctl::testing::detail
