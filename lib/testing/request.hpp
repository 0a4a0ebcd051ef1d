// A request and its answer, between HTTP and the semantics.
#pragma once

#include "cluster.hpp"
#include "selectors.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gwctl::testing::detail {

struct http_request {
    std::string method;
    /// Path and query as sent.
    std::string target;
    std::string content_type;
    std::string accept;
    std::string user_agent;
    std::string body;
};

/// What an object looks like to whoever asked.
enum class form { object, table, partial };

/// A watch that the answer starts: what the stream has to deliver.
struct watch_start {
    kind_ptr kind;
    std::string version;
    std::string ns;
    label_selector labels;
    field_selector fields;
    form as = form::object;
    /// Events after this version follow.
    std::uint64_t from = 0;
    /// Objects to be sent as ADDED first.
    std::vector<stored_ptr> initial;
    std::size_t initial_sent = 0;
    bool bookmarks = false;
    /// A bookmark with `k8s.io/initial-events-end` closes the initial objects.
    bool mark_initial_end = false;
    /// The table's object policy: Metadata, Object or None.
    std::string include_object;
    bool columns_sent = false;
    std::optional<std::chrono::seconds> timeout;
};

struct http_response {
    int code = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<watch_start> watch;
};

/// The query of a URL, percent-decoded; of a repeated key the first counts.
class query {
public:
    explicit query(std::string_view text);
    bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
    std::string get(std::string_view key) const;
    /// "true", "1", "" and absence as in Go's conversion; throws `status_error` (400) otherwise.
    bool flag(std::string_view key) const;
    /// None when absent or empty; throws `status_error` (400) for what is no number.
    std::optional<std::int64_t> number(std::string_view key) const;
    std::vector<std::string> all(std::string_view key) const;

private:
    std::multimap<std::string, std::string, std::less<>> values_;
};

/// Percent-decoding; broken escapes stay as they are.
std::string url_decode(std::string_view text, bool plus_is_space);

/// Where a path leads.
struct resource_path {
    std::string group, version, ns, plural, name, subresource;
    bool watch = false; ///< the old /watch/ prefix
};
/// None when the path is none of /api/V/... and /apis/G/V/...
std::optional<resource_path> parse_resource_path(const std::vector<std::string>& segments);
std::vector<std::string> path_segments(std::string_view path);

/// The first form of the Accept header that can be had; throws `status_error` (406) when there is none.
form accepted_form(std::string_view accept, bool custom);

} // namespace gwctl::testing::detail
