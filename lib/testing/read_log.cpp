#include "read_log.hpp"

#include <algorithm>

namespace gwctl::testing::detail {
namespace {

bool wants_metadata(const std::string& accept) {
    try {
        return accepted_form(accept, true) == form::partial;
    } catch (const status_error&) {
        return false;
    }
}

} // namespace

void read_log::note(const http_request& r) {
    if (r.method != "GET" && r.method != "HEAD")
        return;
    const auto mark = std::min(r.target.find('?'), r.target.size());
    const auto path = parse_resource_path(path_segments(std::string_view(r.target).substr(0, mark)));
    if (!path)
        return;
    read_record read;
    read.path = r.target.substr(0, mark);
    read.query = r.target.substr(std::min(mark + 1, r.target.size()));
    const query q(read.query);
    if (path->watch || q.flag("watch"))
        read.verb = "watch";
    else
        read.verb = path->name.empty() ? "list" : "get";
    read.label_selector = q.get("labelSelector");
    read.field_selector = q.get("fieldSelector");
    read.metadata_only = wants_metadata(r.accept);
    read.user_agent = r.user_agent;
    records_.push_back(std::move(read));
    if (records_.size() > limit_)
        records_.pop_front();
}

} // namespace gwctl::testing::detail
