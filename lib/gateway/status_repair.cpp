#include "status_repair.hpp"

namespace gwctl::gateway::detail {
namespace {

void clear_times(json::value& v) {
    if (auto* list = v.if_array())
        for (json::value& entry : *list)
            clear_times(entry);
    auto* object = v.if_object();
    if (object == nullptr)
        return;
    object->erase("lastTransitionTime");
    for (auto& member : *object)
        clear_times(member.value());
}

} // namespace

std::string without_times(json::value status) {
    clear_times(status);
    return boost::json::serialize(status);
}

} // namespace gwctl::gateway::detail
