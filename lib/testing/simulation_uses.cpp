// What can be said of a simulation by its other members.
#include <gwctl/json/yaml.hpp>
#include <gwctl/testing/simulation.hpp>

#include <fmt/format.h>

namespace gwctl::testing {
namespace {

/// "b-2", as processes are named.
bool is_process(std::string_view name) {
    return name.size() > 2 && name[0] >= 'a' && name[0] <= 'z' && name[1] == '-' &&
           name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

} // namespace

void simulation::apply_yaml(std::string_view yaml) {
    for (const json::value& object : json::parse_yaml(yaml, "simulation").value())
        apply(object);
}

std::vector<write_record> simulation::writes_of_controllers() const {
    std::vector<write_record> some;
    for (const write_record& w : writes())
        if (is_process(w.user_agent) && w.resource != "leases" && w.resource != "events")
            some.push_back(w);
    return some;
}

void simulation::restart_to_no_effect() {
    if (!violations().empty())
        return;
    const std::size_t before = writes_of_controllers().size();
    restart();
    calm();
    const auto all = writes_of_controllers();
    for (std::size_t i = before; i < all.size(); ++i)
        violated(fmt::format("{}: a restart had no reason to write: {} {}{}{} {}/{}", all[i].user_agent,
                             all[i].verb, all[i].resource, all[i].subresource.empty() ? "" : "/",
                             all[i].subresource, all[i].namespace_, all[i].name));
}

} // namespace gwctl::testing
