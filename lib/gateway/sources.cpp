#include "sources.hpp"

#include <gwctl/gateway/status.hpp>

#include <fmt/format.h>

namespace gwctl::gateway::detail {

using gwctl::detail::object_table;

std::string describe_wait(const std::string& who, const unknown_source& source) {
    const std::string why = source.reason.empty() ? std::string(to_string(source.state)) : source.reason;
    if (source.state == store_state::denied)
        return fmt::format(
            "{}: it stays as it is, since the API server does not let this controller read {}: {}; allow "
            "it to list and watch them",
            who, source.name, why);
    return fmt::format(
        "{}: it stays as it is, since {} cannot be read now: {}; wait until the API server answers, or "
        "see to what keeps it from that",
        who, source.name, why);
}

void reading::note(const object_table& table, std::size_t part) {
    const store_state state = table.state_of(part);
    if (unknown_ || state == store_state::synced || state == store_state::not_served)
        return;
    const std::string& namespace_ = table.namespace_of(part);
    unknown_.emplace();
    unknown_->name = table.type().qualified_name();
    if (!namespace_.empty())
        unknown_->name += " of namespace " + namespace_;
    unknown_->state = state;
    unknown_->reason = table.reason_of(part);
}

void reading::all(const object_table& table) {
    for (std::size_t part = 0; part < table.parts(); ++part)
        note(table, part);
}

void reading::all_permitted(const object_table& table) {
    for (std::size_t part = 0; part < table.parts(); ++part)
        if (table.namespace_of(part).empty() || table.state_of(part) != store_state::denied)
            note(table, part);
}

void reading::of(const object_table& table, std::string_view namespace_) {
    for (std::size_t part = 0; part < table.parts(); ++part)
        if (table.namespace_of(part).empty() || table.namespace_of(part) == namespace_)
            note(table, part);
}

void say_waiting(std::vector<Condition>& conditions, std::int64_t generation, const std::string& reason,
                 const std::string& message, wall_time now) {
    const Condition* said = find_condition(conditions, condition_programmed);
    const bool is_programmed = said != nullptr && said->status == "True";
    const std::int64_t seen = said == nullptr ? generation : said->observedGeneration.value_or(0);
    const std::string kept = is_programmed ? said->reason : reason;
    condition_writer writer(std::move(conditions), seen, now);
    writer.set(condition_programmed, is_programmed, kept, message);
    conditions = std::move(writer).take();
}

} // namespace gwctl::gateway::detail
