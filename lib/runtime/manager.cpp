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
      api_(options_.leader_election ? detail::make_fenced_transport(network, fence_, time_, fence_decided_)
                                    : network,
           [this] {
               client_options c;
               c.field_manager = options_.name;
               c.user_agent = options_.user_agent;
               c.time = &time_;
               c.max_object_bytes = options_.max_object_bytes;
               c.max_string_bytes = options_.max_string_bytes;
               c.max_value_depth = options_.max_value_depth;
               return c;
           }()),
      events_(api_, time_, options_.name), cache_metrics_(metrics_.registry()),
      reflectors_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      gates_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      workers_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      recorder_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      listings_(main_.get_executor(), [this](const auto& n, const auto& w) { stop(1, n + ": " + w); }),
      side_tasks_(side_.get_executor(),
                  [this](const std::string& n, const std::string& w) {
                      asio::post(main_, [this, reason = n + ": " + w] { stop(1, reason); });
                  }),
      seed_(options_.random_seed ? *options_.random_seed : std::random_device()()) {
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
    if (options_.leader_election)
        prepare_election(std::move(for_lease), count);
}

manager::core::~core() {
    // Frames that could not be cancelled end here, while what they refer to is alive.
    main_.abandon();
    side_.abandon();
}

std::uint64_t manager::core::begin(const std::string& name) {
    drafts_.emplace(++last_draft_, name);
    return last_draft_;
}

controller& manager::core::add(detail::controller_spec spec) {
    drafts_.erase(spec.draft);
    const auto same = [&](const auto& c) { return c->name() == spec.name; };
    if (std::any_of(controllers_.begin(), controllers_.end(), same))
        throw api_error(errc::precondition,
                        "controller \"" + spec.name + "\" exists already; give the second one another name");
    if (spec.workers == 0)
        throw api_error(errc::precondition, "controller \"" + spec.name + "\": expected at least one worker");
    if (spec.timeout && *spec.timeout <= spec.timeout->zero())
        throw api_error(errc::precondition,
                        "controller \"" + spec.name + "\": expected a timeout of more than zero");
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
                                                        [this] { progress(); }, observer_}));
    if (controlling_)
        start_controller(*controllers_.back());
    return *controllers_.back();
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

} // namespace gwctl
