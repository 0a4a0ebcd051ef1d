/// What can be asked of the verbs of `client`.
///
/// The options are set member by member, `delete_options o; o.uid = uid;`. Braces do not compile: g++ 12 destroys
/// a braced aggregate beside `co_await` twice, so none of these is one.
#pragma once

#include <gwctl/api/resource.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gwctl {

/// Which objects, and how many at a time.
struct list_options {
    list_options() = default;
    std::string namespace_{};     ///< empty: all namespaces
    std::string label_selector{}; ///< as in `kubectl -l`
    std::string field_selector{};
    /// "": the newest there is; "0": whatever the server has in its cache; else that version or a newer one.
    std::string resource_version{};
    std::string continue_{};  ///< from the page before; then `resource_version` is not sent
    std::int64_t limit = 500; ///< objects a page; 0: all in one
};

/// Where a watch starts and how it ends.
struct watch_options {
    watch_options() = default;
    std::string namespace_{};
    std::string label_selector{};
    std::string field_selector{};
    std::string resource_version{};
    /// How long the server keeps the watch open; it then ends without an error.
    std::chrono::seconds server_timeout = std::chrono::seconds(290);
    bool bookmarks = true;
    /// Sends what exists first, then a bookmark annotated `k8s.io/initial-events-end` (Kubernetes 1.32 and
    /// newer).
    bool send_initial_events = false;
};

struct delete_options {
    delete_options() = default;
    /// Deletes only the object with this uid, so that a successor of the same name survives. Conflict
    /// otherwise.
    std::string uid{};
    std::string resource_version{};
    std::string propagation{}; ///< "Background", "Foreground" or "Orphan"; empty: the kind's default
};

/// A change to part of an object (RFC 6902, RFC 7386).
class patch {
public:
    /// A list of operations; test operations make it conditional.
    [[nodiscard]] static patch json_patch(std::string operations) {
        return {"application/json-patch+json", std::move(operations)};
    }
    /// An object whose members replace the target's; null deletes. Put `metadata.resourceVersion` into it to
    /// make it conditional on what was read.
    [[nodiscard]] static patch merge_patch(std::string object) {
        return {"application/merge-patch+json", std::move(object)};
    }

    const std::string& content_type() const noexcept { return content_type_; }
    const std::string& body() const noexcept { return body_; }

private:
    patch(std::string type, std::string body) : content_type_(std::move(type)), body_(std::move(body)) {}
    std::string content_type_;
    std::string body_;
};

enum class watch_event_type { added, modified, deleted, bookmark };

/// One change as the API server reports it. Of a bookmark only `metadata.resourceVersion` and annotations are
/// set.
template <class T>
struct watch_event {
    watch_event_type type = watch_event_type::bookmark;
    std::shared_ptr<const T> object;
};

} // namespace gwctl
