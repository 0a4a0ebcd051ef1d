#include <gwctl/gateway/plan.hpp>

#include <algorithm>

namespace gwctl::gateway {

bool covers(const json::value& live, const json::value& wanted) {
    const auto is_empty = [](const json::value& v) {
        return v.is_null() || (v.is_array() && v.get_array().empty()) ||
               (v.is_object() && v.get_object().empty());
    };
    if (is_empty(wanted))
        return is_empty(live); // API servers write empty lists as null, or not at all
    if (const auto* w = wanted.if_object()) {
        const auto* l = live.if_object();
        return l != nullptr && std::all_of(w->begin(), w->end(), [&](const auto& member) {
                   const auto* value = l->if_contains(member.key());
                   return covers(value == nullptr ? json::value() : *value, member.value());
               });
    }
    if (const auto* w = wanted.if_array()) {
        const auto* l = live.if_array();
        return l != nullptr &&
               std::equal(w->begin(), w->end(), l->begin(), l->end(),
                          [](const auto& mine, const auto& theirs) { return covers(theirs, mine); });
    }
    return live == wanted;
}

} // namespace gwctl::gateway
