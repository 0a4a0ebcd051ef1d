#include "cluster.hpp"
#include "foreign_fields.hpp"
#include "repairs.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <utility>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

/// Runs every write although some fail, and throws the first failure at the end.
class write_guard {
public:
    /// To be called from the handler of `e`.
    void failed(const api_error& e) {
        if (!first_)
            first_ = std::current_exception();
        if (reason_.empty() && !is_transient(e.code()) && e.code() != errc::conflict)
            reason_ = e.what();
    }
    /// Why a write was refused that trying again will not mend; empty when none was.
    const std::string& reason() const { return reason_; }
    bool has_failed() const { return static_cast<bool>(first_); }
    void rethrow() const {
        if (first_)
            std::rethrow_exception(first_);
    }

private:
    std::exception_ptr first_;
    std::string reason_;
};

template <Resource T>
task<void> apply_all(context& ctx, std::vector<T> objects, write_guard& guard) {
    for (T& object : objects) {
        const std::string what = gwctl::describe(object);
        try {
            const T applied = co_await ctx.api.apply(std::move(object));
            ctx.wrote(applied);
            ctx.log.info("applied", {{"wrote", what}});
        } catch (const api_error& e) {
            guard.failed(e);
        }
    }
}

template <Resource T>
task<void> remove_all(context& ctx, std::vector<object_key> keys, write_guard& guard) {
    for (const object_key& key : keys) {
        const std::string what = gwctl::describe(T::type, key);
        try {
            co_await ctx.api.remove<T>(key);
            ctx.log.info("deleted", {{"wrote", what}});
        } catch (const api_error& e) {
            if (e.code() != errc::not_found)
                guard.failed(e);
        }
    }
}

/// Applies, and takes away what others added and apply leaves.
task<Service> apply_service(cluster& c, context& ctx, const Service& wanted) {
    const object_key key = key_of(wanted);
    std::optional<std::string> removal;
    std::exception_ptr refusal;
    Service applied;
    try {
        Service sent = wanted;
        applied = co_await ctx.api.apply(std::move(sent));
        removal = render_foreign_removal(applied, wanted);
    } catch (const api_error& e) {
        // A port that somebody changed keeps its name, which the one that apply adds has too.
        const auto live = c.services.get(key);
        if (e.code() == errc::invalid && live)
            removal = render_foreign_removal(*live, wanted);
        if (!removal)
            throw;
        refusal = std::current_exception();
    }
    if (removal) {
        auto change = patch::merge_patch(std::move(*removal));
        applied = co_await ctx.api.patch<Service>(key, change);
    }
    if (refusal) {
        Service sent = wanted;
        applied = co_await ctx.api.apply(std::move(sent));
    }
    co_return applied;
}

task<void> write_service(cluster& c, context& ctx, const service_write& w) {
    if (w.what == service_write::verb::remove) {
        co_await ctx.api.remove<Service>(w.key);
        ctx.log.info("deleted", {{"wrote", gwctl::describe(Service::type, w.key)}});
        co_return;
    }
    if (w.what == service_write::verb::apply) {
        const Service applied = co_await apply_service(c, ctx, w.applied);
        ctx.wrote(applied);
        ctx.log.info("applied", {{"wrote", gwctl::describe(applied)}});
        co_return;
    }
    auto change = patch::merge_patch(w.patch);
    const Service patched = co_await ctx.api.patch<Service>(w.key, change);
    ctx.wrote(patched);
    ctx.log.info("updated", {{"wrote", gwctl::describe(patched)}});
}

task<void> write_services(cluster& c, context& ctx, std::vector<service_write> writes, write_guard& guard) {
    hand_over ports;
    for (const service_write& w : writes) {
        if (!ports.may(w))
            continue; // the failure that keeps it from its port brings us back
        const bool is_users =
            w.what == service_write::verb::give_back || w.what == service_write::verb::borrow;
        try {
            co_await write_service(c, ctx, w);
        } catch (const api_error& e) {
            if (e.code() == errc::not_found)
                continue;
            ports.failed(w);
            // A user's Service, and perhaps a record that the user broke: that must not stop the Gateway.
            if (is_users && (e.code() == errc::invalid || e.code() == errc::bad_request))
                ctx.log.warn("the API server refused to change a Service",
                             {{"service", to_string(w.key)}, {"error", e.what()}});
            else
                guard.failed(e);
        }
    }
}

/// What no status tells: an Event each, and not again at the next reconcile.
void report(cluster& c, const context& ctx, const desired_state& desired) {
    std::set<std::string> told = std::exchange(c.told[ctx.key()], {});
    const auto is_news = [&](const std::string& message) {
        c.told[ctx.key()].insert(message);
        return !told.contains(message);
    };
    for (const problem& p : desired.problems)
        if (p.route == nullptr && is_news(p.message)) // else the route's status says so
            ctx.log.warn(p.message);
    for (const notice& said : desired.notices) {
        const auto service = c.services.get(said.service);
        if (!service || !is_news(said.message))
            continue;
        ctx.log.warn(said.message);
        c.events.record(*service, event_type::warning, "LeftByGoController", said.message);
    }
    if (c.told[ctx.key()].empty())
        c.told.erase(ctx.key());
}

/// One Event per condition that turned, so that `kubectl describe` tells what was decided and why.
void announce(context& ctx, const Gateway& gateway, const Gateway::Status& wanted) {
    for (const std::string_view type : {"Accepted", "Programmed"}) {
        const Condition* before = find_condition(gateway.status.conditions, type);
        const Condition* after = find_condition(wanted.conditions, type);
        if (after == nullptr ||
            (before != nullptr && before->reason == after->reason && before->message == after->message))
            continue;
        const bool expected = after->status == "True" || after->reason == "Pending";
        ctx.event(gateway, expected ? event_type::normal : event_type::warning, after->reason,
                  after->message);
    }
}

task<void> write_status(context& ctx, const Gateway& gateway, Gateway::Status wanted) {
    if (wanted == gateway.status)
        co_return;
    // A merge patch with every list written out: empty ones must clear what is there, and lists that this
    // version of gwctl does not know stay.
    json::object status{{"addresses", boost::json::parse(json::encode(wanted.addresses))},
                        {"conditions", boost::json::parse(json::encode(wanted.conditions))},
                        {"listeners", boost::json::parse(json::encode(wanted.listeners))}};
    if (wanted.attachedListenerSets)
        status["attachedListenerSets"] = *wanted.attachedListenerSets;
    const json::object body{{"metadata", {{"resourceVersion", gateway.metadata.resourceVersion}}},
                            {"status", status}};
    auto change = patch::merge_patch(boost::json::serialize(body));
    const object_key key = key_of(gateway);
    try {
        const Gateway written = co_await ctx.api.patch_status<Gateway>(key, change);
        ctx.wrote(written);
    } catch (const api_error& e) {
        if (e.code() == errc::not_found)
            co_return; // deleted meanwhile, which brings us back
        throw;
    }
    announce(ctx, gateway, wanted);
    const Condition* programmed = find_condition(wanted.conditions, "Programmed");
    std::string addresses;
    for (const auto& a : wanted.addresses)
        addresses += (addresses.empty() ? "" : ",") + a.value.value_or("");
    ctx.log.info("status written", {{"programmed", programmed->status},
                                    {"reason", programmed->reason},
                                    {"addresses", addresses},
                                    {"message", programmed->message}});
}

/// Writes the record of an allocation before anything uses the address; gives back the Gateway as it is then.
task<std::shared_ptr<const Gateway>> write_record(context& ctx, std::shared_ptr<const Gateway> gateway,
                                                  std::string record) {
    if (record.empty())
        co_return gateway;
    auto change = patch::merge_patch(std::move(record));
    const object_key key = key_of(*gateway);
    auto written = std::make_shared<Gateway>(co_await ctx.api.patch<Gateway>(key, change));
    ctx.wrote(*written);
    ctx.log.info("address recorded");
    co_return written;
}

/// Remembers the parameters that are in force, for when an edit breaks them.
task<std::shared_ptr<const Gateway>> write_parameters_record(cluster& c, context& ctx,
                                                             std::shared_ptr<const Gateway> gateway,
                                                             std::string record) {
    std::string change = render_parameters_record(gateway->metadata, record, c.named);
    if (change.empty())
        co_return gateway;
    auto body = patch::merge_patch(std::move(change));
    const object_key key = key_of(*gateway);
    auto written = std::make_shared<Gateway>(co_await ctx.api.patch<Gateway>(key, body));
    ctx.wrote(*written);
    co_return written;
}

/// Routes wait for what is made of them, also when nothing can be written for the Gateway.
void publish_unwritten(cluster& c, const context& ctx, const std::shared_ptr<const Gateway>& gateway,
                       const gateway_settings& settings) {
    const assignment assigned = c.addresses().assign(*gateway, settings.effective);
    const snapshot s = c.snapshot_of(gateway, settings);
    desired_state desired = plan(s, assigned.result, settings.effective, ctx.time.wall_now());
    c.publish(key_of(*gateway), std::move(desired.outcomes));
}

task<void> carry_out(cluster& c, context& ctx, desired_state desired, write_guard& guard) {
    report(c, ctx, desired);
    co_await apply_all(ctx, std::move(desired.slices), guard);
    co_await write_services(c, ctx, std::move(desired.writes), guard);
    co_await remove_all<EndpointSlice>(ctx, std::move(desired.unwanted_slices), guard);
}

} // namespace

task<action> reconcile_gateway(cluster& c, context& ctx, object_key key) {
    if (const std::string blocked = c.blocked_by(); !blocked.empty()) {
        ctx.log.warn("nothing is decided until all sources are readable", {{"blocked", blocked}});
        co_return requeue_after(std::chrono::seconds(10));
    }
    write_guard guard;
    std::shared_ptr<const Gateway> gateway = c.gateways.get(key);
    const bool exists = gateway && gateway->metadata.deletionTimestamp.empty();
    if (exists && !c.classes.get(object_key(gateway->spec.gatewayClassName)))
        co_return await_change(); // whose it is cannot be told; what there is stays
    if (!exists || !c.is_ours(*gateway)) {
        c.waiting.erase(key);
        c.forget_outcomes(key);
        c.changes.forget_objects_of(key);
        if (!gateway)
            c.changes.forget(gwctl::describe(Gateway::type, key));
        desired_state removal = plan_removal(c.remains_of(key), c.opts);
        if (c.opts.observe_only) {
            c.changes.would(ctx.log, gwctl::describe(Gateway::type, key), describe_writes(c, removal));
            co_return await_change();
        }
        co_await carry_out(c, ctx, std::move(removal), guard);
        guard.rethrow();
        co_return await_change();
    }

    if (c.opts.observe_only) {
        observe_gateway(c, ctx, gateway);
        co_return await_change();
    }
    const gateway_settings settings = c.settings_of(*gateway);
    assignment assigned;
    try {
        gateway = co_await write_parameters_record(c, ctx, gateway, settings.record);
        assigned = c.addresses().assign(*gateway, settings.effective);
        if (assigned.freed)
            c.address_freed();
        if (assigned.result.usable.holds)
            c.waiting.erase(key);
        else
            c.waiting.insert(key);
        gateway = co_await write_record(ctx, gateway, assigned.record);
    } catch (const api_error&) {
        publish_unwritten(c, ctx, gateway, settings);
        throw;
    }

    const snapshot s = c.snapshot_of(gateway, settings); // the plan's problems refer to its routes
    desired_state desired = plan(s, assigned.result, settings.effective, ctx.time.wall_now());
    c.publish(key, std::move(desired.outcomes));
    Gateway::Status status = std::move(desired.status);
    const std::vector<applied_object> objects = std::move(desired.objects);
    std::vector<drift> drifts = c.changes.find_drift(key, objects);
    const std::vector<repair> repairs = co_await describe_repairs(c, ctx, std::move(drifts), "v1");
    co_await carry_out(c, ctx, std::move(desired), guard);
    if (!guard.has_failed()) {
        report_repairs(c, ctx, *gateway, repairs);
        c.changes.settled(key, objects);
    }
    if (!guard.reason().empty()) {
        const std::string reason = "The API server refused a write for this Gateway: " + guard.reason();
        refuse_programmed(status.conditions, gateway->status.conditions,
                          gateway->metadata.generation.value_or(0), reason, ctx.time.wall_now());
    }
    if (const Condition* programmed = find_condition(status.conditions, "Programmed");
        programmed != nullptr && programmed->reason == "NoResources")
        c.waiting.insert(key); // for a Service that has the name of ours
    std::vector<drift> status_drift = find_status_drift(c, *gateway, status);
    const std::vector<repair> status_repairs =
        co_await describe_repairs(c, ctx, std::move(status_drift), c.served_version(Gateway::type));
    std::string settled = without_times(status);
    co_await write_status(ctx, *gateway, std::move(status));
    report_repairs(c, ctx, *gateway, status_repairs);
    c.changes.status_settled(gwctl::describe(*gateway), gateway->metadata, settled);
    guard.rethrow();
    co_return await_change();
}

} // namespace gwctl::gateway::detail
