// A status that somebody else changed.
#pragma once

#include "writer.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace gwctl::gateway::detail {

/// A status as text, for telling whether the same is wanted as before: without the times of its conditions.
std::string without_times(json::value status);

/// Of one reconcile of a GatewayClass, Gateway or ListenerSet. Observing, it does nothing.
template <Resource T>
class status_repair {
public:
    /// All must outlive it.
    status_repair(cluster& c, context& ctx, const writer& writes, const T& live,
                  const typename T::Status& wanted)
        : c_(c), ctx_(ctx), writes_(writes), live_(live), wanted_(wanted), id_(gwctl::describe(live)) {}

    /// To be called before the write, while it can be told who made the change. How long the status must be
    /// left as it is; nothing when it may be written.
    task<std::optional<std::chrono::nanoseconds>> look() {
        if (!is_drift())
            co_return std::nullopt;
        const auto rest = c_.repair_rests.rest_of("status of " + id_, ctx_.time.now());
        if (rest)
            co_return rest;
        drift d;
        d.type = T::type;
        d.key = key_of(live_);
        d.of_status = true;
        d.fields = differences(json::object{{"status", json::to_value(live_.status)}},
                               json::object{{"status", json::to_value(wanted_)}});
        if (d.fields.empty())
            co_return std::nullopt;
        const json::value object = co_await fetch(ctx_, d.type, c_.served_version(d.type), d.key);
        const std::string changer = find_changer(object, d, ctx_.api.options().field_manager);
        message_ = describe_drift(d, changer);
        co_return std::nullopt;
    }

    /// The status is as it is wanted, whether it had to be written or not.
    void settled() {
        if (writes_.observes())
            return;
        c_.changes.status_settled(id_, live_.metadata, without_times(json::to_value(wanted_)));
        if (message_.empty())
            return;
        message_ += describe_rest(c_.repair_rests.repaired("status of " + id_, ctx_.time.now()), c_.opts);
        ctx_.log.warn(message_);
        ctx_.event(live_, event_type::warning, "DriftRepaired", message_);
        c_.changes.count_repair(T::type);
    }

private:
    bool is_drift() const {
        return !writes_.observes() && !(wanted_ == live_.status) &&
               c_.changes.is_status_drift(id_, live_.metadata, without_times(json::to_value(wanted_)));
    }

    cluster& c_;
    context& ctx_;
    const writer& writes_;
    const T& live_;
    const typename T::Status& wanted_;
    std::string id_;
    std::string message_{};
};

} // namespace gwctl::gateway::detail
