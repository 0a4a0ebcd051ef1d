#include "client_state.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gwctl {
namespace {

namespace asio = boost::asio;

// meta/v1, as far as it matters here.
struct APIResource {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(APIResource, (), (name))
struct APIResourceList {
    std::string kind;
    std::string groupVersion;
    std::optional<std::vector<APIResource>> resources;
};
BOOST_DESCRIBE_STRUCT(APIResourceList, (), (kind, groupVersion, resources))
struct GroupVersion {
    std::string version;
};
BOOST_DESCRIBE_STRUCT(GroupVersion, (), (version))
struct APIGroup {
    std::string name;
    std::vector<GroupVersion> versions;
};
BOOST_DESCRIBE_STRUCT(APIGroup, (), (name, versions))
struct APIGroupList {
    std::string kind;
    std::vector<APIGroup> groups;
};
BOOST_DESCRIBE_STRUCT(APIGroupList, (), (kind, groups))

const APIGroup* find_group(const APIGroupList& list, std::string_view name) {
    const auto found = std::find_if(list.groups.begin(), list.groups.end(),
                                    [&](const APIGroup& g) { return g.name == name; });
    return found == list.groups.end() ? nullptr : &*found;
}

/// Every API server has this group, so a list without it is no answer of one that is up.
constexpr std::string_view always_served = "apps";

/// `e`, with the remedy when discovery is denied. Every user may read it, unless somebody took that away.
api_error with_remedy(api_error e, std::string_view subject) {
    if (e.code() != errc::forbidden)
        return e;
    api_error told(errc::forbidden,
                   fmt::format("{}; let this account read it, by the ClusterRole system:discovery ({})",
                               e.what(), subject));
    told.http_status = e.http_status;
    told.reason = e.reason;
    told.retry_after = e.retry_after;
    return told;
}

using lookup_map = std::map<std::string, std::shared_ptr<asio::steady_timer>>;

/// Marks a lookup as under way; at its end, also by exception, whoever waits for it goes on.
class lookup_guard {
public:
    lookup_guard(lookup_map& lookups, std::string key, const asio::any_io_executor& executor)
        : lookups_(lookups), key_(std::move(key)),
          ended_(std::make_shared<asio::steady_timer>(executor, steady_time::max())) {
        lookups_[key_] = ended_;
    }
    ~lookup_guard() {
        lookups_.erase(key_);
        ended_->cancel();
    }
    lookup_guard(const lookup_guard&) = delete;
    lookup_guard& operator=(const lookup_guard&) = delete;

private:
    lookup_map& lookups_;
    std::string key_;
    std::shared_ptr<asio::steady_timer> ended_;
};

} // namespace

/// The document at `target`. Throws `errc::protocol` when what answers is no such document.
template <class T>
task<T> client::state::discovery_document(std::string target, std::string_view kind) {
    detail::request_subject about;
    about.text = "discovery at " + target;
    std::optional<api_error> failure;
    std::string text;
    try {
        http_request request = make_request("GET", target);
        text = co_await body(std::move(request), about);
    } catch (const api_error& e) {
        failure = with_remedy(e, target);
    }
    if (failure)
        throw *failure;
    auto document = json::decode<T>(text);
    if (document.has_error() || document->kind != kind)
        throw api_error(
            errc::protocol,
            fmt::format("{}: expected an {}, got \"{}\"; is something between this program and the "
                        "API server answering?",
                        about.text, kind, detail::excerpt(text)));
    co_return std::move(*document);
}

/// Whether the server serves a kind in a version.
task<bool> client::state::serves(resource_type type, std::string version) {
    const std::string group_version = type.api_version(version);
    const std::string target = (type.group.empty() ? "/api/" : "/apis/") + group_version;
    APIResourceList list;
    std::optional<api_error> unknown;
    try {
        list = co_await discovery_document<APIResourceList>(target, "APIResourceList");
    } catch (const api_error& e) {
        if (e.code() != errc::not_found || type.group.empty())
            throw;
        unknown = e;
    }
    if (!unknown) {
        if (!list.resources || (!list.groupVersion.empty() && list.groupVersion != group_version))
            throw api_error(errc::protocol,
                            fmt::format("discovery at {}: expected the resources of {}, got {} of \"{}\"",
                                        target, group_version, list.resources ? "those" : "none",
                                        list.groupVersion));
        const auto is_kind = [&](const APIResource& r) { return r.name == type.plural; };
        co_return std::any_of(list.resources->begin(), list.resources->end(), is_kind);
    }
    // Something does not know the path. What the server has is for the list of its groups to say.
    const APIGroupList groups = co_await discovery_document<APIGroupList>("/apis", "APIGroupList");
    if (find_group(groups, always_served) == nullptr)
        throw api_error(
            errc::protocol,
            fmt::format("discovery at /apis: expected groups, {} among them, got {} without it; the API "
                        "server may still be starting",
                        always_served, groups.groups.size()));
    const APIGroup* group = find_group(groups, type.group);
    if (group == nullptr)
        co_return false;
    const auto is_version = [&](const GroupVersion& v) { return v.version == version; };
    if (group->versions.empty() || std::any_of(group->versions.begin(), group->versions.end(), is_version))
        throw api_error(errc::service_unavailable,
                        fmt::format("{}, although /apis lists the group {}", unknown->what(), type.group));
    co_return false;
}

task<std::optional<std::string>> client::state::discover(resource_type type) {
    const std::string key = detail::version_key(type);
    const std::array<std::string_view, 2> candidates{type.version, type.fallback_version};
    std::optional<std::string> found;
    for (const std::string_view version : candidates) {
        if (version.empty())
            continue;
        const bool served = co_await serves(type, std::string(version));
        if (!served)
            continue;
        found = version;
        break;
    }
    if (found)
        versions[key] = {*found, true};
    else if (const auto known = versions.find(key); known != versions.end())
        known->second.current = false;
    co_return found;
}

task<std::string> client::state::served_version(resource_type type) {
    // Without a fallback there is nothing to choose, and a kind that is not served shows in the first answer.
    if (type.fallback_version.empty())
        co_return std::string(type.version);
    const std::string key = detail::version_key(type);
    while (true) {
        if (const auto known = versions.find(key); known != versions.end() && known->second.current)
            co_return known->second.version;
        const auto under_way = lookups.find(key);
        if (under_way == lookups.end())
            break;
        const auto ended = under_way->second;
        boost::system::error_code ignored; // if we are cancelled, the next co_await throws
        co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    const auto executor = co_await asio::this_coro::executor;
    const lookup_guard guard(lookups, key, executor);
    const std::optional<std::string> found = co_await discover(type);
    if (!found)
        throw detail::not_served_error(type);
    co_return *found;
}

task<std::string> client::served_version(resource_type type) {
    const auto shared = state_;
    co_return co_await shared->served_version(type);
}

task<std::optional<std::string>> client::discover(resource_type type) {
    const auto shared = state_;
    co_return co_await shared->discover(type);
}

task<void> client::state::ask_whether_served(resource_type type, detail::unknown_path_error unknown_path) {
    bool served = false;
    bool answered = false;
    try {
        const std::optional<std::string> version = co_await discover(type);
        served = version.has_value();
        answered = true;
    } catch (const api_error& e) {
        if (e.code() == errc::forbidden || e.code() == errc::unauthorized)
            throw;
    }
    if (!answered)
        throw unknown_path;
    if (!served)
        throw detail::not_served_error(type);
}

std::string client::state::remembered_version(const resource_type& type) const {
    const auto known = versions.find(detail::version_key(type));
    return known == versions.end() ? std::string(type.version) : known->second.version;
}

std::string client::known_version(const resource_type& type) const {
    return state_->remembered_version(type);
}

void client::forget_versions() {
    for (auto& [key, known] : state_->versions)
        known.current = false;
}

} // namespace gwctl
