#include "foreign_fields.hpp"
#include "in_pieces.hpp"
#include "merged_patch.hpp"
#include "one_answer.hpp"
#include "repairs.hpp"
#include "status_repair.hpp"
#include "waits.hpp"
#include "write_guard.hpp"
#include "writer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <utility>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

/// The fields that are not as wanted.
std::vector<field_difference> wrong_fields(const std::vector<applied_object>& objects,
                                           const resource_type& type, const object_key& key) {
    for (const applied_object& o : objects)
        if (o.type == type && o.key == key)
            return o.fields;
    return {};
}

/// Takes away what others added to an object of ours and apply leaves; from a fresh copy when somebody, such as the
/// announcer, writes at the same time.
template <Resource T>
task<void> remove_foreign(context& ctx, writer& writes, std::shared_ptr<const T> live, T wanted) {
    constexpr int tries = 5;
    for (int i = 1;; ++i) {
        std::optional<std::string> removal = render_foreign_removal(*live, wanted);
        if (!removal)
            co_return;
        try {
            co_await writes.patch(*live, std::move(*removal));
            co_return;
        } catch (const api_error& e) {
            if (e.code() != errc::conflict || i == tries)
                throw;
        }
        const json::value now = co_await fetch(ctx, T::type, std::string(T::type.version), key_of(wanted));
        if (now.is_null())
            co_return; // gone, or not to be read now: either shows in the caches, which bring us back
        live = std::make_shared<const T>(json::decode<T>(boost::json::serialize(now)).value());
    }
}

task<void> apply_slices(context& ctx, writer& writes, std::vector<EndpointSlice> slices,
                        const std::vector<applied_object>& objects, write_guard& guard) {
    for (EndpointSlice& slice : slices) {
        const object_key service(slice.metadata.namespace_,
                                 slice.metadata.labels.at(std::string(discovery_v1::label_service_name)));
        std::vector<field_difference> fields = wrong_fields(objects, EndpointSlice::type, key_of(slice));
        try {
            EndpointSlice sent = slice;
            auto applied = co_await writes.apply(std::move(sent), std::move(fields));
            if (applied)
                co_await remove_foreign(ctx, writes, std::move(applied), std::move(slice));
        } catch (const api_error& e) {
            guard.failed_for(service, e);
        }
    }
}

task<void> remove_slices(cluster& c, writer& writes, std::vector<object_key> keys, write_guard& guard) {
    for (const object_key& key : keys)
        try {
            if (const auto live = c.endpoint_slices.get(key))
                co_await writes.remove(*live);
        } catch (const api_error& e) {
            guard.failed(e);
        }
}

/// Applies, and takes away what others added and apply leaves. The version of a Service that exists is a condition: a
/// write that comes late, when a successor may have decided otherwise, gives and takes no port and no address.
task<void> apply_service(cluster& c, context& ctx, writer& writes, Service wanted,
                         std::vector<field_difference> fields) {
    const object_key key = key_of(wanted);
    std::shared_ptr<const Service> live = c.services.get(key);
    bool is_refused = false;
    try {
        Service sent = wanted;
        if (live)
            sent.metadata.resourceVersion = live->metadata.resourceVersion;
        auto applied = co_await writes.apply(std::move(sent), fields);
        live = std::move(applied);
    } catch (const api_error& e) {
        // A port that somebody changed keeps its name, which the one that apply adds has too.
        if (e.code() != errc::invalid || !live || !render_foreign_removal(*live, wanted))
            throw;
        is_refused = true;
    }
    if (!live)
        co_return; // observing
    co_await remove_foreign(ctx, writes, std::move(live), wanted);
    if (is_refused)
        co_await writes.apply(std::move(wanted), std::move(fields));
}

task<void> write_service(cluster& c, context& ctx, writer& writes, const service_write& w,
                         const std::vector<applied_object>& objects) {
    if (w.what == service_write::verb::remove) {
        if (const auto live = c.services.get(w.key))
            co_await writes.remove(*live);
    } else if (w.what == service_write::verb::apply) {
        std::vector<field_difference> fields = wrong_fields(objects, Service::type, w.key);
        co_await apply_service(c, ctx, writes, w.applied, std::move(fields));
    } else if (const auto live = c.services.get(w.key)) {
        std::string change = w.patch;
        co_await writes.patch(*live, std::move(change));
    }
}

task<void> write_services(cluster& c, context& ctx, writer& writes,
                          const std::vector<service_write>& in_order,
                          const std::vector<applied_object>& objects,
                          const std::map<object_key, std::string>& left_alone, write_guard& guard) {
    hand_over ports;
    for (const service_write& w : in_order) {
        if (const auto why = left_alone.find(w.key); why != left_alone.end()) {
            ports.failed(w);
            guard.keep_ports(why->second);
            continue;
        }
        const bool is_wanted = w.what == service_write::verb::apply || w.what == service_write::verb::borrow;
        if (!ports.may(w)) { // the failure that keeps it from its port, or what mends it, brings us back
            if (is_wanted)
                guard.hold_up(w.key);
            continue;
        }
        const bool is_users =
            w.what == service_write::verb::give_back || w.what == service_write::verb::borrow;
        // Finalizers that came after the plan keep it, and its ports.
        const auto live = c.services.get(w.key);
        if (w.what == service_write::verb::remove && live && is_held(*live) && !w.releases.empty()) {
            ports.failed(w);
            guard.keep_ports(describe_leaving(*live));
        }
        try {
            co_await write_service(c, ctx, writes, w, objects);
        } catch (const api_error& e) {
            if (e.code() == errc::not_found)
                continue;
            // A user's Service, and perhaps a record that the user broke: that must not stop the Gateway.
            const bool is_broken = is_users && (e.code() == errc::invalid || e.code() == errc::bad_request);
            const bool is_beside = w.key.namespace_ == ctx.key().namespace_;
            if (!is_broken || is_beside)
                ports.failed(w);
            if (is_broken && is_wanted)
                guard.refuse(w.key, e, "change what it names, or serve the route by behaviour merge");
            if (is_broken && is_beside && !is_wanted)
                guard.keep_ports(
                    fmt::format("the API server refuses to have Service {} as it was: {}; change what "
                                "it names",
                                to_string(w.key), e.what()));
            if (is_broken)
                ctx.log.warn("the API server refused to change a Service",
                             {{"service", to_string(w.key)}, {"error", e.what()}});
            else if (is_wanted)
                guard.failed_for(w.key, e);
            else
                guard.failed(e);
        }
    }
}

/// What no status tells: an Event each, and not again at the next reconcile.
void report(cluster& c, const context& ctx, const writer& writes, const desired_state& desired) {
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
        if (!writes.observes())
            c.events.record(*service, event_type::warning, "LeftByGoController", said.message);
    }
    if (c.told[ctx.key()].empty())
        c.told.erase(ctx.key());
}

/// One Event per condition that turned, so that `kubectl describe` tells what was decided and why.
void announce(context& ctx, const Gateway& gateway, const Gateway::Status& wanted, const names& n) {
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
    const Condition* before = find_condition(gateway.status.conditions, n.granted_condition());
    const Condition* after = find_condition(wanted.conditions, n.granted_condition());
    if (after != nullptr && after->reason == "OutsidePools" &&
        (before == nullptr || before->message != after->message))
        ctx.event(gateway, event_type::warning, after->reason, after->message);
    after = find_condition(wanted.conditions, n.endpoints_condition());
    if (after != nullptr && find_condition(gateway.status.conditions, n.endpoints_condition()) == nullptr)
        ctx.event(gateway, event_type::warning, after->reason, after->message);
}

task<void> write_status(cluster& c, context& ctx, writer& writes, const Gateway& gateway,
                        Gateway::Status wanted) {
    if (wanted == gateway.status)
        co_return;
    // Every list written out: empty ones must clear what is there, and lists that this version of gwctl does
    // not know stay.
    json::object status{{"addresses", json::to_value(wanted.addresses)},
                        {"conditions", json::to_value(wanted.conditions)},
                        {"listeners", json::to_value(wanted.listeners)}};
    if (wanted.attachedListenerSets)
        status["attachedListenerSets"] = *wanted.attachedListenerSets;
    const bool is_written = co_await writes.patch_status(gateway, std::move(status));
    if (!is_written)
        co_return;
    announce(ctx, gateway, wanted, c.named);
    const Condition* programmed = find_condition(wanted.conditions, "Programmed");
    std::string addresses;
    for (const auto& a : wanted.addresses)
        addresses += (addresses.empty() ? "" : ",") + a.value.value_or("");
    ctx.log.info("status written", {{"programmed", programmed->status},
                                    {"reason", programmed->reason},
                                    {"addresses", addresses},
                                    {"message", programmed->message}});
}

/// Writes the records, if there are any, before anything relies on it; the Gateway as it is then.
task<std::shared_ptr<const Gateway>>
write_record(context& ctx, writer& writes, std::shared_ptr<const Gateway> gateway, std::string record) {
    if (record.empty())
        co_return gateway;
    auto written = co_await writes.patch(*gateway, std::move(record));
    if (!written)
        co_return gateway; // observing
    ctx.log.info("recorded");
    co_return written;
}

/// Whether the Gateway has no address, and is to get none.
task<bool> is_refused_address(cluster& c, std::shared_ptr<const Gateway> gateway) {
    if (!gateway->status.addresses.empty())
        co_return false;
    const auto judged = co_await c.judge(gateway);
    co_return !may_get_address(judged->state, judged->attached, c.named);
}

/// What keeps the Gateway from an address that it is to get; nothing when it has all that it asks for.
task<std::optional<unknown_source>> unknown_address(cluster& c, std::shared_ptr<const Gateway> gateway,
                                                    const gateway_settings& settings) {
    std::optional<unknown_source> unknown = c.unknown_addresses();
    if (!unknown || c.addresses().has_all(*gateway, settings.effective))
        co_return std::nullopt;
    const bool is_refused = co_await is_refused_address(c, gateway);
    if (is_refused)
        co_return std::nullopt;
    co_return unknown;
}

/// `s` is what the plan's problems refer to.
task<desired_state> plan_now(cluster& c, context& ctx, snapshot& s, const addressing& addresses,
                             const options& settings) {
    pauses p(ctx.time);
    const one_answer seen(c);
    s.cluster = &seen;
    desired_state desired = co_await plan_in_pieces(s, addresses, settings, ctx.time.wall_now(), p);
    s.cluster = &c;
    c.costs.worked(gwctl::describe(*s.gateway), p.worked(), ctx.time.now());
    co_return desired;
}

task<void> carry_out(cluster& c, context& ctx, writer& writes, desired_state desired,
                     const std::map<object_key, std::string>& left_alone, write_guard& guard) {
    report(c, ctx, writes, desired);
    co_await apply_slices(ctx, writes, std::move(desired.slices), desired.objects, guard);
    co_await write_services(c, ctx, writes, desired.writes, desired.objects, left_alone, guard);
    co_await remove_slices(c, writes, std::move(desired.unwanted_slices), guard);
}

/// All that was made for a Gateway that is gone, or not ours any more.
task<void> remove_everything(cluster& c, context& ctx, writer& writes, object_key key) {
    c.waiting.erase(key);
    c.forget_outcomes(key);
    c.changes.forget_objects_of(key);
    write_guard guard;
    desired_state removal = plan_removal(c.remains_of(key), c.opts);
    const std::map<object_key, std::string> none;
    co_await carry_out(c, ctx, writes, std::move(removal), none, guard);
    guard.rethrow();
}

/// Comes back for what rests.
action soonest(std::optional<std::chrono::nanoseconds> a, std::optional<std::chrono::nanoseconds> b) {
    if (a && b)
        return requeue_after(std::min(*a, *b));
    return a || b ? requeue_after(a ? *a : *b) : await_change();
}

} // namespace

task<action> reconcile_gateway(cluster& c, context& ctx, object_key key) {
    std::shared_ptr<const Gateway> gateway = c.gateways.get(key);
    if (const auto unknown = c.unknown_of(key))
        co_return co_await wait_for_source(c, ctx, gateway, *unknown, "Pending");
    if (!gateway)
        c.changes.forget(gwctl::describe(Gateway::type, key));
    writer writes(c, ctx, gwctl::describe(Gateway::type, key));
    const bool exists = gateway && gateway->metadata.deletionTimestamp.empty();
    if (exists && !c.classes.get(object_key(gateway->spec.gatewayClassName)))
        co_return await_change(); // whose it is cannot be told; what there is stays
    if (!exists || !c.is_ours(*gateway)) {
        co_await remove_everything(c, ctx, writes, key);
        co_return await_change();
    }

    if (const auto rest = c.costs.rest_of(gwctl::describe(*gateway), ctx.time.now()))
        co_return requeue_after(*rest);
    const auto unread = co_await c.unknown_for(gateway);
    if (unread)
        co_return co_await wait_for_source(c, ctx, gateway, *unread, "Pending");
    const gateway_settings settings = c.settings_of(*gateway);
    const auto unknown_addresses = co_await unknown_address(c, gateway, settings);
    if (unknown_addresses)
        co_return co_await wait_for_source(c, ctx, gateway, *unknown_addresses, "AddressNotAssigned");
    const bool is_refused = co_await is_refused_address(c, gateway);
    if (c.gateways.get(key) != gateway)
        co_return await_change(); // changed while it was judged, which brings us back
    assignment assigned = is_refused ? no_assignment() : c.addresses().assign(*gateway, settings.effective);
    if (assigned.freed)
        c.address_freed();
    if (assigned.result.usable.holds)
        c.waiting.erase(key);
    else
        c.waiting.insert(key);
    std::exception_ptr unwritten;
    try {
        std::string record = merged_patch(
            render_parameters_record(gateway->metadata, settings.record, c.named), assigned.record);
        gateway = co_await write_record(ctx, writes, gateway, std::move(record));
    } catch (const api_error&) {
        unwritten = std::current_exception();
    }

    snapshot s = c.snapshot_of(gateway, settings);
    desired_state desired = co_await plan_now(c, ctx, s, assigned.result, settings.effective);
    if (unwritten) { // routes wait for what is made of them, also when nothing can be written for the Gateway
        c.publish(key, std::move(desired.outcomes));
        std::rethrow_exception(unwritten);
    }
    Gateway::Status status = std::move(desired.status);
    std::vector<route_outcome> outcomes = std::move(desired.outcomes);
    write_guard guard;
    repairs repaired(c, ctx, writes);
    co_await repaired.look_at(key, desired);
    const std::vector<applied_object> objects = desired.objects;
    co_await carry_out(c, ctx, writes, std::move(desired), repaired.left_alone(), guard);
    if (guard.is_clean())
        repaired.objects_written(*gateway, objects);

    if (!guard.refusals().empty() || !repaired.left_alone().empty()) { // what is said must know of it
        snapshot now = s;
        now.refused = guard.refusals();
        now.left_alone = repaired.left_alone();
        desired_state said = co_await plan_now(c, ctx, now, assigned.result, settings.effective);
        status = std::move(said.status);
        outcomes = std::move(said.outcomes);
    }
    c.publish(key, std::move(outcomes));
    if (!guard.other_reason().empty()) {
        const std::string reason = "The API server refused a write for this Gateway: " + guard.other_reason();
        refuse_programmed(status.conditions, gateway->status.conditions,
                          gateway->metadata.generation.value_or(0), reason, ctx.time.wall_now());
    }
    if (const Condition* programmed = find_condition(status.conditions, "Programmed");
        programmed != nullptr && programmed->reason == "NoResources")
        c.waiting.insert(key); // for a name or port to become free; what was refused is tried then, too
    status_repair<Gateway> repair(c, ctx, writes, *gateway, status);
    const auto left_alone = co_await repair.look();
    if (!left_alone) {
        co_await write_status(c, ctx, writes, *gateway, status);
        repair.settled();
    }
    guard.rethrow();
    co_return soonest(repaired.rest(), left_alone);
}

} // namespace gwctl::gateway::detail
