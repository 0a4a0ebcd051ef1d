#include "repairs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway::detail {

bool repairs::rests(const std::string& id) {
    const auto rest = c_.repair_rests.rest_of(id, ctx_.time.now());
    if (rest)
        rest_ = std::min(rest_.value_or(*rest), *rest);
    return rest.has_value();
}

task<void> repairs::look_at(object_key gateway, desired_state& desired) {
    if (writes_.observes())
        co_return;
    for (const drift& d : c_.changes.find_drift(gateway, desired.objects)) {
        if (rests(gwctl::describe(d.type, d.key))) {
            leave_alone(d, desired);
            continue;
        }
        if (d.fields.empty()) {
            // What is gone with its owner was not taken from us: we hear of the owner in our own time.
            const bool is_taken = co_await is_owner_there(d);
            if (!is_taken)
                continue;
        }
        co_await describe(d);
    }
    c_.changes.begin_writes(gateway, desired.objects);
}

void repairs::leave_alone(const drift& d, desired_state& desired) {
    if (d.type == core_v1::Service::type)
        left_alone_[d.key] = fmt::format(
            "Service {}: {}, so it is left as it is for up to a minute; end what does that, "
            "which the Events DriftRepaired of the Gateway name",
            to_string(d.key),
            d.fields.empty() ? "it is deleted again each time it is made"
                             : list_paths(d.fields) + " is changed again each time it is put back");
    else
        std::erase_if(desired.slices, [&](const auto& slice) { return key_of(slice) == d.key; });
    for (applied_object& o : desired.objects)
        if (o.type == d.type && o.key == d.key)
            o.is_written = false;
}

void repairs::objects_written(const Gateway& gateway, const std::vector<applied_object>& objects) {
    tell(gateway);
    if (!writes_.observes())
        c_.changes.settled(key_of(gateway), objects);
}

task<bool> repairs::is_owner_there(drift d) {
    if (const auto known = owners_.find(d.owner.uid); known != owners_.end())
        co_return known->second;
    const resource_type* type = &Gateway::type;
    for (const auto& source : c_.routes)
        if (source->kind().type.kind == d.owner.kind)
            type = &source->kind().type;
    object_key key(d.key.namespace_, d.owner.name);
    const json::value owner = co_await fetch(ctx_, *type, c_.served_version(*type), std::move(key));
    const bool is_there = owner.is_object() && owner.at("metadata").at("uid") == json::value(d.owner.uid);
    owners_[d.owner.uid] = is_there;
    co_return is_there;
}

task<void> repairs::describe(drift d) {
    constexpr std::size_t most = 10; // asked about, so that many changes are put back as soon as few
    std::string changer;
    if (!d.fields.empty() && found_.size() < most) {
        const json::value object = co_await fetch(ctx_, d.type, std::string(d.type.version), d.key);
        changer = find_changer(object, d, ctx_.api.options().field_manager);
    }
    repair& r = found_.emplace_back();
    r.type = d.type;
    r.id = gwctl::describe(d.type, d.key);
    r.message = describe_drift(d, changer);
}

void repairs::tell(const Gateway& gateway) {
    for (const repair& r : found_) {
        const auto rest = c_.repair_rests.repaired(r.id, ctx_.time.now());
        const std::string message = r.message + describe_rest(rest, c_.opts);
        ctx_.log.warn(message);
        ctx_.event(gateway, event_type::warning, "DriftRepaired", message);
        c_.changes.count_repair(r.type);
    }
    found_.clear();
}

} // namespace gwctl::gateway::detail
