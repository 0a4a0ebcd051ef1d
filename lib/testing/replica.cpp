#include "replica.hpp"

#include "json_util.hpp"

#include <fmt/format.h>

namespace gwctl::testing::detail {
namespace {

std::map<object_key, ObjectMeta> objects_of(const simulated_api& api, const resource_type& type) {
    std::map<object_key, ObjectMeta> all;
    for (const stored_ptr& s : api.objects().objects().list(type.qualified_name(), "")) {
        ObjectMeta& m = all[object_key(s->namespace_name(), s->name())];
        m.resourceVersion = std::to_string(s->version());
        const json::object& metadata = s->object().at("metadata").as_object();
        if (const json::value* g = metadata.if_contains("generation"))
            m.generation = g->to_number<std::int64_t>();
    }
    return all;
}

} // namespace

replica::replica(unsigned number, const simulation_options& options, const simulation::set_up& controllers,
                 virtual_clock& time, simulated_network& network, std::function<void(std::string)> violated)
    : number_(number), options_(options), controllers_(controllers), time_(time), network_(network),
      violated_(std::move(violated)) {}

void replica::start() {
    process_ = std::make_shared<process>();
    process_->name = fmt::format("{}-{}", static_cast<char>('a' + number_ % 26), ++started_);
    process_->replica = number_;
    checks_ = std::make_unique<run_checks>(process_->name, time_, violated_);
    manager_options o;
    if (options_.adjust)
        options_.adjust(o);
    o.user_agent = process_->name;
    o.metrics_bind_address = o.health_probe_bind_address = {};
    o.handle_signals = false;
    o.time = &time_;
    o.random_seed = network_.random(UINT64_MAX);
    if (options_.replicas > 1 && !o.leader_election)
        o.leader_election.emplace();
    if (o.leader_election) {
        leader_election_options& l = *o.leader_election;
        l.namespace_ = l.namespace_.empty() ? "default" : l.namespace_;
        l.name = l.name.empty() ? "simulation" : l.name;
        l.identity = process_->name;
        process_->renew_deadline = l.renew_deadline;
    }
    auto for_lease = o.leader_election ? network_.link(process_, true) : nullptr;
    manager_ = std::make_unique<manager>(std::move(o), network_.link(process_, false), std::move(for_lease));
    steps_.emplace(*manager_);
    steps_->observe(*checks_);
    controllers_(*manager_);
    if (!steps_->begin())
        throw api_error(errc::config, "the simulated controller cannot start; see the log");
}

bool replica::step(bool side) { return side ? steps_->step_side() : steps_->step(); }

void replica::look_after(std::chrono::nanoseconds pause) {
    if (!runs() || !(process_->crashed || steps_->ended()))
        return;
    if (!process_->crashed) {
        try {
            steps_->end();
        } catch (const std::exception& e) {
            violated_(fmt::format("{}: the manager ended with an exception: {}", name(), e.what()));
        }
    }
    end_process();
    still_until_ = {};
    starts_at_ = time_.now() + std::chrono::duration_cast<steady_time::duration>(pause);
}

void replica::end_process() {
    if (!runs())
        return;
    for (boost::asio::execution_context* c : steps_->contexts())
        time_.forget_sleepers_on(*c);
    steps_.reset();
    manager_.reset();
}

void replica::stop() {
    if (runs())
        manager_->stop();
}

void replica::check_at_rest(const simulated_api& api) const {
    checks_->all_was_shown([&](const resource_type& type) { return objects_of(api, type); });
    for (const gwctl::detail::object_table* t : steps_->tables())
        check_cache(api, *t);
}

void replica::check_cache(const simulated_api& api, const gwctl::detail::object_table& table) const {
    const cache_scope& scope = table.scope();
    if (!scope.label_selector.empty() || !scope.field_selector.empty() ||
        table.state() != store_state::synced)
        return;
    const auto wrong = [&](const object_key& key, std::string_view cached, std::string_view there) {
        violated_(fmt::format("{}: the cache shows {} at resourceVersion {}, the API server has {}", name(),
                              describe(table.type(), key), cached, there));
    };
    std::map<object_key, ObjectMeta> all = objects_of(api, table.type());
    for (const gwctl::detail::any_object& o : table.list_any()) {
        const auto there = all.find(key_of(*o.metadata));
        if (there == all.end()) {
            wrong(key_of(*o.metadata), o.metadata->resourceVersion, "none");
            continue;
        }
        if (there->second.resourceVersion != o.metadata->resourceVersion)
            wrong(there->first, o.metadata->resourceVersion, there->second.resourceVersion);
        all.erase(there);
    }
    for (const auto& [key, unreadable] : table.unreadable_any())
        all.erase(key);
    for (const auto& [key, meta] : all)
        if (scope.namespaces.empty() || scope.namespaces.contains(key.namespace_))
            wrong(key, "none", meta.resourceVersion);
}

} // namespace gwctl::testing::detail
