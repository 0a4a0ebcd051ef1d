#include "reflector.hpp"

#include "list_page.hpp"
#include "table_writer.hpp"
#include "task_group.hpp"
#include "untyped_client.hpp"

// What tells a kind that is not served from a page that somebody else answers with.
#include "../client/status_error.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>

#include <array>

namespace gwctl::detail {
namespace {

/// When `reflector::recheck` looks. The API server shows a change of a CustomResourceDefinition before it
/// acts on it: discovery and the endpoints follow within some seconds.
constexpr std::array<std::chrono::milliseconds, 4> recheck_after{
    std::chrono::milliseconds(0), std::chrono::milliseconds(500), std::chrono::seconds(2),
    std::chrono::seconds(8)};

/// A watch that has had a bookmark gets one about each minute (kube-apiserver's bookmarkFrequency), so two are missing
/// by then.
constexpr std::chrono::seconds longest_silence(150);
/// A cache that no watch kept current for so long is not to be relied on.
constexpr std::chrono::minutes longest_unwatched(1);
/// How often a kind is looked for that nothing tells of.
constexpr std::chrono::minutes between_looks(1);
/// How soon and how often a wait is cut short because another kind's API has come back.
constexpr std::chrono::milliseconds retry_jitter(1000);
constexpr std::chrono::seconds between_hurries(5);

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

/// A watch from "" would begin with what exists, and from any other version than the list's something would
/// be missed.
void check_watchable(const ListMeta& list, const resource_type& type) {
    if (list.resourceVersion.empty())
        throw api_error(
            errc::protocol,
            fmt::format("list of {}: its metadata.resourceVersion is empty, so that no watch can follow; "
                        "does something stand in front of the API server that changes lists?",
                        type.qualified_name()));
}

} // namespace

reflector::reflector(client& api, clock& time, const kind_ops& kind, object_table& table, std::size_t part,
                     reflector_options options, std::uint64_t seed, reflector_hooks hooks)
    : api_(api), time_(time), kind_(kind), table_(table), part_(part), fsm_(std::move(options), seed),
      hooks_(std::move(hooks)), version_(table.version()), checks_(recheck_after.size()),
      last_word_(time.now()), random_(seed) {}

task<void> reflector::run() {
    using namespace boost::asio::experimental::awaitable_operators;
    unwatched_since_ = time_.now();
    task<void> mirroring = mirror();
    task<void> minding = mind_staleness();
    co_await (std::move(mirroring) && std::move(minding));
}

task<void> reflector::mirror() {
    while (true) {
        reflector_fsm::todo todo = fsm_.next();
        if (todo.what == reflector_fsm::step::list)
            co_await list(std::move(todo));
        else if (todo.what == reflector_fsm::step::watch)
            co_await watch(std::move(todo));
        else
            co_await pause(todo.delay);
        publish();
    }
}

task<void> reflector::pause(std::chrono::nanoseconds wanted) {
    auto delay = std::chrono::duration_cast<steady_time::duration>(wanted);
    if (fsm_.missing() && checks_ < recheck_after.size())
        delay = std::min<steady_time::duration>(delay, recheck_after[checks_++]);
    steady_time until = time_.now() + delay;
    retry_at_ = until;
    while (true) {
        co_await sleep_or_notified(time_, until, recheck_);
        if (!retry_at_ || *retry_at_ >= until || *retry_at_ <= time_.now())
            break;
        until = *retry_at_;
    }
    retry_at_.reset();
    fsm_.waited();
}

void reflector::recheck() {
    definition_deleted_ = false;
    checks_ = 0;
    if (!fsm_.kinds_changed())
        return;
    retry_at_.reset();
    recheck_.notify_all();
}

void reflector::definition_deleted() {
    recheck();
    definition_deleted_ = true;
}

void reflector::retry_soon() {
    const steady_time now = time_.now();
    const steady_time soon = now + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(
                                       0, retry_jitter.count())(random_));
    const bool too_often = hurried_at_ && now - *hurried_at_ < between_hurries;
    if (!retry_at_ || *retry_at_ <= soon || fsm_.missing() || too_often)
        return;
    hurried_at_ = now;
    retry_at_ = soon;
    recheck_.notify_all();
}

/// Says of a table that it may be old when no watch has kept it current for long.
task<void> reflector::mind_staleness() {
    while (true) {
        if (!unwatched_since_ || table_.scope().may_be_denied) {
            co_await watched_changed_.wait();
            continue;
        }
        const steady_time limit = *unwatched_since_ + longest_unwatched;
        if (time_.now() < limit) {
            co_await sleep_or_notified(time_, limit, watched_changed_);
            continue;
        }
        if (fsm_.state() != store_state::synced && fsm_.state() != store_state::failing) {
            unwatched_since_ = time_.now(); // the state says as much already
            continue;
        }
        fsm_.unwatched();
        publish();
        co_await watched_changed_.wait();
    }
}

void reflector::watched(bool now) {
    if (now)
        unwatched_since_.reset();
    else if (!unwatched_since_)
        unwatched_since_ = time_.now();
    watched_changed_.notify_all();
}

task<void> reflector::list(reflector_fsm::todo todo) {
    std::exception_ptr failure;
    try {
        list_options options;
        options.namespace_ = table_.namespace_of(part_);
        options.label_selector = table_.scope().label_selector;
        options.field_selector = table_.scope().field_selector;
        options.resource_version = std::move(todo.resource_version);
        options.continue_ = std::move(todo.continue_);
        options.limit = todo.limit;
        const ListMeta page = co_await list_page(api_, kind_, std::move(options), pages_);
        check_watchable(page, kind_.type);
        last_word_ = time_.now();
        if (reflector_fsm::is_last(page)) {
            for (const received_object& o : pages_)
                shed(o.object);
            std::vector<received_object> all = std::exchange(pages_, {});
            for (const received_object& o : all)
                set_aside(o);
            table_writer(table_).replace(std::move(all), fsm_.version_of(page), part_);
            take_version();
            definition_deleted_ = false;
        }
        fsm_.listed(page, time_.now());
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure)
        co_return;
    pages_.clear();
    failed(failure, false);
}

/// What a list or watch that failed means.
void reflector::failed(const std::exception_ptr& e, bool of_watch) {
    const bool went_well = fsm_.failures() == 0;
    try {
        std::rethrow_exception(e);
    } catch (const not_served_error& absent) {
        fsm_.absent(absent.what(), definition_deleted_, time_.now());
        return;
    } catch (...) {
    }
    const api_error failure = failure_of(e);
    if (of_watch)
        fsm_.watch_failed(failure, time_.now());
    else
        fsm_.list_failed(failure, time_.now());
    failed_before_ = failed_before_ || fsm_.failures() > 0;
    if (!of_watch && went_well && fsm_.failures() > 0 && fsm_.state() != store_state::denied)
        log::warn("a list failed; trying again", {{"kind", name()}, {"error", failure.what()}});
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
    bookmarked_ = false;
    task<void> following = follow(std::move(options));
    task<void> moving = moved();
    task<void> silence = fall_silent();
    const auto first = co_await (std::move(following) || std::move(moving) || std::move(silence));
    watched(false);
    if (first.index() == 1) {
        fsm_.watch_moved();
    } else if (first.index() == 2) {
        log::info("a watch fell silent; opening it anew",
                  {{"kind", name()}, {"seconds", std::chrono::seconds(longest_silence).count()}});
        fsm_.watch_ended(time_.now());
    } else if (watch_failure_) {
        failed(watch_failure_, true);
    } else {
        fsm_.watch_ended(time_.now());
    }
}

/// Returns when a watch that has had bookmarks has been silent for too long.
task<void> reflector::fall_silent() {
    while (true) {
        if (!bookmarked_)
            co_await heard_.wait();
        else if (const steady_time limit = last_word_ + longest_silence; time_.now() >= limit)
            co_return;
        else
            co_await time_.sleep_until(limit);
    }
}

/// The watch, until it ends; why, when not in good order, is left in `watch_failure_`.
task<void> reflector::follow(watch_options options) {
    try {
        const std::unique_ptr<watch_lines> lines =
            co_await untyped_client::open_watch(api_, kind_.type, std::move(options));
        last_word_ = time_.now();
        fsm_.watch_opened(time_.now());
        watched(true);
        take_version();
        publish();
        came_back();
        co_await read_events(*lines);
    } catch (...) {
        watch_failure_ = std::current_exception();
    }
}

task<void> reflector::read_events(watch_lines& lines) {
    while (true) {
        const std::optional<std::string_view> line = co_await lines.next();
        if (!line)
            co_return;
        last_word_ = time_.now();
        const watch_line parsed = parse_watch_line(*line, kind_.type);
        take(parsed);
        if (parsed.type == watch_event_type::bookmark && !std::exchange(bookmarked_, true))
            heard_.notify_all();
        publish();
    }
}

/// Returns when the kind is served in another version than the one watched, or not at all.
task<void> reflector::moved() {
    while (true) {
        if (checks_ < recheck_after.size()) {
            co_await sleep_or_notified(time_, time_.now() + recheck_after[checks_], recheck_);
            ++checks_;
        } else if (look_each_minute_ && !is_built_in(kind_.type)) {
            const steady_time next = time_.now() + between_looks;
            co_await sleep_or_notified(time_, next, recheck_);
            if (time_.now() < next)
                continue;
        } else {
            co_await recheck_.wait();
            continue;
        }
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
    table_writer(table_).set_version(version_);
}

void reflector::take(const watch_line& line) {
    std::shared_ptr<void> object = kind_.make_object();
    auto misfit = json::detail::decode_what_fits(kind_.object_info(), object.get(), line.object,
                                                 untyped_client::object_limits(api_));
    if (misfit.has_error())
        throw_undecodable_event(kind_.type, misfit.error());
    received_object o{kind_.erase(std::move(object)), std::move(*misfit)};
    const ObjectMeta& metadata = *o.object.metadata;
    const bool bookmark = line.type == watch_event_type::bookmark;
    if (!bookmark && metadata.name.empty())
        throw_undecodable_event(kind_.type, error{errc::decode, "metadata.name: expected a name, got none"});
    shed(o.object);
    if (!bookmark && line.type != watch_event_type::deleted)
        set_aside(o);
    const std::string version = metadata.resourceVersion;
    const bool moves = fsm_.moves_version(line.type, version);
    table_writer(table_).apply(line.type, std::move(o), !moves, part_);
    fsm_.watch_event(line.type, version);
}

/// Tells of an object that cannot be read, once for each version of the object.
void reflector::set_aside(const received_object& o) {
    if (o.misfit.empty())
        return;
    const ObjectMeta& metadata = *o.object.metadata;
    const object_key key = key_of(metadata);
    const any_unreadable* before = table_.unreadable_any(key);
    if (before != nullptr && before->partial.metadata->resourceVersion == metadata.resourceVersion)
        return;
    if (before == nullptr || before->error != o.misfit)
        log::error("an object cannot be read and is set aside until it changes",
                   {{"object", describe(kind_.type, key)}, {"error", o.misfit}});
    hooks_.unreadable(metadata, o.misfit);
}

void reflector::publish() {
    const store_state before = table_.state_of(part_);
    const store_state now = fsm_.state();
    const std::size_t objects = table_.size();
    if (now == store_state::not_served && before != now)
        table_writer(table_).replace({}, {}, part_);
    if (before != now)
        log_state(before, objects);
    table_writer(table_).set_state(now, fsm_.reason(), part_);
    hooks_.progress();
    if (fsm_.failures() == 0)
        came_back();
}

/// Tells that the API server answers again, once after failures.
void reflector::came_back() {
    if (fsm_.state() == store_state::synced && std::exchange(failed_before_, false))
        hooks_.recovered();
}

std::string reflector::name() const {
    const std::string& namespace_ = table_.namespace_of(part_);
    return kind_.type.qualified_name() + (namespace_.empty() ? "" : " in namespace " + namespace_);
}

void reflector::log_state(store_state before, std::size_t objects) const {
    const std::string kind = name();
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
