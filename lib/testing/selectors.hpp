// Label and field selectors.
#pragma once

#include "kinds.hpp"

#include <gwctl/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// "app=web,tier in (a,b),!old,x notin (y)": every requirement must hold.
class label_selector {
public:
    label_selector() = default;
    /// Throws `status_error` (400) for what kubectl would not accept either.
    explicit label_selector(std::string_view text);
    /// metav1.LabelSelector: matchLabels and matchExpressions.
    static label_selector from_json(const json::object& selector);

    bool matches(const json::object& labels) const;
    bool empty() const { return requirements_.empty(); }

private:
    enum class op { in, not_in, exists, absent, greater, less };
    struct requirement {
        std::string key;
        op what = op::exists;
        std::vector<std::string> values;
    };
    std::vector<requirement> requirements_;
};

/// "metadata.name=x,status.phase!=Running". Fields that the kind does not offer are refused with 400.
class field_selector {
public:
    field_selector() = default;
    field_selector(std::string_view text, const kind_info& kind);

    bool matches(const json::object& object) const;
    bool empty() const { return terms_.empty(); }

private:
    struct term {
        std::vector<std::string> path;
        std::string value;
        bool equal = true;
    };
    std::vector<term> terms_;
};

} // namespace gwctl::testing::detail
