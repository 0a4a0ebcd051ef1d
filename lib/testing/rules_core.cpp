// Rules of Events, and of Deployments and ReplicaSets.
#include "json_util.hpp"
#include "names.hpp"
#include "rules.hpp"
#include "selectors.hpp"

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t longest_event_word = 128, longest_event_note = 1024;

bool is_zero(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v == nullptr || v->is_null() || *v == json::value("") || *v == json::value(0);
}

// What stands for a field of an event that is not there.
json::value zero(std::string_view key) {
    const bool text = key == "reason" || key == "message" || key == "type" || key == "action" ||
                      key == "reportingComponent" || key == "reportingInstance";
    return text ? json::value("") : key == "count" ? json::value(0) : json::value();
}

void unset(const json::object& event, const char* key, field_errors& errors) {
    if (!is_zero(event, key))
        errors.push_back(invalid_value(key, "", "needs to be unset"));
}

void check_series(const json::object& event, field_errors& errors) {
    const auto* series = event.if_contains("series");
    if (series == nullptr || !series->is_object())
        return;
    if (int_at(series->get_object(), {"count"}, 0) < 2)
        errors.push_back(invalid_value("series.count", "", "should be at least 2"));
    if (is_zero(series->get_object(), "lastObservedTime"))
        errors.push_back(required("series.lastObservedTime"));
}

// Both APIs ask for this.
void check_any_event(const json::object& event, const std::string& controller_field, field_errors& errors) {
    const auto ns = string_at(event, {"metadata", "namespace"});
    const auto about = string_at(event, {"involvedObject", "namespace"});
    const auto mismatch = [&] {
        errors.push_back(
            invalid_value("involvedObject.namespace", json::value(about), "does not match event.namespace"));
    };
    if (is_zero(event, "eventTime")) {
        if (about.empty() ? !ns.empty() && ns != "default" : about != ns)
            mismatch();
        return;
    }
    if (about.empty() && ns != "default" && ns != "kube-system")
        mismatch();
    const auto controller = string_at(event, {"reportingComponent"});
    if (controller.empty())
        errors.push_back(required(controller_field));
    for (const auto& p : check_qualified_name(controller))
        errors.push_back(invalid_value(controller_field, json::value(controller), p));
    for (const char* key : {"reportingInstance", "action", "reason"}) {
        if (string_at(event, {key}).empty())
            errors.push_back(required(key));
        if (string_at(event, {key}).size() > longest_event_word)
            errors.push_back(
                invalid_value(key, "", fmt::format("can have at most {} characters", longest_event_word)));
    }
    if (string_at(event, {"message"}).size() > longest_event_note)
        errors.push_back(
            invalid_value("message", "", fmt::format("can have at most {} characters", longest_event_note)));
}

} // namespace

void check_event(const kind_info& kind, const json::object& event, const json::object* before,
                 field_errors& errors) {
    check_any_event(event, kind.group.empty() ? "reportingComponent" : "reportingController", errors);
    if (kind.group.empty())
        return;
    if (before == nullptr) {
        check_series(event, errors);
        if (is_zero(event, "eventTime"))
            errors.push_back(required("eventTime"));
        const auto type = string_at(event, {"type"});
        if (type != "Normal" && type != "Warning")
            errors.push_back(invalid_value("type", "", "has invalid value: " + type));
        for (const char* key : {"firstTimestamp", "lastTimestamp", "count"})
            unset(event, key, errors);
        if (!object_at(event, {"source"}).empty())
            errors.push_back(invalid_value("source", "", "needs to be unset"));
        return;
    }
    const auto *now = event.if_contains("series"), *was = before->if_contains("series");
    if ((now == nullptr) != (was == nullptr) || (now && *now != *was))
        check_series(event, errors);
    for (const auto& [key, field] :
         {std::pair("involvedObject", "involvedObject"), std::pair("reason", "reason"),
          std::pair("message", "message"), std::pair("source", "source"),
          std::pair("firstTimestamp", "firstTimestamp"), std::pair("lastTimestamp", "lastTimestamp"),
          std::pair("count", "count"), std::pair("type", "type"), std::pair("eventTime", "eventTime"),
          std::pair("action", "action"), std::pair("related", "related"),
          std::pair("reportingComponent", "reportingController"),
          std::pair("reportingInstance", "reportingInstance")}) {
        const auto *a = event.if_contains(key), *b = before->if_contains(key);
        if (is_zero(event, key) ? !is_zero(*before, key) : b == nullptr || *a != *b)
            errors.push_back(invalid_value(field, a ? *a : zero(key), "field is immutable"));
    }
}

void check_workload(const json::object& object, const json::object* before, field_errors& errors) {
    const auto& spec = object_at(object, {"spec"});
    if (const auto n = int_at(spec, {"replicas"}, 0); n < 0)
        errors.push_back(
            invalid_value("spec.replicas", json::value(n), "must be greater than or equal to 0"));
    const auto& labels = object_at(spec, {"template", "metadata", "labels"});
    const auto* selector = find(spec, {"selector"});
    const auto* by = selector ? selector->if_object() : nullptr;
    if (by == nullptr)
        errors.push_back(required("spec.selector"));
    else if (by->empty())
        errors.push_back(
            invalid_value("spec.selector", *selector, "empty selector is invalid for deployment"));
    // No selector selects nothing.
    if (by == nullptr || !label_selector::from_json(*by).matches(labels))
        errors.push_back(invalid_value("spec.template.metadata.labels",
                                       labels.empty() ? json::value() : json::value(labels),
                                       "`selector` does not match template `labels`"));
    const auto& containers = array_at(spec, {"template", "spec", "containers"});
    const std::string at = "spec.template.spec.containers";
    if (containers.empty())
        errors.push_back(required(at));
    for (std::size_t i = 0; i < containers.size(); ++i) {
        const auto here = fmt::format("{}[{}]", at, i);
        const auto name = string_at(containers[i], {"name"});
        if (name.empty())
            errors.push_back(required(here + ".name"));
        else
            for (const auto& p : check_dns_label(name))
                errors.push_back(invalid_value(here + ".name", json::value(name), p));
        if (string_at(containers[i], {"image"}).empty())
            errors.push_back(required(here + ".image"));
    }
    if (before == nullptr)
        return;
    const auto* was = find(*before, {"spec", "selector"});
    if (was && (selector == nullptr || *selector != *was))
        errors.push_back(
            invalid_value("spec.selector", selector ? *selector : json::value(), "field is immutable"));
}

} // namespace gwctl::testing::detail
