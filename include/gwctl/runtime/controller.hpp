/// Controllers: which changes lead to reconciling which objects.
#pragma once

#include <gwctl/core/backoff.hpp>
#include <gwctl/runtime/reconciler.hpp>
#include <gwctl/runtime/store.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gwctl {

/// A running controller, owned by its manager.
class controller {
public:
    virtual ~controller() = default;
    virtual const std::string& name() const noexcept = 0;
    /// Asks for a reconcile of `key`, for a reason that no watch shows. From the manager's thread; higher
    /// priorities go first, 0 is usual. A key that has been ready for 60 s goes before higher ones, though
    /// never two such in a row.
    virtual void enqueue(object_key key, int priority = 0) = 0;
};

/// A predicate for `controller_builder::where`: the spec changed, or the object came or went. Misses changes
/// of labels and annotations. Objects without a generation always pass.
inline constexpr auto generation_changed = [](const auto& old, const auto& now) {
    return !old || !now || !now->metadata.generation ||
           old->metadata.generation != now->metadata.generation ||
           old->metadata.deletionTimestamp != now->metadata.deletionTimestamp;
};

/// A predicate: anything changed at all; filters what lists repeat.
inline constexpr auto resource_version_changed = [](const auto& old, const auto& now) {
    return !old || !now || old->metadata.resourceVersion != now->metadata.resourceVersion;
};

namespace detail {

using key_sink = std::function<void(object_key)>;

struct controller_source {
    object_table* table = nullptr;
    std::function<void(const any_change&, const key_sink&)> map{};
};

struct controller_spec {
    std::string name{};
    resource_type type{};
    object_table* table = nullptr;
    std::vector<controller_source> sources{};
    unsigned workers = 1;
    bool allow_unsynced = false;
    std::string finalizer{};
    backoff_policy retry{};
    std::optional<std::chrono::nanoseconds> timeout{};
    std::unique_ptr<any_reconciler> reconciler{};
    std::uint64_t draft = 0; ///< as the host knows a controller that is not finished yet
};

/// The manager as controllers see it while they are being put together.
class controller_host {
public:
    virtual ~controller_host() = default;
    virtual object_table& table(const kind_ops& kind, cache_scope scope) = 0;
    /// A controller of that name was begun. Until `add` gets its spec it is a mistake to run.
    virtual std::uint64_t begin(const std::string& name) = 0;
    virtual controller& add(controller_spec spec) = 0;
};

/// The key of the owner whose kind is `owner`, from the object's controller reference.
std::optional<object_key> owner_key(const ObjectMeta& object, const resource_type& owner);

std::string lower_case(std::string_view text);

/// Calls a function of the user about a change. What the function throws ends in an error line that says `failure`
/// and names the object.
void ask_user(std::string_view failure, const std::function<void()>& f, const any_change& c);
/// Whether a predicate says no; one that throws does not.
bool is_unwanted(const std::function<bool()>& predicate, const any_change& c);

} // namespace detail

/// Puts a controller for objects of kind T together. Get one from `manager::control`, and end with
/// `reconcile_with`: `manager::run` refuses to start while a controller is unfinished.
template <Resource T>
class controller_builder {
public:
    controller_builder(detail::controller_host& host, std::string name, cache_scope scope) : host_(host) {
        spec_.name = name.empty() ? detail::lower_case(T::type.kind) : std::move(name);
        spec_.type = T::type;
        spec_.table = &host.table(detail::ops_of<T>, std::move(scope));
        spec_.draft = host.begin(spec_.name);
    }

    /// Objects of kind U whose controller reference names a T lead to that T.
    template <Resource U>
    controller_builder& owns(cache_scope scope = {}) {
        return source<U>(std::move(scope), [](const detail::any_change& c, const detail::key_sink& add) {
            for (const ObjectMeta* meta : {c.old.metadata, c.now.metadata, c.partial.metadata})
                if (meta != nullptr)
                    if (auto owner = detail::owner_key(*meta, T::type))
                        add(std::move(*owner));
        });
    }

    /// Objects of kind U lead to the keys that `map` returns; it is asked for the object as it was and as it
    /// is.
    template <Resource U, class Map>
    requires std::is_invocable_r_v<std::vector<object_key>, Map&, const U&> controller_builder&
    watches(Map map, cache_scope scope = {}) {
        return source<U>(std::move(scope), [m = std::move(map)](const detail::any_change& c,
                                                                const detail::key_sink& add) mutable {
            for (const detail::any_object* o : {&c.old, &c.now}) {
                if (!*o)
                    continue;
                std::vector<object_key> keys;
                const auto ask = [&] { keys = m(*static_cast<const U*>(o->object.get())); };
                detail::ask_user("a map function threw: nothing is reconciled for this state of the object",
                                 ask, c);
                for (object_key& key : keys)
                    add(std::move(key));
            }
        });
    }

    /// Waits for U like a source, but its changes lead to nothing.
    template <Resource U>
    controller_builder& reads(cache_scope scope = {}) {
        return source<U>(std::move(scope), {});
    }

    /// Ignores changes of T for which `wanted(old, now)` is false. Several must all be true.
    template <class Predicate>
    requires std::predicate < Predicate&, const std::shared_ptr<const T>
    &, const std::shared_ptr<const T>& > controller_builder& where(Predicate wanted) {
        wanted_.push_back(std::move(wanted));
        return *this;
    }

    /// How many objects may be reconciled at the same time. Default 1.
    controller_builder& workers(unsigned n) {
        spec_.workers = n;
        return *this;
    }

    /// Starts the workers although a source is denied or failing. The reconciler must then ask
    /// `store::synced()` wherever it concludes something from an absence.
    controller_builder& allow_unsynced() {
        spec_.allow_unsynced = true;
        return *this;
    }

    /// The finalizer of a reconciler with `cleanup`, as in "example.com/cleanup". Default: the kind's group
    /// ("gwctl" for the core group), a slash, and the controller's name.
    controller_builder& finalizer(std::string name) {
        spec_.finalizer = std::move(name);
        return *this;
    }

    controller_builder& retry(backoff_policy policy) {
        spec_.retry = policy;
        return *this;
    }

    /// How long one run may take, finalizer patches and `cleanup` included; then its coroutine is cancelled: what
    /// it awaits throws `boost::system::system_error` (operation_aborted). A run that ends by that has failed
    /// (`errc::timeout`) and is tried again. Of one that catches it, its own result or exception counts.
    /// Either is counted by `controller_runtime_reconcile_timeouts_total`. The key does not run again before
    /// the run has ended, and a run that does not await cannot be cancelled.
    /// Default: no limit. A limit of zero or less has `reconcile_with` throw `api_error` (precondition).
    controller_builder& timeout(std::chrono::nanoseconds limit) {
        spec_.timeout = limit;
        return *this;
    }

    /// Hands the controller to the manager, which starts it. `r` is copied or moved into it. Throws `api_error`
    /// (`errc::precondition`) when there is a controller of that name, and when an option cannot work.
    template <class R>
    controller& reconcile_with(R r) {
        static_assert(
            Reconciler<R, T>,
            "a reconciler is task<action>(context&, const T&) or task<action>(context&, object_key), "
            "or an object with a member function `reconcile` of that form");
        static_assert(!detail::HasNameCleanup<R> || HasCleanup<R, T>,
                      "`cleanup` of a reconciler is task<> cleanup(context&, const T&)");
        static_assert(!detail::HasNameDeleted<R> || HasDeleted<R>,
                      "`deleted` of a reconciler is task<> deleted(context&, object_key)");
        static_assert(
            !detail::HasNameUndecodable<R> || HasUndecodable<R>,
            "`undecodable` of a reconciler is task<> undecodable(context&, object_key, std::string error)");
        static_assert(
            ObjectFunction<R, T> || ObjectReconciler<R, T> || !(HasCleanup<R, T> || HasDeleted<R>),
            "a reconciler by key has neither `cleanup` nor `deleted`, which nothing would call: its "
            "`reconcile` runs for objects that are being deleted or gone, too; do there what they "
            "do, or let `reconcile` take a const T&");
        detail::controller_source own;
        own.table = spec_.table;
        own.map = [wanted = std::move(wanted_)](const detail::any_change& c, const detail::key_sink& add) {
            const auto old = std::static_pointer_cast<const T>(c.old.object);
            const auto now = std::static_pointer_cast<const T>(c.now.object);
            // What a predicate cannot be asked about is not filtered: the object cannot be read, or the predicate
            // throws.
            for (const auto& w : wanted)
                if (!c.partial && detail::is_unwanted([&] { return w(old, now); }, c))
                    return;
            add(key_of(c.metadata()));
        };
        spec_.sources.insert(spec_.sources.begin(), std::move(own));
        spec_.reconciler = std::make_unique<detail::typed_reconciler<T, R>>(std::move(r));
        return host_.add(std::move(spec_));
    }

private:
    template <Resource U>
    controller_builder& source(cache_scope scope,
                               std::function<void(const detail::any_change&, const detail::key_sink&)> map) {
        detail::controller_source s;
        s.table = &host_.table(detail::ops_of<U>, std::move(scope));
        s.map = std::move(map);
        spec_.sources.push_back(std::move(s));
        return *this;
    }

    detail::controller_host& host_;
    detail::controller_spec spec_;
    std::vector<std::function<bool(const std::shared_ptr<const T>&, const std::shared_ptr<const T>&)>>
        wanted_;
};

} // namespace gwctl
