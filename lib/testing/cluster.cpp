#include "cluster.hpp"

#include "events.hpp"
#include "go_values.hpp"
#include "json_util.hpp"

#include <gwctl/core/time.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {
constexpr std::string_view definitions_key = "customresourcedefinitions.apiextensions.k8s.io";
}

cluster::cluster(cluster_options options) : options_(std::move(options)), storage_(options_.history_limit) {
    if (!options_.now)
        options_.now = [] {
            return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
        };
    for (auto& k : builtin_kinds()) {
        auto kind = std::make_shared<const kind_info>(std::move(k));
        kinds_[kind->key()] = kind;
    }
    storage_.on_change = [this](const change& c) {
        allocator_.observe(c);
        index_change(c);
        if (c.kind == definitions_key)
            observe_definition(c);
        if (on_change)
            on_change(c);
    };
    bootstrap();
}

void cluster::bootstrap() {
    logging_ = false;
    write_request r;
    r.manager = r.user_agent = "kube-apiserver";
    r.version = "v1";
    auto make = [&](const kind_ptr& kind, std::string ns, json::object object) {
        r.kind = kind;
        r.ns = std::move(ns);
        initial_.insert(create(r, std::move(object)).object->uid());
    };
    for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
        json::object object;
        make_object(object, "metadata")["name"] = name;
        make(kinds_.at("namespaces"), "", std::move(object));
    }
    json::object spec;
    spec["ports"] = json::array();
    json::object port;
    port["name"] = "https";
    port["port"] = 443;
    port["targetPort"] = 6443;
    spec["ports"].as_array().push_back(std::move(port));
    spec["clusterIP"] = "10.96.0.1";
    json::object service;
    auto& metadata = make_object(service, "metadata");
    metadata["name"] = "kubernetes";
    make_object(metadata, "labels")["component"] = "apiserver";
    service["spec"] = std::move(spec);
    make(kinds_.at("services"), "default", std::move(service));
    for (auto& crd : gateway_api_definitions())
        make(kinds_.at(std::string(definitions_key)), "", crd.as_object());
    for (const auto& name : options_.not_served) {
        const auto slash = name.find('/');
        const auto version = slash == std::string::npos ? std::string() : name.substr(slash + 1);
        if (!serve(name.substr(0, slash), version, false))
            throw std::invalid_argument(fmt::format("not_served: there is no \"{}\"", name));
    }
    // What came before is nobody's to see, as on a server that was there before its clients.
    storage_.compact();
    logging_ = true;
}

std::vector<kind_ptr> cluster::kinds() const {
    std::vector<kind_ptr> out;
    for (const auto& [key, kind] : kinds_)
        out.push_back(kind);
    return out;
}

kind_ptr cluster::find_served(std::string_view group, std::string_view version,
                              std::string_view plural) const {
    const auto it = kinds_.find(resource_name{group, plural}.text());
    if (it == kinds_.end())
        return nullptr;
    const auto* v = it->second->version(version);
    return v && v->served ? it->second : nullptr;
}

kind_ptr cluster::find_kind(std::string_view group, std::string_view kind) const {
    for (const auto& [key, k] : kinds_)
        if (k->group == group && k->kind == kind)
            return k;
    return nullptr;
}

kind_ptr cluster::kind_of_storage(std::string_view storage_key) const {
    const auto it = kinds_.find(storage_key);
    return it == kinds_.end() ? nullptr : it->second;
}

bool cluster::serve(std::string_view name, std::string_view version, bool served) {
    const auto it = kinds_.find(name);
    if (it == kinds_.end() || (!version.empty() && it->second->version(version) == nullptr))
        return false;
    if (const auto crd = storage_.find(definitions_key, "", name)) {
        auto object = crd->object();
        for (auto& v : object.at("spec").as_object().at("versions").as_array())
            if (version.empty() || string_at(v, {"name"}) == version)
                v.as_object()["served"] = served;
        write_request r;
        r.kind = kinds_.at(std::string(definitions_key));
        r.version = "v1";
        r.name = std::string(name);
        r.manager = r.user_agent = "kube-apiserver";
        update(r, std::move(object));
        return true;
    }
    auto changed = *it->second;
    for (auto& v : changed.versions)
        if (version.empty() || v.name == version)
            v.served = served;
    it->second = std::make_shared<const kind_info>(std::move(changed));
    return true;
}

void cluster::observe_definition(const change& c) {
    const auto& name = c.now->name();
    if (c.type != change_type::deleted) {
        kinds_[name] = std::make_shared<const kind_info>(kind_from_definition(c.now->object()));
        return;
    }
    kinds_.erase(name);
}

void cluster::index_change(const change& c) {
    auto each_owner = [](const json::object& o, auto&& f) {
        for (const auto& ref : array_at(o, {"metadata", "ownerReferences"}))
            f(string_at(ref, {"uid"}));
    };
    const std::pair<std::string, std::string> place{c.kind, c.now->namespace_name() + "/" + c.now->name()};
    if (c.before) {
        each_owner(c.before->object(), [&](const std::string& uid) {
            const auto [first, last] = dependents_.equal_range(uid);
            for (auto it = first; it != last; ++it)
                if (it->second == place) {
                    dependents_.erase(it);
                    break;
                }
        });
    }
    terminating_.erase(place);
    if (c.type == change_type::deleted) {
        uids_.erase(c.now->uid());
        initial_.erase(c.now->uid());
        suspects_.insert(c.now->uid());
    } else {
        uids_.insert(c.now->uid());
        each_owner(c.now->object(), [&](const std::string& uid) { dependents_.emplace(uid, place); });
        for (const auto& ref : array_at(c.now->object(), {"metadata", "ownerReferences"}))
            if (!owner_exists(*c.now, ref))
                suspects_.insert(string_at(ref, {"uid"}));
        if (c.now->terminating())
            terminating_.insert(place);
    }
}

bool cluster::is_initial(const stored& s) const { return initial_.contains(s.uid()); }

std::string cluster::now_text() const { return format_time(options_.now()); }

std::string cluster::new_uid() {
    const auto a = random_(), b = random_();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff,
                       8 + (b & 3), b >> 52, b & 0xffffffffffff);
}

void cluster::log(const write_request& r, const char* verb, const json::object& object,
                  std::uint64_t version) {
    if (!logging_)
        return;
    write_record w;
    w.verb = verb;
    w.group = r.kind->group;
    w.resource = r.kind->plural;
    w.subresource = r.subresource;
    w.namespace_ = string_at(object, {"metadata", "namespace"});
    w.name = string_at(object, {"metadata", "name"});
    w.user_agent = r.user_agent;
    w.field_manager = r.manager;
    w.resource_version = version;
    writes_.push_back(std::move(w));
}

json::object cluster::view(const kind_info& kind, std::string_view version, const stored& s) const {
    if (kind.kind == "Event" && kind.group == "events.k8s.io") {
        json::value event = event_from_core(s.object());
        encode_as_go(event, *kind.version(version)->schema, true);
        return std::move(event.as_object());
    }
    auto out = s.object();
    out["apiVersion"] = kind.api_version(version);
    return out;
}

} // namespace gwctl::testing::detail
