// The REST interface over a cluster: paths, verbs, options and answers, without sockets.
#pragma once

#include "request.hpp"

#include <gwctl/core/error.hpp>

#include <deque>

namespace gwctl::testing::detail {

/// Not thread safe.
class rest {
public:
    explicit rest(cluster& c) : cluster_(c) {}

    /// Never throws: every refusal becomes a Status.
    http_response handle(const http_request& r);

    /// Frames of a watch for one change, or "" when the watch does not see it.
    std::string frame(watch_start& w, const change& c);
    std::string frame(watch_start& w, std::string_view type, const stored& s);
    std::string bookmark(watch_start& w, std::uint64_t version, bool initial_end);
    static std::string error_frame(const json::object& status);
    /// What a watch has to be sent now, at most about 256 KiB of it, so that one client does not keep others waiting;
    /// "" for nothing. `end`: the watch ends behind it.
    std::string next_frames(watch_start& w, bool& end);

    /// Forgets list snapshots: continue tokens expire.
    void forget_snapshots() { snapshots_.clear(); }

private:
    struct snapshot {
        std::uint64_t id = 0;
        std::uint64_t version = 0;
        std::vector<stored_ptr> objects;
    };

    bool serves_builtin(std::string_view group, std::string_view version) const;
    http_response answered(const http_request& r);
    http_response dispatch(const http_request& r);
    http_response get(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q);
    http_response list(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q);
    http_response watch(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q);
    http_response write(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q);
    http_response remove(const http_request& r, const resource_path& p, const kind_ptr& kind, const query& q);
    http_response review(const http_request& r, const kind_ptr& kind);
    http_response show(const http_request& r, const kind_info& kind, std::string_view version,
                       const write_result& w, int code);
    std::string item(const kind_info& kind, std::string_view version, const stored& s, bool in_list) const;

    cluster& cluster_;
    std::deque<snapshot> snapshots_;
    std::uint64_t next_snapshot_ = 1;
    /// Of the request that is being served.
    std::vector<std::string> warnings_;
};

/// /api, /apis, /version, /openapi and the like; none when the path is not of discovery.
std::optional<http_response> discovery(const cluster& c, const http_request& r,
                                       const std::vector<std::string>& segments);

/// The protobuf document behind /openapi/v2.
std::string openapi_v2(const cluster& c);

/// Throws `status_error` (500, as gets and watches are answered) for what is no resourceVersion.
void check_version(const std::string& text);

http_response answer(int code, const json::value& body);
http_response answer(const status_error& e);

} // namespace gwctl::testing::detail
