#include "events.hpp"

#include <string_view>

namespace gwctl::testing::detail {

namespace {

struct pair {
    std::string_view core;
    std::string_view event;
};
constexpr pair names[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

json::object renamed(const json::object& in, bool to_core, std::string_view api_version) {
    json::object out;
    for (const auto& m : in) {
        std::string_view key = m.key();
        for (const auto& n : names)
            if (key == (to_core ? n.event : n.core)) {
                key = to_core ? n.core : n.event;
                break;
            }
        out[key] = m.value();
    }
    out["apiVersion"] = api_version;
    return out;
}

} // namespace

json::object event_from_core(const json::object& core) { return renamed(core, false, "events.k8s.io/v1"); }
json::object event_to_core(const json::object& event) { return renamed(event, true, "v1"); }

} // namespace gwctl::testing::detail
