// The semantics of a Kubernetes API server without its protocol: kinds, writes, deletion, garbage collection.
#pragma once

#include "decode.hpp"
#include "kinds.hpp"
#include "managed_fields.hpp"
#include "services.hpp"
#include "storage.hpp"

#include <gwctl/core/clock.hpp>
#include <gwctl/testing/write_record.hpp>

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// Which object a write is about, who writes, and how.
struct write_request {
    kind_ptr kind;
    std::string version;
    std::string ns;
    std::string name;
    std::string subresource;
    std::string manager = "unknown";
    std::string user_agent;
    bool dry_run = false;
    /// Server-side apply takes fields over from other managers.
    bool force = false;
    field_validation validation = field_validation::warn;
    /// Gets what is said about the object, whether it is accepted or not; null for nobody who listens.
    std::vector<std::string>* warnings = nullptr;
};

struct write_result {
    stored_ptr object;
    bool created = false;
};

enum class patch_type { json, merge, strategic, apply };

struct delete_options {
    std::optional<std::string> uid;
    std::optional<std::string> resource_version;
    /// Background, Foreground, Orphan; "" for the default (Background).
    std::string propagation;
    bool dry_run = false;
};

/// `remaining` is set when finalizers keep the object, as it was then; `last` is its last state.
struct delete_result {
    stored_ptr remaining;
    stored_ptr last;
};

struct cluster_options {
    std::size_t history_limit = 200000;
    std::function<wall_time()> now;
    bool garbage_collection = true;
    std::vector<std::string> not_served;
};

/// Not thread safe. Refusals are thrown as `status_error`.
class cluster {
public:
    explicit cluster(cluster_options options);
    cluster(const cluster&) = delete;
    cluster& operator=(const cluster&) = delete;

    // Kinds.
    std::vector<kind_ptr> kinds() const;
    /// Null when the kind or this version of it is not served.
    kind_ptr find_served(std::string_view group, std::string_view version, std::string_view plural) const;
    kind_ptr find_kind(std::string_view group, std::string_view kind) const;
    /// "tcproutes.gateway.networking.k8s.io" and "v1", or "" for all its versions. False when there is no
    /// such kind.
    bool serve(std::string_view kind, std::string_view version, bool served);

    // Writes.
    write_result create(const write_request& r, const request_body& body);
    write_result update(const write_request& r, const request_body& body);
    write_result patch(const write_request& r, patch_type type, const json::value& patch);
    delete_result remove(const write_request& r, const delete_options& o);

    // Reads.
    const storage& objects() const { return storage_; }
    std::string now_text() const;
    wall_time now() const { return options_.now(); }
    /// True for what the server made at its start.
    bool is_initial(const stored& s) const;
    const std::vector<write_record>& writes() const { return writes_; }
    void compact() { storage_.compact(); }

    /// The object in a version of its kind, conversions done.
    json::object view(const kind_info& kind, std::string_view version, const stored& s) const;

    /// Called after every change, under whatever lock guards the cluster.
    std::function<void(const change&)> on_change;

private:
    static json::value blank(const write_request& r);
    static void check_envelope(const write_request& r, json::object& object);
    static json::object to_storage(const write_request& r, json::object object);
    static void warn(const write_request& r, const std::vector<std::string>& warnings);
    json::value patched(const write_request& r, const stored& before, patch_type type,
                        const json::value& patch) const;
    write_result apply(const write_request& r, const stored_ptr& before, const json::value& patch);
    static void check_schema(const write_request& r, const json::object& object, const json::object* before,
                             field_errors& errors);
    void finish_definition(json::object& object) const;
    write_result store_new(const write_request& r, json::object object, const char* verb);
    write_result store_changed(const write_request& r, const stored_ptr& before, json::object object,
                               const char* verb);
    stored_ptr require(const write_request& r) const;
    void require_namespace(const write_request& r, std::string_view name) const;
    field_manager manager_of(const write_request& r) const;
    static void drop_repeated_owners(const write_request& r, json::object& object, const char* when);
    json::object stored_form(const kind_info& kind, json::object object, bool& defaulted) const;
    void log(const write_request& r, const char* verb, const json::object& object, std::uint64_t version);
    std::string new_uid();

    void erase(const kind_info& kind, const stored_ptr& s);
    /// Deletes dependents of what is gone, finishes foreground deletions and namespaces, until nothing is
    /// left to do.
    void collect_garbage();
    bool collect_dependents(const std::set<std::string>& owners);
    bool collect(const kind_ptr& kind, const stored_ptr& s);
    bool is_held(const stored& dependent) const;
    bool finish_terminating();
    bool finish_foreground(const kind_info& kind, const stored_ptr& s);
    bool empty_namespace(const kind_info& kind, const stored_ptr& s);
    stored_ptr at_place(const std::string& key, const std::string& place) const;
    void finish_if_released(const kind_info& kind, const stored_ptr& s);
    void orphan_dependents(const std::string& uid);
    std::vector<std::pair<kind_ptr, stored_ptr>> dependents_of(const std::string& uid) const;
    bool owner_exists(const stored& dependent, const json::value& reference) const;
    /// The object as it is once it is being deleted.
    json::object terminating(const kind_info& kind, const stored& s, json::array finalizers) const;
    void mark_terminating(const kind_info& kind, const stored_ptr& s);
    void release(const kind_info& kind, const stored& s, std::string_view finalizer);
    static bool has_finalizers(const json::object& object);
    kind_ptr kind_of_storage(std::string_view storage_key) const;

    void observe_definition(const change& c);
    void index_change(const change& c);
    void bootstrap();

    cluster_options options_;
    storage storage_;
    service_allocator allocator_;
    std::map<std::string, kind_ptr, std::less<>> kinds_;
    std::multimap<std::string, std::pair<std::string, std::string>>
        dependents_; ///< owner uid -> storage key, "ns/name"
    std::set<std::string> uids_;
    std::set<std::string> initial_;
    std::vector<write_record> writes_;
    std::mt19937_64 random_{20240229};
    bool collecting_ = false;
    std::set<std::string> suspects_; ///< owners that may have left dependents behind
    std::set<std::pair<std::string, std::string>> terminating_; ///< storage key, "ns/name"
    bool logging_ = true;
};

} // namespace gwctl::testing::detail
