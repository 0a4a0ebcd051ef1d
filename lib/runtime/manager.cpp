#include "manager_core.hpp"

#include <gwctl/client/timer.hpp>
#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl {

namespace asio = boost::asio;

namespace {

/// Stands in for a cluster to which there is no way.
class no_way final : public transport {
public:
    explicit no_way(error why) : why_(std::move(why)) {}
    task<std::unique_ptr<http_response>> send(http_request) override {
        throw api_error(why_);
        co_return nullptr; // makes this a coroutine
    }
    std::string_view host() const noexcept override { return "none"; }

private:
    error why_;
};

} // namespace

manager::manager(manager_options options) {
    std::shared_ptr<transport> network;
    std::shared_ptr<transport> for_lease;
    std::string why_not;
    try {
        const cluster_config config = find_config().value();
        network = make_http_transport(config);
        for_lease = make_http_transport(config);
        log::info("using an API server", {{"server", config.server}, {"from", config.origin}});
    } catch (const api_error& e) {
        why_not = e.what();
        network = for_lease = std::make_shared<no_way>(error{e.code(), why_not});
    }
    core_ = std::make_unique<core>(std::move(options), std::move(network), std::move(for_lease));
    core_->why_not_ = std::move(why_not);
}

manager::manager(manager_options options, cluster_config config) {
    std::shared_ptr<transport> for_lease;
    if (options.leader_election)
        for_lease = make_http_transport(config);
    core_ = std::make_unique<core>(std::move(options), make_http_transport(config), std::move(for_lease));
    log::info("using an API server", {{"server", config.server}, {"from", config.origin}});
}

manager::manager(manager_options options, std::shared_ptr<transport> network,
                 std::shared_ptr<transport> for_lease)
    : core_(std::make_unique<core>(std::move(options), std::move(network), std::move(for_lease))) {}

manager::~manager() = default;

client& manager::api() noexcept { return core_->api_; }
event_recorder& manager::events() noexcept { return core_->events_; }
bool manager::elects_leader() const noexcept { return core_->options_.leader_election.has_value(); }
class metrics& manager::metrics() noexcept {
    return core_->metrics_;
}
class health& manager::health() noexcept {
    return core_->health_;
}
clock& manager::time() noexcept { return core_->time_; }
detail::controller_host& manager::host() noexcept { return *core_; }

int manager::run() { return core_->run(); }
void manager::stop() {
    asio::post(core_->main_, [c = core_.get()] { c->stop(0, {}); });
}
void manager::fail(std::string reason) {
    asio::post(core_->main_, [c = core_.get(), r = std::move(reason)] { c->stop(1, r); });
}
void manager::post(std::function<void()> work) {
    asio::post(core_->main_, [c = core_.get(), w = std::move(work)] {
        try {
            w();
        } catch (...) {
            c->stop(1, "posted work: " + detail::what_of(std::current_exception()));
        }
    });
}

store<apiextensions_v1::CustomResourceDefinition>& manager::follow_crds() {
    return static_cast<store<apiextensions_v1::CustomResourceDefinition>&>(core_->follow_crds());
}

void manager::recheck_kinds() {
    core_->api_.forget_versions();
    for (const auto& k : core_->caches_)
        for (const auto& r : k->reflectors)
            r->recheck();
}

manager::core::core(manager_options o, std::shared_ptr<transport> network,
                    std::shared_ptr<transport> for_lease)
    : options_(std::move(o)), time_(options_.time != nullptr ? *options_.time : system_clock()),
      api_(options_.leader_election ? detail::make_fenced_transport(network, fence_, time_) : network,
           [this] {
               client_options c;
               c.field_manager = options_.name;
               c.time = &time_;
               return c;
           }()),
      events_(api_, time_, options_.name),
      reflectors_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      gates_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      workers_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      recorder_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      listings_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      side_tasks_(side_.get_executor(),
                  [this](const std::string& n, const std::string& w) {
                      asio::post(main_, [this, reason = n + ": " + w] { stop(1, reason); });
                  }),
      seed_(std::random_device()()) {
    if (options_.name.empty())
        throw api_error(errc::config, "manager_options.name: expected a name, got none");
    prometheus::Registry& r = metrics_.registry();
    auto& requests = prometheus::BuildCounter()
                         .Name("rest_client_requests_total")
                         .Help("Number of HTTP requests, partitioned by status code, method, and host.")
                         .Register(r);
    const auto count = [&requests](std::string_view method, int status, std::string_view host) {
        requests
            .Add({{"code", status == 0 ? "<error>" : std::to_string(status)},
                  {"method", std::string(method)},
                  {"host", std::string(host)}})
            .Increment();
    };
    api_.observe_requests(count);
    if (!options_.leader_election)
        return;
    if (auto valid = validate(*options_.leader_election); valid.has_error())
        throw api_error(valid.error());
    if (!for_lease)
        throw api_error(errc::config, "leader election needs a transport of its own, for the second thread");
    auto& master = prometheus::BuildGauge()
                       .Name("leader_election_master_status")
                       .Help("Gauge of if the reporting system is master of the relevant lease, 0 indicates "
                             "backup, 1 indicates master. 'name' is the string used to identify the lease. "
                             "Please make sure to group by name.")
                       .Register(r)
                       .Add({{"name", options_.leader_election->name}});
    elector_.emplace(
        *options_.leader_election, std::move(for_lease), time_, fence_,
        [this, &master] {
            master.Set(1);
            asio::post(main_, [this] {
                leading_ = true;
                changed_.notify_all();
            });
        },
        [this, &master] {
            master.Set(0);
            asio::post(main_, [this] {
                patient_ = false; // what still runs could only be refused its writes
                stop(1, "leadership was lost");
            });
        });
    elector_->api().observe_requests(count);
}

manager::core::~core() {
    // Frames that could not be cancelled end here, while what they refer to is alive.
    main_.abandon();
    side_.abandon();
}

detail::object_table& manager::core::table(const detail::kind_ops& kind, cache_scope scope) {
    for (const auto& k : caches_)
        if (k->kind == &kind && k->table->scope() == scope)
            return *k->table;
    auto k = std::make_unique<cached_kind>();
    k->kind = &kind;
    k->table = kind.make_store(std::move(scope));
    caches_.push_back(std::move(k));
    if (reflecting_)
        start_reflectors(*caches_.back());
    return *caches_.back()->table;
}

controller& manager::core::add(detail::controller_spec spec) {
    const auto same = [&](const auto& c) { return c->name() == spec.name; };
    if (std::any_of(controllers_.begin(), controllers_.end(), same))
        throw api_error(errc::precondition,
                        "controller \"" + spec.name + "\" exists already; give the second one another name");
    if (spec.workers == 0)
        throw api_error(errc::precondition, "controller \"" + spec.name + "\": expected at least one worker");
    const auto showing = [this](const resource_type& type, const ObjectMeta& written) {
        std::vector<detail::object_table*> out;
        for (const auto& k : caches_) {
            const cache_scope& scope = k->table->scope();
            const bool here = scope.namespaces.empty() || scope.namespaces.contains(written.namespace_);
            if (k->table->type() == type && here && scope.label_selector.empty() &&
                scope.field_selector.empty())
                out.push_back(k->table.get());
        }
        return out;
    };
    controllers_.push_back(std::make_unique<detail::controller_loop>(
        std::move(spec), detail::controller_environment{api_, time_, events_, metrics_.registry(), showing,
                                                        [this] { progress(); }}));
    if (controlling_)
        start_controller(*controllers_.back());
    return *controllers_.back();
}

void manager::core::start_reflectors(cached_kind& k) {
    for (std::size_t part = 0; part < k.table->parts(); ++part) {
        auto& r = k.reflectors.emplace_back(std::make_unique<detail::reflector>(
            api_, time_, *k.kind, *k.table, part, reflector_options(), ++seed_, [this] { progress(); }));
        reflectors_.spawn("watch of " + k.kind->type.qualified_name(), r->run());
    }
}

void manager::core::start_controller(detail::controller_loop& c) {
    gates_.spawn("controller " + c.name(), c.run(workers_));
}

void manager::core::stop(int code, const std::string& reason) {
    if (code != 0)
        log::error("stopping", {{"reason", reason}});
    exit_code_ = std::max(exit_code_, code);
    if (!std::exchange(draining_, true)) {
        health_.set_ready("manager", "shutting down");
        changed_.notify_all();
    }
}

std::string manager::core::state_of(const cached_kind& k) const {
    std::string text = fmt::format("{}: {}", k.kind->type.qualified_name(), to_string(k.table->state()));
    if (!k.table->reason().empty())
        text += ": " + k.table->reason();
    return text;
}

/// For whoever asks the probe's port: the kind of failure, and nothing of what a server or a plugin wrote.
std::string manager::core::readiness_of(const cached_kind& k) const {
    const store_state state = k.table->state();
    if (state == store_state::synced)
        return {};
    if (state == store_state::not_served)
        return state_of(k); // in our own words
    std::string text = fmt::format("{}: {}", k.kind->type.qualified_name(), to_string(state));
    for (std::size_t part = 0; part < k.reflectors.size(); ++part)
        if (const auto failure = k.reflectors[part]->failure(); failure && k.table->state_of(part) == state)
            return fmt::format("{}: {}; the log says more", text, to_string(*failure));
    return text;
}

void manager::core::publish_readiness() {
    for (const auto& k : caches_) {
        const std::string told = readiness_of(*k);
        const auto [known, first] = readiness_.try_emplace(k.get(), told);
        if (!first && known->second == told)
            continue;
        known->second = told;
        const cache_scope& s = k->table->scope();
        std::string check = "cache-" + k->kind->type.qualified_name();
        for (const std::string& part :
             {fmt::format("{}", fmt::join(s.namespaces, ",")), s.label_selector, s.field_selector})
            if (!part.empty())
                check += "/" + part;
        if (k->optional || k->table->usable())
            health_.set_ready(check, {}, told);
        else
            health_.set_ready(check, told);
        changed_.notify_all();
    }
}

detail::object_table& manager::core::follow_crds() {
    const detail::kind_ops& ops = detail::ops_of<apiextensions_v1::CustomResourceDefinition>;
    detail::object_table& definitions = table(ops, {});
    if (std::exchange(following_crds_, true))
        return definitions;
    for (const auto& k : caches_)
        if (k->table.get() == &definitions)
            k->optional = true;
    definitions.on_change_any([this](const detail::any_change& c) { definition_changed(c); });
    definitions.on_state([](store_state s) {
        if (s == store_state::denied)
            log::warn(
                "changes of CustomResourceDefinitions are not seen: kinds that are missing are asked for "
                "every 30 s instead; let this controller list and watch "
                "customresourcedefinitions.apiextensions.k8s.io");
    });
    return definitions;
}

void manager::core::definition_changed(const detail::any_change& c) {
    const std::string& name = (c.now ? c.now : c.old).metadata->name;
    for (const auto& k : caches_) {
        if (k->kind->type.qualified_name() != name)
            continue;
        // What was there at the start the reflectors have found; one that came just after they looked they
        // have not.
        if (!c.initial || k->table->state() == store_state::not_served)
            for (const auto& r : k->reflectors)
                r->recheck();
    }
}

} // namespace gwctl
