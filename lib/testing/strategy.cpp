#include "strategy.hpp"

#include "json_util.hpp"
#include "services.hpp"

namespace gwctl::testing::detail {

namespace {

// Writes of `to[key]` undone.
void restore(json::object& to, const json::object& from, std::string_view key) {
    if (const auto* v = from.if_contains(key))
        to[key] = *v;
    else
        to.erase(key);
}

bool same(const json::object& a, const json::object& b, path p) {
    const auto *x = find(a, p), *y = find(b, p);
    return x == nullptr || y == nullptr ? x == y : same_value(*x, *y);
}

bool same_content(const json::object& a, const json::object& b) {
    json::object x = a, y = b;
    x.erase("metadata");
    y.erase("metadata");
    return same_value(x, y);
}

bool is_empty(const json::value& v) {
    return v.is_null() || (v.is_array() && v.get_array().empty()) ||
           (v.is_object() && v.get_object().empty());
}

// No list is as good as an empty one.
bool same_slice(const json::object& a, const json::object& b) {
    json::object x = a, y = b;
    for (auto* o : {&x, &y})
        for (const char* key : {"endpoints", "ports"})
            if (const auto* v = o->if_contains(key); v && is_empty(*v))
                o->erase(key);
    return same_content(x, y);
}

// Is this a change that readers of status.observedGeneration are to react to?
bool is_new_generation(const kind_info& kind, const json::object& object, const json::object& before) {
    if (kind.kind == "EndpointSlice")
        return !same_slice(object, before) || !same(object, before, {"metadata", "labels"});
    if (kind.kind == "Deployment")
        return !same(object, before, {"spec"}) || !same(object, before, {"metadata", "annotations"});
    if (kind.custom)
        return !same_content(object, before);
    return !same(object, before, {"spec"});
}

} // namespace

field_set reset_fields(const kind_info& kind, std::string_view subresource) {
    field_set out;
    if (subresource == "status") {
        out.insert({"f:spec"});
        if (kind.custom || kind.kind == "CustomResourceDefinition")
            out.insert({"f:metadata"});
        if (kind.kind == "Deployment")
            out.insert({"f:metadata", "f:labels"});
        if (kind.kind == "Pod")
            for (const char* key : {"f:deletionTimestamp", "f:ownerReferences"})
                out.insert({"f:metadata", key});
    } else if (kind.has_status) {
        out.insert({"f:status"});
    }
    return out;
}

void prepare_new(const kind_info& kind, json::object& object) {
    if (kind.has_status && kind.kind != "Node") {
        object.erase("status");
        // Built-in kinds have it, empty.
        if (!kind.custom)
            object["status"] = json::object();
    }
    if (kind.has_generation)
        make_object(object, "metadata")["generation"] = 1;
    if (kind.kind == "Service" && kind.group.empty())
        make_object(object["status"].as_object(), "loadBalancer");
    if (kind.kind == "Pod")
        object["status"].as_object()["phase"] = "Pending";
    if (kind.kind == "Namespace") {
        object["status"].as_object()["phase"] = "Active";
        auto& finalizers = make_array(make_object(object, "spec"), "finalizers");
        bool known = false;
        for (const auto& f : finalizers)
            known = known || f == json::value("kubernetes");
        if (!known)
            finalizers.push_back("kubernetes");
    }
}

void prepare_changed(const kind_info& kind, std::string_view subresource, json::object& object,
                     const json::object& before) {
    // Asked for anew each time, since references do not outlive changes of the object around them.
    const auto metadata = [&object]() -> json::object& { return make_object(object, "metadata"); };
    const auto& old_metadata = object_at(before, {"metadata"});
    restore(metadata(), old_metadata, "generation");
    if (subresource == "status") {
        if (kind.custom) {
            json::object kept = before;
            restore(make_object(kept, "metadata"), metadata(), "managedFields");
            restore(kept, object, "status");
            object = std::move(kept);
            return;
        }
        restore(object, before, "spec");
        if (kind.kind == "Deployment")
            restore(metadata(), old_metadata, "labels");
        return;
    }
    if (kind.has_status)
        restore(object, before, "status");
    if (kind.kind == "Service" && kind.group.empty())
        drop_stale_service_fields(object, before);
    if (kind.kind == "Namespace" && subresource.empty())
        restore(make_object(object, "spec"), object_at(before, {"spec"}), "finalizers");
    if (kind.has_generation && is_new_generation(kind, object, before))
        metadata()["generation"] = int_at(old_metadata, {"generation"}, 0) + 1;
}

} // namespace gwctl::testing::detail
