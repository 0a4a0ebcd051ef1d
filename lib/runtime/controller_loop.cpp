#include "controller_loop.hpp"

#include "user_code.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gwctl::detail {
namespace {

namespace asio = boost::asio;

/// So many events a run is asked about: what writes more is no quiet echo, and memory stays bounded.
constexpr std::size_t shown_at_most = 64;

double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

} // namespace

void ask_user(std::string_view failure, const std::function<void()>& f, const any_change& c) {
    const auto fields = [&] { return std::vector<log::field>{{"object", to_string(key_of(c.metadata()))}}; };
    guard_user_code(failure, fields, f);
}

bool is_unwanted(const std::function<bool()>& predicate, const any_change& c) {
    bool wanted = true;
    ask_user(
        "a predicate threw: the change counts as wanted", [&] { wanted = predicate(); }, c);
    return !wanted;
}

controller_loop::controller_loop(controller_spec spec, controller_environment environment)
    : spec_(std::move(spec)), environment_(std::move(environment)),
      metrics_(environment_.registry, spec_.name), queue_(spec_.retry) {
    metrics_.max_concurrent.Set(spec_.workers);
    if (spec_.finalizer.empty())
        spec_.finalizer =
            (spec_.type.group.empty() ? "gwctl" : std::string(spec_.type.group)) + "/" + spec_.name;
    for (controller_source& s : spec_.sources)
        connect(s);
}

void controller_loop::connect(controller_source& source) {
    source.table->on_state([alive = std::weak_ptr<controller_loop*>(alive_)](store_state) {
        if (const auto self = alive.lock())
            (*self)->sources_changed_.notify_all();
    });
    if (!source.map)
        return;
    source.table->on_change_any([alive = std::weak_ptr<controller_loop*>(alive_), map = source.map,
                                 type = source.table->type()](const any_change& c) {
        const auto self = alive.lock();
        if (!self)
            return;
        map(c, [&](object_key key) { (*self)->changed(type, c, std::move(key)); });
    });
}

/// A source showed what concerns the key.
void controller_loop::changed(const resource_type& type, const any_change& c, object_key key) {
    const steady_time now = environment_.time.now();
    if (c.initial) {
        queue_.add_to_backlog(key, now);
        return queue_changed();
    }
    if (queue_.backlog() == 0 || !c.now)
        return enqueue(std::move(key));
    const std::string& version = c.now.metadata->resourceVersion;
    const auto run = running_.find(key);
    if (run != running_.end() && run->second.priority < 0 && run->second.shown.size() < shown_at_most) {
        if (run->second.shown.empty())
            run->second.shown_since = now;
        run->second.shown.emplace_back(type, version);
        return;
    }
    enqueue(std::move(key), own_.find(type, version).value_or(0));
}

void controller_loop::enqueue(object_key key, int priority) {
    queue_.add(key, environment_.time.now(), priority);
    queue_changed();
}

void controller_loop::queue_changed() {
    metrics_.queue_changed(queue_);
    if (!started_)
        return;
    if (queue_.depth() > 0)
        work_.notify_all();
    const auto due = queue_.next_due();
    if (due && *due < alarm_at_)
        due_changed_.notify_all();
}

bool controller_loop::sources_ready() const {
    for (const controller_source& s : spec_.sources) {
        const store_state state = s.table->state();
        const bool refused = state == store_state::denied || state == store_state::failing;
        if (!s.table->usable() && !(spec_.allow_unsynced && refused))
            return false;
    }
    return true;
}

task<void> controller_loop::run(task_group& workers) {
    while (!sources_ready() && !stopping_)
        co_await sources_changed_.wait();
    if (stopping_)
        co_return;
    started_ = true;
    log::info("starting workers", {{"controller", spec_.name}, {"workers", spec_.workers}});
    for (unsigned i = 0; i < spec_.workers; ++i)
        workers.spawn(spec_.name, worker());
    environment_.progress();
    co_await alarm();
}

void controller_loop::shut_down() {
    stopping_ = true;
    queue_.shut_down();
    sources_changed_.notify_all();
    work_.notify_all();
    due_changed_.notify_all();
}

/// Wakes the workers when a delay is over.
task<void> controller_loop::alarm() {
    while (!stopping_) {
        alarm_at_ = queue_.next_due().value_or(steady_time::max());
        if (alarm_at_ == steady_time::max()) {
            co_await due_changed_.wait();
        } else if (alarm_at_ > environment_.time.now()) {
            co_await sleep_or_notified(environment_.time, alarm_at_, due_changed_);
        } else {
            work_.notify_all();
            // The workers may be busy for long; what is due by then they find themselves.
            queue_.make_due_ready(environment_.time.now());
            metrics_.queue_changed(queue_);
        }
    }
}

task<void> controller_loop::worker() {
    while (!stopping_) {
        std::optional<work_queue::item> item = queue_.pop(environment_.time.now());
        if (!item) {
            co_await work_.wait();
            continue;
        }
        metrics_.queue_changed(queue_);
        co_await process(std::move(*item));
        // Lets others have a turn after a reconcile that never had to wait.
        co_await asio::post(asio::use_awaitable);
    }
}

/// Whether the stores do not yet show what an earlier run of this key wrote; it then comes back when they do.
bool controller_loop::must_wait(const work_queue::item& item) {
    const steady_time now = environment_.time.now();
    const own_writes::unseen* unseen = unseen_.find(item.key);
    if (unseen != nullptr && now >= unseen->give_up) {
        log::warn("the watch does not show an earlier write; going on without",
                  {{"controller", spec_.name},
                   {"object", describe(spec_.type, item.key)},
                   {"kind", unseen->writes.front().table->type().qualified_name()},
                   {"resourceVersion", unseen->writes.front().version}});
        unseen_.forget(item.key);
        unseen = nullptr;
    }
    if (unseen == nullptr) {
        held_.erase(item.key);
        return false;
    }
    queue_.add_after(item.key, unseen->give_up - now, now, item.priority);
    const own_writes::unseen_write& first = unseen->writes.front();
    if (held_.insert(item.key).second)
        first.table->when_at_least(
            first.version, first.namespace_,
            [alive = std::weak_ptr<controller_loop*>(alive_), key = item.key, priority = item.priority] {
                const auto self = alive.lock();
                if (!self)
                    return;
                (*self)->held_.erase(key);
                (*self)->enqueue(key, priority);
            });
    return true;
}

void controller_loop::wrote(const object_key& reconciled, const resource_type& type,
                            const ObjectMeta& written) {
    for (object_table* t : environment_.tables_showing(type, written))
        unseen_.note(reconciled, *t, written, environment_.time.now());
    note_own(reconciled, type, written);
}

/// The event of what a run of low priority wrote has that priority, too.
void controller_loop::note_own(const object_key& reconciled, const resource_type& type,
                               const ObjectMeta& written) {
    const auto run = running_.find(reconciled);
    if (run != running_.end() && run->second.priority < 0 && queue_.backlog() > 0)
        own_.note(type, written.resourceVersion, run->second.priority);
}

/// The last of a run: what came meanwhile leads to another one.
void controller_loop::ended(const object_key& key) {
    if (const auto run = running_.extract(key))
        for (const auto& [type, version] : run.mapped().shown)
            queue_.add(key, run.mapped().shown_since, own_.find(type, version).value_or(0));
    queue_.done(key, environment_.time.now());
    if (queue_.backlog() == 0)
        own_.clear();
    queue_changed();
    environment_.progress();
}

task<void> controller_loop::process(work_queue::item item) {
    struct running {
        controller_loop& loop;
        const object_key& key;
        ~running() { loop.ended(key); }
    };
    const object_key key = item.key;
    const running end{*this, key};
    if (must_wait(item))
        co_return;

    ++runs_;
    const steady_time start = environment_.time.now();
    running_[key] = {start, item.priority, false, {}, {}};
    metrics_.queue_time.Observe(seconds(item.waited));
    metrics_.active_workers.Increment();
    context c(environment_.api, environment_.time, object_log(spec_.name, describe(spec_.type, key)), key,
              *this);
    std::exception_ptr failure;
    action next = await_change();
    const observed_run seen(environment_.observer, spec_.name, spec_.table->type(), key,
                            spec_.table->get_any(key).metadata);
    try {
        if (spec_.timeout)
            next = co_await run_within(c, key, *spec_.timeout);
        else
            next = co_await run_once(c, key);
    } catch (...) {
        failure = std::current_exception();
    }
    metrics_.active_workers.Decrement();
    const double took = seconds(environment_.time.now() - start);
    metrics_.reconcile_time.Observe(took);
    metrics_.work_time.Observe(took);
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) {
        if (failure)
            c.log.warn("reconcile was cancelled: it did not end within the drain timeout");
        co_return;
    }
    finish(key, c.log, next, failure);
}

/// As `run_once`, but cancels it when the time is up, and then waits for its end all the same.
task<action> controller_loop::run_within(context& c, object_key key, std::chrono::nanoseconds limit) {
    const auto executor = co_await asio::this_coro::executor;
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, run_once(c, std::move(key)), asio::deferred),
        asio::co_spawn(executor, environment_.time.sleep_for(limit), asio::deferred));
    const auto [order, failure, next, awakened] =
        co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const bool in_time = order[0] == 0 || awakened;
    if (!in_time)
        metrics_.timeouts.Increment();
    if (!failure)
        co_return next;
    if (in_time || !is_cancellation(failure))
        std::rethrow_exception(failure);
    throw api_error(errc::timeout, fmt::format("the reconcile did not end within {} s, its timeout, and was "
                                               "cancelled; see what it waits for, or give it longer",
                                               seconds(limit)));
}

task<action> controller_loop::run_once(context& c, object_key key) {
    any_reconciler& r = *spec_.reconciler;
    if (const any_unreadable* u = spec_.table->unreadable_any(key)) {
        // To a reconciler the object would look as if it were gone.
        if (r.has_undecodable)
            co_await r.undecodable(c, key, u->error);
        co_return await_change();
    }
    if (r.by_key)
        co_return co_await r.reconcile(c, key, nullptr);
    const any_object object = spec_.table->get_any(key);
    if (!object) {
        if (r.has_deleted)
            co_await r.deleted(c, key);
        co_return await_change();
    }
    if (r.has_cleanup) {
        const ObjectMeta& meta = *object.metadata;
        const bool held = std::find(meta.finalizers.begin(), meta.finalizers.end(), spec_.finalizer) !=
                          meta.finalizers.end();
        if (!meta.deletionTimestamp.empty()) {
            if (held) {
                co_await r.cleanup(c, object.object.get());
                co_await set_finalizer(object, false);
            }
            co_return await_change();
        }
        if (!held) {
            // Only what the store shows as held is reconciled, so that no reconcile goes without clean-up.
            co_await set_finalizer(object, true);
            run_state& run = running_.at(key);
            run.unfinished = true;
            queue_.add(key, environment_.time.now(), run.priority);
            co_return await_change();
        }
    }
    co_return co_await r.reconcile(c, key, object.object.get());
}

void controller_loop::finish(const object_key& key, const object_log& log, const action& next,
                             const std::exception_ptr& failure) {
    const steady_time now = environment_.time.now();
    const run_state& run = running_.at(key);
    // The first list's priority lasts as long as its backlog.
    const int kept = queue_.backlog() > 0 ? std::min(run.priority, 0) : 0;
    if (!run.unfinished)
        queue_.leave_backlog(key);
    if (!failure && next.delay() && *next.delay() <= next.delay()->zero())
        return run_again_at_once(key, log, next.priority().value_or(kept));
    at_once_.erase(key);
    if (!failure) {
        queue_.forget(key);
        last_errors_.erase(key);
        if (next.delay())
            queue_.add_after(key, *next.delay(), now, next.priority().value_or(kept));
        (next.delay() ? metrics_.requeue_after : metrics_.success).Increment();
        return;
    }

    metrics_.failure.Increment();
    metrics_.errors.Increment();
    const std::string what = what_of(failure);
    bool routine = false;
    try {
        std::rethrow_exception(failure);
    } catch (const terminal_error&) {
        queue_.forget(key);
        last_errors_.erase(key);
        metrics_.terminal_errors.Increment();
        log.error("reconcile failed; waiting for a change", {{"error", what}});
        return;
    } catch (const api_error& e) {
        routine = e.code() == errc::conflict;
    } catch (const std::exception&) {
    } catch (...) {
        metrics_.panics.Increment();
    }
    queue_.retry(key, now);
    metrics_.retries.Increment();
    last_errors_[key] = what;
    if (routine)
        log.debug("reconcile met a conflict; trying again", {{"error", what}});
    else
        log.error("reconcile failed; trying again", {{"error", what}, {"failures", queue_.failures(key)}});
}

/// A delay of zero, taken at its word, would be a loop without an end: it grows like that of a failure.
void controller_loop::run_again_at_once(const object_key& key, const object_log& log, int priority) {
    queue_.retry(key, environment_.time.now(), priority);
    metrics_.requeue.Increment();
    metrics_.retries.Increment();
    last_errors_[key] = "asks to run again at once";
    at_once_.insert(key);
    if (!std::exchange(warned_at_once_, true))
        log.warn(
            "requeue_after of zero or less: running again with a growing backoff, as after failures; return "
            "await_change() when there is nothing to do before the next change, or a delay above zero. This "
            "controller says so once");
}

} // namespace gwctl::detail
