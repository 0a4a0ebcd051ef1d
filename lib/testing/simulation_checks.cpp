#include "simulation_checks.hpp"

#include "../runtime/resource_version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace gwctl::testing::detail {

namespace {

/// How long a run waits for its own writes: `own_writes` in lib/runtime.
constexpr std::chrono::seconds patience(10);

} // namespace

void run_checks::began(const std::string& controller, const resource_type& type, const object_key& key,
                       const ObjectMeta* shown) {
    const run r{controller, key};
    if (!running_.emplace(r, type).second)
        violated_(
            fmt::format("{}: {} reconciles {} twice at once", process_, controller, describe(type, key)));
    const auto own = own_.find(r);
    if (shown != nullptr && own != own_.end() && time_.now() - own->second.at < patience &&
        !at_least(shown->resourceVersion, own->second.version))
        violated_(fmt::format(
            "{}: {} reconciles {} at resourceVersion {}, before its store shows its own write {}", process_,
            controller, describe(type, key), shown->resourceVersion, own->second.version));
    shown_object& last = shown_[r];
    last.type = type;
    last.exists = shown != nullptr;
    last.generation = shown != nullptr ? shown->generation.value_or(0) : 0;
}

void run_checks::ended(const std::string& controller, const object_key& key) {
    running_.erase({controller, key});
}

void run_checks::learnt(const write_record& w) {
    for (const auto& [r, type] : running_)
        if (type.group == w.group && type.plural == w.resource &&
            r.second == object_key(w.namespace_, w.name)) {
            if (w.verb == "delete")
                own_.erase(r);
            else
                own_[r] = {std::to_string(w.resource_version), time_.now()};
        }
}

void run_checks::all_was_shown(
    const std::function<std::map<object_key, ObjectMeta>(const resource_type&)>& objects) const {
    for (const auto& [r, last] : shown_) {
        const auto all = objects(last.type);
        const auto now = all.find(r.second);
        const std::string what = describe(last.type, r.second);
        if (now == all.end()) {
            if (last.exists)
                violated_(fmt::format("{}: {} was not run after {} was deleted", process_, r.first, what));
        } else if (now->second.generation.value_or(last.generation) != last.generation) {
            violated_(fmt::format("{}: {} was last run for {} at generation {}, which is {} now", process_,
                                  r.first, what, last.generation, *now->second.generation));
        }
    }
}

void writer_checks::sent(const process& by, steady_time now, const std::string& what) {
    if (by.renew_deadline.count() == 0)
        return;
    if (now > by.may_write_until)
        violated_(
            fmt::format("{}: {} leaves {} after its Lease may be another's", by.name, what,
                        std::chrono::duration_cast<std::chrono::milliseconds>(now - by.may_write_until)));
    // Who has a Lease and has not written yet may only be waiting to lead: see `lease_fsm`.
    for (const auto& [other, until] : until_)
        if (other != by.name && (other == writer_ || former_.contains(other)) && now < until)
            violated_(fmt::format("{}: {} leaves while {} may write by its Lease for another {}", by.name,
                                  what, other,
                                  std::chrono::duration_cast<std::chrono::milliseconds>(until - now)));
    if (former_.contains(by.name))
        violated_(fmt::format("{}: {} leaves after {} has begun to write", by.name, what, writer_));
    if (writer_ != by.name && !writer_.empty())
        former_.insert(writer_);
    writer_ = by.name;
}

} // namespace gwctl::testing::detail
