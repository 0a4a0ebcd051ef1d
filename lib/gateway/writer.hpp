// The writes of one reconcile, or with options::observe_only what they would be.
#pragma once

#include "cluster.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace gwctl::gateway::detail {

/// Sends. Observing, it sends nothing and notes what would change; the
/// destructor logs that if it is not what the last reconcile of `id` noted.
class writer {
public:
    /// `c` and `ctx` must outlive it.
    writer(cluster& c, context& ctx, std::string id) : c_(c), ctx_(ctx), id_(std::move(id)) {}
    ~writer() {
        if (observes())
            c_.changes.would(ctx_.log, id_, std::move(noted_));
    }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    bool observes() const { return c_.opts.observe_only; }

    /// Whether to write. Observing: no, and it is noted that `verb` of `object` would change `fields()`.
    template <class Fields>
    bool may(std::string_view verb, const std::string& object, Fields fields) {
        if (observes())
            add_would(noted_, verb, object, fields());
        return !observes();
    }

    /// A merge patch (RFC 7386) of an object that is `live` now; what it has become. Null when observing.
    template <Resource T>
    task<std::shared_ptr<const T>> patch(const T& live, std::string body) {
        const bool is_meant = may("patch", gwctl::describe(live), [&] { return changes_of(live, body); });
        if (!is_meant)
            co_return nullptr;
        const object_key key = key_of(live);
        auto change = gwctl::patch::merge_patch(std::move(body));
        auto written = std::make_shared<const T>(co_await ctx_.api.template patch<T>(key, change));
        co_return written;
    }

    /// The same for a status. False when nothing was written: observing, or the object is gone meanwhile,
    /// which brings us back.
    template <Resource T>
    task<bool> patch_status(const T& live, json::object status) {
        const json::object body{{"metadata", {{"resourceVersion", live.metadata.resourceVersion}}},
                                {"status", std::move(status)}};
        std::string text = boost::json::serialize(body);
        const bool is_meant =
            may("patch status of", gwctl::describe(live), [&] { return changes_of(live, text); });
        if (!is_meant)
            co_return false;
        const object_key key = key_of(live);
        auto change = gwctl::patch::merge_patch(std::move(text));
        try {
            co_await ctx_.api.template patch_status<T>(key, change);
        } catch (const api_error& e) {
            if (e.code() != errc::not_found)
                throw;
            co_return false;
        }
        co_return true;
    }

    /// `fields`: those that are not as wanted. Null when observing.
    template <Resource T>
    task<std::shared_ptr<const T>> apply(T wanted, std::vector<field_difference> fields) {
        const std::string what = gwctl::describe(wanted);
        const bool is_meant = may(fields.empty() ? "create" : "apply", what, [&] { return fields; });
        if (!is_meant)
            co_return nullptr;
        auto applied = std::make_shared<const T>(co_await ctx_.api.apply(std::move(wanted)));
        ctx_.log.info("applied", {{"wrote", what}});
        co_return applied;
    }

    /// Deletes it as it is now, and what is gone already is well. An object that is another by then, or was
    /// changed, makes a conflict: the decision rests on what we saw, and a write that is late may come after
    /// the decisions of a successor.
    template <Resource T>
    task<void> remove(const T& live) {
        const std::string what = gwctl::describe(live);
        const bool is_meant = may("delete", what, [] { return std::vector<field_difference>(); });
        if (!is_meant)
            co_return;
        const object_key key = key_of(live);
        delete_options as_seen;
        as_seen.uid = live.metadata.uid;
        as_seen.resource_version = live.metadata.resourceVersion;
        try {
            co_await ctx_.api.template remove<T>(key, as_seen);
        } catch (const api_error& e) {
            if (e.code() != errc::not_found)
                throw;
            co_return;
        }
        ctx_.log.info("deleted", {{"wrote", what}});
    }

private:
    template <class T>
    static std::vector<field_difference> changes_of(const T& live, const std::string& body) {
        return patch_differences(json::to_value(live), boost::json::parse(body));
    }

    cluster& c_;
    context& ctx_;
    std::string id_;
    std::vector<std::string> noted_{};
};

} // namespace gwctl::gateway::detail
