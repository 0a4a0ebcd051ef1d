// A cluster that does not change while it is looked at.
#pragma once

#include <gwctl/gateway/snapshot.hpp>

#include <map>

namespace gwctl::gateway::detail {

/// Asks `now` each question once and remembers what it said, so that work that pauses gets one answer to one
/// question, whatever changes meanwhile. What changes wakes the Gateway again. For one piece of work, since it only grows.
class one_answer final : public cluster_view {
public:
    /// `now` must outlive it.
    explicit one_answer(const cluster_view& now) : now_(now) {}

    std::shared_ptr<const core_v1::Service> service(const object_key& key) const override {
        return ask(services_, key, [&] { return now_.service(key); });
    }
    std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>
    slices(const object_key& service) const override {
        return ask(slices_, service, [&] { return now_.slices(service); });
    }
    std::shared_ptr<const core_v1::Namespace> namespace_(const std::string& name) const override {
        return ask(namespaces_, name, [&] { return now_.namespace_(name); });
    }
    std::vector<std::shared_ptr<const ReferenceGrant>> grants(const std::string& namespace_) const override {
        return ask(grants_, namespace_, [&] { return now_.grants(namespace_); });
    }
    std::shared_ptr<const Gateway> gateway(const object_key& key) const override {
        return ask(gateways_, key, [&] { return now_.gateway(key); });
    }
    std::shared_ptr<const ListenerSet> listener_set(const object_key& key) const override {
        return ask(sets_, key, [&] { return now_.listener_set(key); });
    }
    std::optional<std::string> certificate_problem(const object_key& secret) const override {
        return ask(certificates_, secret, [&] { return now_.certificate_problem(secret); });
    }
    bool is_ours(const object_key& gateway) const override {
        return ask(ours_, gateway, [&] { return now_.is_ours(gateway); });
    }
    bool is_granted(const std::string& address) const override {
        return ask(granted_, address, [&] { return now_.is_granted(address); });
    }
    std::string served_version(const resource_type& type) const override {
        return ask(versions_, std::string(type.qualified_name()), [&] { return now_.served_version(type); });
    }
    bool reads(const std::string& namespace_) const override { return now_.reads(namespace_); } // a flag
    std::string labels_unknown() const override {
        return ask(labels_unknown_, 0, [&] { return now_.labels_unknown(); });
    }

private:
    template <class Key, class Answer, class Ask>
    static Answer ask(std::map<Key, Answer>& known, const Key& key, Ask again) {
        const auto found = known.find(key);
        return found != known.end() ? found->second : known.emplace(key, again()).first->second;
    }

    const cluster_view& now_;
    mutable std::map<object_key, std::shared_ptr<const core_v1::Service>> services_;
    mutable std::map<object_key, std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>> slices_;
    mutable std::map<std::string, std::shared_ptr<const core_v1::Namespace>> namespaces_;
    mutable std::map<std::string, std::vector<std::shared_ptr<const ReferenceGrant>>> grants_;
    mutable std::map<object_key, std::shared_ptr<const Gateway>> gateways_;
    mutable std::map<object_key, std::shared_ptr<const ListenerSet>> sets_;
    mutable std::map<object_key, std::optional<std::string>> certificates_;
    mutable std::map<object_key, bool> ours_;
    mutable std::map<std::string, bool> granted_;
    mutable std::map<std::string, std::string> versions_;
    mutable std::map<int, std::string> labels_unknown_;
};

} // namespace gwctl::gateway::detail
