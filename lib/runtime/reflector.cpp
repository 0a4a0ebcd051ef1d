#include "reflector.hpp"

#include "task_group.hpp"
#include "untyped_client.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <array>

namespace gwctl::detail {
namespace {

/// When `reflector::recheck` looks. The API server shows a change of a CustomResourceDefinition before it
/// acts on it: discovery and the endpoints follow within some seconds.
constexpr std::array<std::chrono::milliseconds, 4> recheck_after{
    std::chrono::milliseconds(0), std::chrono::milliseconds(500), std::chrono::seconds(2),
    std::chrono::seconds(8)};

/// Takes away what nobody reads and what would be as large as the object: `kubectl apply` keeps a copy of
/// what it was given. Structs are never written back whole, so the copy on the server stays.
void shed(const any_object& o) {
    // Nobody else has the object yet, and it was not made const.
    const_cast<ObjectMeta&>(*o.metadata)
        .annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
}

/// The failure behind a caught exception. Rethrows cancellation.
api_error failure_of(const std::exception_ptr& e) {
    if (is_cancellation(e))
        std::rethrow_exception(e);
    try {
        std::rethrow_exception(e);
    } catch (const api_error& a) {
        return a;
    } catch (...) {
        return api_error(errc::internal_error, what_of(e));
    }
}

} // namespace

reflector::reflector(client& api, clock& time, const kind_ops& kind, object_table& table, std::size_t part,
                     reflector_options options, std::uint64_t seed, std::function<void()> progress)
    : api_(api), time_(time), kind_(kind), table_(table), part_(part), fsm_(std::move(options), seed),
      progress_(std::move(progress)), version_(table.version()), checks_(recheck_after.size()) {}

task<void> reflector::run() {
    while (true) {
        reflector_fsm::todo todo = fsm_.next();
        if (todo.what == reflector_fsm::step::list) {
            co_await list(std::move(todo));
        } else if (todo.what == reflector_fsm::step::watch) {
            co_await watch(std::move(todo));
        } else {
            auto delay = std::chrono::duration_cast<steady_time::duration>(todo.delay);
            if (fsm_.missing() && checks_ < recheck_after.size())
                delay = std::min<steady_time::duration>(delay, recheck_after[checks_++]);
            co_await sleep_or_notified(time_, time_.now() + delay, recheck_);
            fsm_.waited();
        }
        publish();
    }
}

void reflector::recheck() {
    checks_ = 0;
    if (fsm_.kinds_changed())
        recheck_.notify_all();
}

task<void> reflector::list(reflector_fsm::todo todo) {
    std::exception_ptr failed;
    try {
        list_options options;
        options.namespace_ = table_.namespace_of(part_);
        options.label_selector = table_.scope().label_selector;
        options.field_selector = table_.scope().field_selector;
        options.resource_version = std::move(todo.resource_version);
        options.continue_ = std::move(todo.continue_);
        const std::shared_ptr<void> page = kind_.make_list();
        json::detail::object_decoder decoder(kind_.list_info(), page.get(),
                                             untyped_client::list_limits(api_));
        co_await untyped_client::list_into(api_, kind_.type, std::move(options), decoder);
        const ListMeta meta = kind_.take_list(page.get(), pages_);
        if (fsm_.listed(meta, time_.now())) {
            for (const any_object& o : pages_)
                shed(o);
            table_.replace(std::exchange(pages_, {}), fsm_.resource_version(), part_);
            take_version();
        }
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        pages_.clear();
        const api_error failure = failure_of(failed);
        failure_ = failure.code();
        fsm_.list_failed(failure, time_.now());
    }
}

task<void> reflector::watch(reflector_fsm::todo todo) {
    using namespace boost::asio::experimental::awaitable_operators;
    watch_options options;
    options.namespace_ = table_.namespace_of(part_);
    options.label_selector = table_.scope().label_selector;
    options.field_selector = table_.scope().field_selector;
    options.resource_version = std::move(todo.resource_version);
    options.server_timeout = todo.server_timeout;
    watch_failure_ = nullptr;
    task<void> following = follow(std::move(options));
    task<void> moving = moved();
    const auto first = co_await (std::move(following) || std::move(moving));
    if (first.index() == 1)
        fsm_.watch_moved();
    else if (watch_failure_)
        watch_failed(failure_of(watch_failure_));
    else
        fsm_.watch_ended(time_.now());
}

void reflector::watch_failed(const api_error& failure) {
    failure_ = failure.code();
    fsm_.watch_failed(failure, time_.now());
}

/// The watch, until it ends; why, when not in good order, is left in `watch_failure_`.
task<void> reflector::follow(watch_options options) {
    try {
        const std::unique_ptr<watch_lines> lines =
            co_await untyped_client::open_watch(api_, kind_.type, std::move(options));
        fsm_.watch_opened(time_.now());
        take_version();
        publish();
        while (true) {
            const std::optional<std::string_view> line = co_await lines->next();
            if (!line)
                break;
            const watch_line parsed = parse_watch_line(*line, kind_.type);
            std::shared_ptr<void> object = kind_.make_object();
            if (auto done = parsed.decode_object(kind_.object_info(), object.get()); done.has_error())
                throw_undecodable_event(kind_.type, done.error());
            take(parsed.type, std::move(object));
            publish();
        }
    } catch (...) {
        watch_failure_ = std::current_exception();
    }
}

/// Returns when the kind is served in another version than the one watched, or not at all.
task<void> reflector::moved() {
    while (true) {
        if (checks_ == recheck_after.size()) {
            co_await recheck_.wait();
            continue;
        }
        co_await sleep_or_notified(time_, time_.now() + recheck_after[checks_], recheck_);
        ++checks_;
        std::optional<std::string> served;
        try {
            served = co_await api_.discover(kind_.type);
        } catch (const api_error& e) {
            log::debug("cannot look which version of a kind is served",
                       {{"kind", kind_.type.qualified_name()}, {"error", e.what()}});
            continue;
        }
        if (served != version_)
            co_return;
    }
}

void reflector::take_version() {
    version_ = api_.known_version(kind_.type);
    if (version_ == table_.version())
        return; // also when another part's reflector was faster
    log::info("a kind is served in another version now",
              {{"kind", kind_.type.qualified_name()}, {"before", table_.version()}, {"now", version_}});
    table_.set_version(version_);
}

void reflector::take(watch_event_type type, std::shared_ptr<void> object) {
    const any_object o = kind_.erase(std::move(object));
    shed(o);
    const bool moves = fsm_.watch_event(type, o.metadata->resourceVersion);
    table_.apply(type, o, !moves, part_);
}

void reflector::publish() {
    const store_state before = table_.state_of(part_);
    const store_state now = fsm_.state();
    const std::size_t objects = table_.size();
    if (now == store_state::not_served && before != now)
        table_.replace({}, {}, part_);
    if (before != now)
        log_state(before, objects);
    table_.set_state(now, fsm_.reason(), part_);
    progress_();
}

void reflector::log_state(store_state before, std::size_t objects) const {
    const std::string& namespace_ = table_.namespace_of(part_);
    const std::string kind =
        kind_.type.qualified_name() + (namespace_.empty() ? "" : " in namespace " + namespace_);
    switch (fsm_.state()) {
    case store_state::denied:
    case store_state::failing:
        log::warn("cannot watch a kind",
                  {{"kind", kind}, {"state", to_string(fsm_.state())}, {"error", fsm_.reason()}});
        break;
    case store_state::not_served:
        if (before == store_state::synced)
            log::warn("a kind is not served any more: its objects count as deleted",
                      {{"kind", kind}, {"objects", objects}, {"error", fsm_.reason()}});
        else
            log::warn("a kind is not served: it counts as having no objects until it is",
                      {{"kind", kind}, {"error", fsm_.reason()}});
        break;
    default:
        if (before == store_state::not_served)
            log::info("a kind is served now",
                      {{"kind", kind}, {"version", table_.version()}, {"objects", table_.size()}});
        else
            log::debug("watching", {{"kind", kind}, {"objects", table_.size()}});
    }
}

} // namespace gwctl::detail
