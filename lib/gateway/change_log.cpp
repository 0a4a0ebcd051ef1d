#include "change_log.hpp"

#include <gwctl/client/client.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

std::string id_of(const applied_object& o) { return gwctl::describe(o.type, o.key); }

const json::value* member_of(const json::value* v, std::string_view key) {
    const auto* object = v == nullptr ? nullptr : v->if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

std::string_view text_of(const json::value* v) {
    const auto* text = v == nullptr ? nullptr : v->if_string();
    return text == nullptr ? std::string_view() : std::string_view(*text);
}

/// The first two names of a path: "spec" and "ports" of "spec.ports[tcp-80].port".
std::pair<std::string_view, std::string_view> start_of(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    if (end == path.size() || path[end] == '[') // an entry of a list: "endpoints[10.0.0.1]"
        return {path.substr(0, end), {}};
    const std::string_view rest = path.substr(end + 1);
    return {path.substr(0, end), rest.substr(0, std::min(rest.find_first_of(".["), rest.size()))};
}

bool owns(const json::value* fields, std::string_view path) {
    const auto [first, second] = start_of(path);
    const json::value* at = member_of(fields, fmt::format("f:{}", first));
    return at != nullptr && (second.empty() || member_of(at, fmt::format("f:{}", second)) != nullptr);
}

} // namespace

struct change_log::counters {
    explicit counters(prometheus::Registry& r)
        : repairs(prometheus::BuildCounter()
                      .Name("gwctl_drift_repairs_total")
                      .Help("Objects that somebody else had changed and that were put back")
                      .Register(r)),
          pending(prometheus::BuildGauge()
                      .Name("gwctl_pending_changes")
                      .Help("Changes, field by field, that -observe-only keeps from being written")
                      .Register(r)
                      .Add({})) {}
    prometheus::Family<prometheus::Counter>& repairs;
    prometheus::Gauge& pending;
};

change_log::change_log(metrics& m) : counters_(std::make_unique<counters>(m.registry())) {}
change_log::~change_log() = default;

std::vector<drift> change_log::find_drift(const object_key& gateway,
                                          const std::vector<applied_object>& objects) const {
    std::vector<drift> found;
    const auto known = wanted_.find(gateway);
    for (const applied_object& o : objects) {
        if (o.is_right || !o.is_written)
            continue;
        bool was_wanted = false;
        if (known != wanted_.end())
            if (const auto before = known->second.find(id_of(o)); before != known->second.end())
                was_wanted = before->second == o.digest;
        // Without a memory, a digest that is another one says that the wish has changed.
        if (was_wanted || o.has_digest.value_or(false))
            found.push_back({o.type, o.key, false, o.fields, o.owner});
    }
    return found;
}

void change_log::begin_writes(const object_key& gateway, const std::vector<applied_object>& objects) {
    const auto known = wanted_.find(gateway);
    if (known == wanted_.end())
        return;
    std::set<std::string> untouched;
    for (const applied_object& o : objects)
        if (!o.is_written)
            untouched.insert(id_of(o));
    std::erase_if(known->second, [&](const auto& entry) { return !untouched.contains(entry.first); });
}

void change_log::settled(const object_key& gateway, const std::vector<applied_object>& objects) {
    auto& digests = wanted_[gateway];
    const auto before = std::exchange(digests, {});
    for (const applied_object& o : objects) {
        const std::string id = id_of(o);
        if (o.is_right || o.is_written)
            digests[id] = o.digest;
        else if (const auto last = before.find(id); last != before.end())
            digests.insert(*last); // what it waits for is no drift when it comes
    }
}

bool change_log::is_status_drift(const std::string& id, const ObjectMeta& object,
                                 const std::string& wanted) const {
    const auto known = statuses_.find(id);
    return known != statuses_.end() && known->second.uid == object.uid &&
           known->second.generation == object.generation.value_or(0) &&
           known->second.digest == std::hash<std::string>()(wanted);
}

void change_log::status_settled(const std::string& id, const ObjectMeta& object, const std::string& wanted) {
    statuses_[id] = {object.uid, object.generation.value_or(0), std::hash<std::string>()(wanted)};
}

void change_log::forget(const std::string& id) {
    statuses_.erase(id);
    if (const auto found = would_.find(id); found != would_.end()) {
        counters_->pending.Decrement(static_cast<double>(found->second.size()));
        would_.erase(found);
    }
}

void change_log::count_repair(const resource_type& type) {
    counters_->repairs.Add({{"kind", std::string(type.kind)}}).Increment();
}

void change_log::would(const object_log& log, const std::string& id, std::vector<std::string> lines) {
    std::vector<std::string>& before = would_[id];
    if (before != lines) {
        constexpr std::size_t most = 20; // a user can have it change as often as he likes
        const std::set<std::string_view> known(before.begin(), before.end());
        std::size_t told = 0;
        for (const std::string& line : lines)
            if (!known.contains(line) && ++told <= most)
                log.info("would write", {{"change", line}});
        if (told > most)
            log.info("would write more", {{"changes", std::to_string(told - most)}});
        if (lines.empty())
            log.info("nothing to write any more");
        counters_->pending.Increment(static_cast<double>(lines.size()) - static_cast<double>(before.size()));
        before = std::move(lines);
    }
    if (before.empty())
        would_.erase(id);
}

task<json::value> fetch(context& ctx, resource_type type, std::string version, object_key key) {
    http_request request;
    request.target =
        collection_path(type, version, key.namespace_) + "?fieldSelector=metadata.name%3D" + key.name;
    std::string body;
    try {
        body = co_await ctx.api.raw(std::move(request));
    } catch (const api_error&) {
        co_return json::value(); // it matters less than the repair
    }
    boost::system::error_code bad;
    const json::value list = boost::json::parse(body, bad);
    const auto* items = bad ? nullptr : member_of(&list, "items");
    const auto* objects = items == nullptr ? nullptr : items->if_array();
    if (objects == nullptr || objects->empty())
        co_return json::value();
    co_return objects->front();
}

std::string find_changer(const json::value& object, const drift& d, std::string_view own_manager) {
    const json::value* managed = member_of(member_of(&object, "metadata"), "managedFields");
    const auto* entries = managed == nullptr ? nullptr : managed->if_array();
    std::string changer;
    std::string since;
    if (entries == nullptr)
        return changer;
    for (const json::value& entry : *entries) {
        const std::string_view manager = text_of(member_of(&entry, "manager"));
        const std::string_view time = text_of(member_of(&entry, "time")); // RFC 3339 in UTC sorts as text
        const json::value* owned = member_of(&entry, "fieldsV1");
        if (manager != own_manager && time >= since &&
            std::any_of(d.fields.begin(), d.fields.end(),
                        [&](const auto& f) { return owns(owned, f.path); })) {
            changer = manager;
            since = time;
        }
    }
    return changer;
}

std::string describe_drift(const drift& d, const std::string& changer) {
    const std::string object = gwctl::describe(d.type, d.key);
    if (d.fields.empty())
        return fmt::format("{}: made again, since it had been deleted; delete the Gateway instead", object);
    return fmt::format("{}: {} put back{}; {}", object, list_paths(d.fields),
                       changer.empty() ? std::string() : fmt::format(", changed by {}", changer),
                       d.of_status ? "leave status to this controller"
                                   : "change the Gateway or its routes instead");
}

std::string describe_rest(std::optional<std::chrono::nanoseconds> rest, const options& o) {
    if (!rest)
        return {};
    return fmt::format(
        "; it is changed again each time, so the next repair waits {} s: end what changes it, such "
        "as a second controller of the name {} with other flags",
        std::chrono::ceil<std::chrono::seconds>(*rest).count(), o.controller_name);
}

void add_would(std::vector<std::string>& lines, std::string_view verb, const std::string& object,
               const std::vector<field_difference>& fields) {
    const auto or_nothing = [](const std::string& text) {
        return text.empty() ? std::string_view("nothing") : std::string_view(text);
    };
    if (fields.empty())
        lines.push_back(fmt::format("{} {}", verb, object));
    for (const field_difference& f : fields)
        if (!f.path.ends_with(".lastTransitionTime") &&
            !f.path.ends_with(".observedGeneration")) // which come with others, or with an edit
            lines.push_back(fmt::format("{} {}: {}: {} -> {}", verb, object, f.path, or_nothing(f.live),
                                        or_nothing(f.wanted)));
}

} // namespace gwctl::gateway::detail
