#include "missing.hpp"

#include "field_types.hpp"
#include "type_lines.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

// The plurals that Kubernetes has in a group; null for a group that is not of Kubernetes.
const std::vector<std::string_view>* resources_of(std::string_view group) {
    static const auto all = words_of_lines(kubernetes_resources());
    const auto it = all.find(group.empty() ? "core" : group);
    return it == all.end() ? nullptr : &it->second;
}

bool has_group(const cluster& c, std::string_view group) {
    const auto all = c.kinds();
    return std::any_of(all.begin(), all.end(), [&](const kind_ptr& k) { return k->group == group; });
}

// Without details, so that no client takes it for an object that is not there.
status_error not_served(const std::string& what) {
    return no_such_resource().with_message(fmt::format(
        "the embedded API server for tests does not serve {}, which Kubernetes has; "
        "gwctl/testing/api_server.hpp "
        "lists what it serves, and a CustomResourceDefinition of the same names can stand in for the kind",
        what));
}

} // namespace

status_error no_such_resource() {
    return status_error(404, "NotFound", "the server could not find the requested resource")
        .with_empty_details();
}

status_error missing_group(const cluster& c, std::string_view group) {
    return resources_of(group) != nullptr && !has_group(c, group)
               ? not_served(fmt::format("the API group {}", group))
               : no_such_path();
}

status_error missing_resource(const cluster& c, const resource_path& p, bool builtin) {
    const auto all = c.kinds();
    const bool known = std::any_of(all.begin(), all.end(), [&](const kind_ptr& k) {
        return k->group == p.group && k->plural == p.plural;
    });
    if (const auto* names = resources_of(p.group); names != nullptr && !known)
        if (std::find(names->begin(), names->end(), p.plural) != names->end())
            return not_served(resource_name{p.group, p.plural}.text());
    return builtin ? no_such_resource() : no_such_path();
}

} // namespace gwctl::testing::detail
