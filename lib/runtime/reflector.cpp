#include "reflector.hpp"

#include "task_group.hpp"
#include "untyped_client.hpp"

#include <gwctl/core/log.hpp>

namespace gwctl::detail {
namespace {

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

reflector::reflector(client& api, clock& time, const kind_ops& kind, object_table& table,
                     reflector_options options, std::uint64_t seed, std::function<void()> progress)
    : api_(api), time_(time), kind_(kind), table_(table), fsm_(std::move(options), seed),
      progress_(std::move(progress)) {}

task<void> reflector::run() {
    while (true) {
        reflector_fsm::todo todo = fsm_.next();
        if (todo.what == reflector_fsm::step::list) {
            co_await list(std::move(todo));
        } else if (todo.what == reflector_fsm::step::watch) {
            co_await watch(std::move(todo));
        } else {
            const auto delay = std::chrono::duration_cast<steady_time::duration>(todo.delay);
            co_await sleep_or_notified(time_, time_.now() + delay, recheck_);
            fsm_.waited();
        }
        publish();
    }
}

void reflector::recheck() {
    if (table_.state() == store_state::not_served)
        recheck_.notify_all();
}

task<void> reflector::list(reflector_fsm::todo todo) {
    std::exception_ptr failed;
    try {
        list_options options;
        options.namespace_ = table_.scope().namespace_;
        options.label_selector = table_.scope().label_selector;
        options.field_selector = table_.scope().field_selector;
        options.resource_version = std::move(todo.resource_version);
        options.continue_ = std::move(todo.continue_);
        const std::shared_ptr<void> page = kind_.make_list();
        json::detail::object_decoder decoder(kind_.list_info(), page.get(),
                                             untyped_client::list_limits(api_));
        co_await untyped_client::list_into(api_, kind_.type, std::move(options), decoder);
        const ListMeta meta = kind_.take_list(page.get(), pages_);
        if (fsm_.listed(meta, time_.now()))
            table_.replace(std::exchange(pages_, {}), fsm_.resource_version());
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        pages_.clear();
        const api_error e = failure_of(failed);
        // Perhaps only the version we know of is gone; the next list looks for the others.
        if (e.code() == errc::not_found)
            api_.forget_versions();
        fsm_.list_failed(e, time_.now());
    }
}

task<void> reflector::watch(reflector_fsm::todo todo) {
    std::exception_ptr failed;
    try {
        watch_options options;
        options.namespace_ = table_.scope().namespace_;
        options.label_selector = table_.scope().label_selector;
        options.field_selector = table_.scope().field_selector;
        options.resource_version = std::move(todo.resource_version);
        options.server_timeout = todo.server_timeout;
        const std::unique_ptr<watch_lines> lines =
            co_await untyped_client::open_watch(api_, kind_.type, std::move(options));
        fsm_.watch_opened(time_.now());
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
        fsm_.watch_ended(time_.now());
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed)
        fsm_.watch_failed(failure_of(failed), time_.now());
}

void reflector::take(watch_event_type type, std::shared_ptr<void> object) {
    const any_object o = kind_.erase(std::move(object));
    const bool moves = fsm_.watch_event(type, o.metadata->resourceVersion);
    table_.apply(type, o, !moves);
}

void reflector::publish() {
    const store_state before = table_.state();
    const store_state now = fsm_.state();
    if (now == store_state::not_served && before != now)
        table_.replace({}, {});
    if (before != now) {
        const std::string kind = kind_.type.qualified_name();
        if (now == store_state::denied || now == store_state::failing)
            log::warn("cannot watch a kind",
                      {{"kind", kind}, {"state", to_string(now)}, {"error", fsm_.reason()}});
        else if (now == store_state::not_served)
            log::info("kind is not served; asking again later", {{"kind", kind}});
        else
            log::debug("watching", {{"kind", kind}, {"objects", table_.size()}});
    }
    table_.set_state(now, fsm_.reason());
    progress_();
}

} // namespace gwctl::detail
