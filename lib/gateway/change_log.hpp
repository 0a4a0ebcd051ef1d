// What somebody else changed and we put back, and what we would write if we might.
#pragma once

#include <gwctl/gateway/differences.hpp>
#include <gwctl/gateway/plan.hpp>
#include <gwctl/runtime/metrics.hpp>
#include <gwctl/runtime/reconciler.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gwctl::gateway::detail {

/// One object that is not as we left it.
struct drift {
    resource_type type{};
    object_key key{};
    bool of_status = false;
    std::vector<field_difference> fields{}; ///< none: the object is gone
    OwnerReference owner{};
};

/// An `id` names an object as `gwctl::describe` does: "Service default/web-l4".
class change_log {
public:
    explicit change_log(metrics& m);
    ~change_log();
    change_log(const change_log&) = delete;
    change_log& operator=(const change_log&) = delete;

    /// Which of a Gateway's objects that are going to be written are wrong although nothing else is wanted of
    /// them than before.
    std::vector<drift> find_drift(const object_key& gateway,
                                  const std::vector<applied_object>& objects) const;
    /// To be called before the writes: those of them that fail leave their objects in no known state.
    void begin_writes(const object_key& gateway, const std::vector<applied_object>& objects);
    /// Notes what is wanted, for the next `find_drift`: to be called when all of it is written.
    void settled(const object_key& gateway, const std::vector<applied_object>& objects);
    void forget_objects_of(const object_key& gateway) { wanted_.erase(gateway); }

    /// Whether a status is wrong although the same was written before for the same generation of the object.
    /// `wanted`: the status without times.
    bool is_status_drift(const std::string& id, const ObjectMeta& object, const std::string& wanted) const;
    void status_settled(const std::string& id, const ObjectMeta& object, const std::string& wanted);

    /// The object is gone, or none of ours any more.
    void forget(const std::string& id);

    void count_repair(const resource_type& type);

    /// What a reconcile of `id` would write; logged when it is not the same as before, and counted until it
    /// is less.
    void would(const object_log& log, const std::string& id, std::vector<std::string> lines);

private:
    struct counters;
    std::unique_ptr<counters> counters_;
    std::map<object_key, std::map<std::string, std::string>> wanted_; ///< digests, by id
    struct written_status {
        std::string uid{};
        std::int64_t generation = 0;
        std::size_t digest = 0;
    };
    std::map<std::string, written_status> statuses_;
    std::map<std::string, std::vector<std::string>> would_;
};

/// The object as the API server has it, with what stores leave out. Null when it is gone or cannot be read.
/// Needs the permission to list.
task<json::value> fetch(context& ctx, resource_type type, std::string version, object_key key);

/// Who changed the fields last, by the object's managedFields; empty when that cannot be told. `object`:
/// as fetched.
std::string find_changer(const json::value& object, const drift& d, std::string_view own_manager);

/// "Service default/web: spec.loadBalancerIP put back, changed by kubectl-edit; change the Gateway or its
/// routes instead"
std::string describe_drift(const drift& d, const std::string& changer);

/// What to add to that when the next repair waits; empty when it does not.
std::string describe_rest(std::optional<std::chrono::nanoseconds> rest, const options& o);

/// Lines for `change_log::would`, one per field: "patch Service default/web: spec.type: "ClusterIP" ->
/// "LoadBalancer"".
void add_would(std::vector<std::string>& lines, std::string_view verb, const std::string& object,
               const std::vector<field_difference>& fields);

} // namespace gwctl::gateway::detail
