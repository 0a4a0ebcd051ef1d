/// What a reconciler is, and what it gets.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/client.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/core/log.hpp>
#include <gwctl/core/task.hpp>
#include <gwctl/runtime/events.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gwctl {

/// When to reconcile an object again although nothing about it changed.
class [[nodiscard]] action {
public:
    std::optional<std::chrono::nanoseconds> delay() const noexcept { return delay_; }
    std::optional<int> priority() const noexcept { return priority_; }

private:
    friend action await_change() noexcept;
    friend action requeue_after(std::chrono::nanoseconds delay) noexcept;
    friend action requeue_after(std::chrono::nanoseconds delay, int priority) noexcept;
    std::optional<std::chrono::nanoseconds> delay_{};
    std::optional<int> priority_{};
};

inline action await_change() noexcept { return {}; }

/// Runs again after `delay`, or when something changes, if that is sooner.
///
/// A delay of zero or less is taken for a computed one that is over already: the object runs again after the
/// controller's backoff (`controller_builder::retry`), which grows for as long as it asks at once, as after
/// failures. The first time there is a warning, and `settled_report` names the object.
///
/// The priority is 0. While objects of the first list are still waiting for their first run it is that of the
/// run under way, so that an object of the first list goes on yielding to what users change.
inline action requeue_after(std::chrono::nanoseconds delay) noexcept {
    action a;
    a.delay_ = delay;
    return a;
}
/// The same at that priority: higher ones go first, 0 is that of changes, -100 that of the first list.
inline action requeue_after(std::chrono::nanoseconds delay, int priority) noexcept {
    action a = requeue_after(delay);
    a.priority_ = priority;
    return a;
}

/// Thrown by a reconciler when trying again cannot help; the next change of the object is the next try.
class terminal_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Log lines that name the controller and the object.
class object_log {
public:
    object_log(std::string controller, std::string object)
        : controller_(std::move(controller)), object_(std::move(object)) {}

    void debug(std::string_view message, std::initializer_list<log::field> fields = {}) const;
    void info(std::string_view message, std::initializer_list<log::field> fields = {}) const;
    void warn(std::string_view message, std::initializer_list<log::field> fields = {}) const;
    void error(std::string_view message, std::initializer_list<log::field> fields = {}) const;

private:
    void write(log::level l, std::string_view message, std::initializer_list<log::field> fields) const;
    std::string controller_;
    std::string object_;
};

namespace detail {
/// The controller's side of a context.
class reconcile_hooks {
public:
    virtual ~reconcile_hooks() = default;
    virtual void wrote(const object_key& reconciled, const resource_type& type,
                       const ObjectMeta& written) = 0;
    virtual event_recorder& events() = 0;
};
} // namespace detail

/// One run of a reconciler. Lives until the run ends.
class context {
public:
    context(const client& api_, clock& time_, object_log log_, object_key key, detail::reconcile_hooks& hooks)
        : api(api_), time(time_), log(std::move(log_)), key_(std::move(key)), hooks_(hooks) {
        api.writes_ = writes_;
    }
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// A client that remembers what this run creates, applies or patches with it or a copy of it. The next run
    /// for the same key waits until the manager's caches of those kinds show it (for 10 s at most), so it does
    /// not act on what was there before. Other keys do not wait. Nothing is remembered of `remove`, of `raw`,
    /// and of what a copy writes after the run. Copies are good as long as the manager is.
    client api;
    clock& time;
    const object_log log;

    /// The key being reconciled.
    const object_key& key() const noexcept { return key_; }

    template <Resource U>
    void event(const U& about, event_type type, std::string reason, std::string message) {
        hooks_.events().record(about, type, std::move(reason), std::move(message));
    }

private:
    object_key key_;
    detail::reconcile_hooks& hooks_;
    /// Only here, so that copies of `api` that outlive the run find nobody to tell.
    std::shared_ptr<const detail::write_observer> writes_ = std::make_shared<const detail::write_observer>(
        [this](const resource_type& type, const ObjectMeta& written) { hooks_.wrote(key_, type, written); });
};

template <class R, class T>
concept ObjectFunction = requires(R& r, context& c, const T& object) {
    { r(c, object) } -> std::same_as<task<action>>;
};
template <class R, class T>
concept ObjectReconciler = requires(R& r, context& c, const T& object) {
    { r.reconcile(c, object) } -> std::same_as<task<action>>;
};
template <class R>
concept KeyFunction = requires(R& r, context& c, object_key key) {
    { r(c, key) } -> std::same_as<task<action>>;
};
template <class R>
concept KeyReconciler = requires(R& r, context& c, object_key key) {
    { r.reconcile(c, key) } -> std::same_as<task<action>>;
};
template <class R, class T>
concept HasCleanup = requires(R& r, context& c, const T& object) {
    { r.cleanup(c, object) } -> std::same_as<task<void>>;
};
template <class R>
concept HasUndecodable = requires(R& r, context& c, object_key key, std::string error) {
    { r.undecodable(c, key, error) } -> std::same_as<task<void>>;
};
template <class R>
concept HasDeleted = requires(R& r, context& c, object_key key) {
    { r.deleted(c, key) } -> std::same_as<task<void>>;
};

/// Whether R can reconcile objects of kind T. It is a function, or an object with a member `reconcile`, in one
/// of two forms:
///
///     task<action> reconcile(context&, const T&);      // the object as it is in the store
///     task<action> reconcile(context&, object_key);    // looks up what it needs itself; also when it is gone
///
/// References are good until the returned task ends. Throwing means: try again, after 5 ms the first time and
/// twice as long each time after, up to 1000 s. `terminal_error` means: do not.
///
/// With the first form, and no other, an object may add, all optional:
///
///     task<> deleted(context&, object_key);            // the object is gone from the store
///     task<> cleanup(context&, const T&);              // the object is being deleted
///
/// Either form may add, also optional:
///
///     task<> undecodable(context&, object_key, std::string error);  // a field of the object does not fit T
///
/// Nothing else is called for such an object until it can be read: neither `reconcile`, which by key would find
/// nothing, nor `deleted`, nor `cleanup`, so its finalizer stays.
///
/// Having `cleanup` is having a finalizer: it is put on the object before the first `reconcile`, and taken off
/// after `cleanup` returned. `reconcile` does not see objects that are being deleted then.
template <class R, class T>
concept Reconciler = ObjectFunction<R, T> || ObjectReconciler<R, T> || KeyFunction<R> || KeyReconciler<R>;

namespace detail {

/// Finds what is misspelt in its parameters and would never be called.
template <class R>
concept HasNameCleanup = requires {
    &R::cleanup;
};
template <class R>
concept HasNameDeleted = requires {
    &R::deleted;
};
template <class R>
concept HasNameUndecodable = requires {
    &R::undecodable;
};

class any_reconciler {
public:
    virtual ~any_reconciler() = default;
    bool by_key = false;
    bool has_deleted = false;
    bool has_cleanup = false;
    bool has_undecodable = false;
    virtual task<action> reconcile(context& c, const object_key& key, const void* object) = 0;
    virtual task<void> deleted(context& c, const object_key& key) = 0;
    virtual task<void> cleanup(context& c, const void* object) = 0;
    virtual task<void> undecodable(context& c, const object_key& key, std::string error) = 0;
};

[[noreturn]] void unreachable_reconciler();

template <Resource T, class R>
class typed_reconciler final : public any_reconciler {
public:
    explicit typed_reconciler(R r) : r_(std::move(r)) {
        by_key = !ObjectFunction<R, T> && !ObjectReconciler<R, T>;
        has_deleted = HasDeleted<R>;
        has_cleanup = HasCleanup<R, T>;
        has_undecodable = HasUndecodable<R>;
    }
    task<action> reconcile(context& c, const object_key& key, const void* object) override {
        if constexpr (ObjectReconciler<R, T>)
            return r_.reconcile(c, *static_cast<const T*>(object));
        else if constexpr (ObjectFunction<R, T>)
            return r_(c, *static_cast<const T*>(object));
        else if constexpr (KeyReconciler<R>)
            return r_.reconcile(c, key);
        else
            return r_(c, key);
    }
    task<void> deleted(context& c, const object_key& key) override {
        if constexpr (HasDeleted<R>)
            return r_.deleted(c, key);
        else
            unreachable_reconciler();
    }
    task<void> cleanup(context& c, const void* object) override {
        if constexpr (HasCleanup<R, T>)
            return r_.cleanup(c, *static_cast<const T*>(object));
        else
            unreachable_reconciler();
    }
    task<void> undecodable(context& c, const object_key& key, std::string error) override {
        if constexpr (HasUndecodable<R>)
            return r_.undecodable(c, key, std::move(error));
        else
            unreachable_reconciler();
    }

private:
    R r_;
};

} // namespace detail
} // namespace gwctl
