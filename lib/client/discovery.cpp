#include "client_state.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <array>

namespace gwctl {
namespace {

namespace asio = boost::asio;

/// metav1.APIResourceList, as far as it matters here.
struct APIResource {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(APIResource, (), (name))
struct APIResourceList {
    std::vector<APIResource> resources;
};
BOOST_DESCRIBE_STRUCT(APIResourceList, (), (resources))

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

task<std::set<std::string>> client::state::plurals_of(std::string group, std::string version) {
    std::set<std::string> plurals;
    detail::request_subject about;
    about.text = fmt::format("discovery of {}{}{}", group, group.empty() ? "" : "/", version);
    std::string text;
    try {
        http_request request =
            make_request("GET", group.empty() ? fmt::format("/api/{}", version)
                                              : fmt::format("/apis/{}/{}", group, version));
        text = co_await body(std::move(request), about);
    } catch (const api_error& e) {
        if (e.code() != errc::not_found)
            throw;
        co_return plurals;
    }
    auto list = json::decode<APIResourceList>(text);
    if (list.has_error())
        throw api_error(list.error().code, fmt::format("{}: {}", about.text, list.error().message));
    for (APIResource& r : list->resources)
        plurals.insert(std::move(r.name));
    co_return plurals;
}

task<std::optional<std::string>> client::state::discover(resource_type type) {
    const std::string key = detail::version_key(type);
    const std::array<std::string_view, 2> candidates{type.version, type.fallback_version};
    std::optional<std::string> found;
    for (const std::string_view version : candidates) {
        if (version.empty())
            continue;
        const std::set<std::string> plurals =
            co_await plurals_of(std::string(type.group), std::string(version));
        if (plurals.count(std::string(type.plural)) == 0)
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

std::string client::known_version(const resource_type& type) const {
    const auto known = state_->versions.find(detail::version_key(type));
    return known == state_->versions.end() ? std::string(type.version) : known->second.version;
}

void client::forget_versions() {
    for (auto& [key, known] : state_->versions)
        known.current = false;
}

} // namespace gwctl
