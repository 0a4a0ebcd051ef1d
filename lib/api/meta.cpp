#include <gwctl/api/meta.hpp>

#include <algorithm>
#include <limits>

namespace gwctl {
namespace {

bool holds(const LabelSelectorRequirement& r, const std::map<std::string, std::string>& labels) {
    const auto label = labels.find(r.key);
    const bool exists = label != labels.end();
    const auto listed = [&] {
        return std::find(r.values.begin(), r.values.end(), label->second) != r.values.end();
    };
    if (r.operator_ == "In")
        return exists && listed();
    if (r.operator_ == "NotIn")
        return !exists || !listed();
    if (r.operator_ == "Exists")
        return exists;
    if (r.operator_ == "DoesNotExist")
        return !exists;
    return false;
}

} // namespace

bool matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels) {
    const auto has_label = [&](const auto& wanted) {
        const auto label = labels.find(wanted.first);
        return label != labels.end() && label->second == wanted.second;
    };
    return std::all_of(selector.matchLabels.begin(), selector.matchLabels.end(), has_label) &&
           std::all_of(selector.matchExpressions.begin(), selector.matchExpressions.end(),
                       [&](const LabelSelectorRequirement& r) { return holds(r, labels); });
}

using int_or_string_traits = json::scalar_traits<IntOrString>;

bool int_or_string_traits::from_string(IntOrString& v, std::string_view s) {
    v = IntOrString(std::string(s));
    return true;
}

bool int_or_string_traits::from_integer(IntOrString& v, std::int64_t n) {
    if (n < std::numeric_limits<std::int32_t>::min() || n > std::numeric_limits<std::int32_t>::max())
        return false;
    v = IntOrString(static_cast<std::int32_t>(n));
    return true;
}

void int_or_string_traits::append_json(const IntOrString& v, std::string& out) {
    if (v.is_number())
        out += std::to_string(v.number);
    else
        json::append_quoted(v.name, out);
}

} // namespace gwctl
