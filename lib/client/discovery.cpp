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

task<std::set<std::string>> client::state::plurals_of(std::string api_version) {
    std::set<std::string> plurals;
    detail::request_subject about;
    about.text = "discovery of " + api_version;
    std::string text;
    try {
        http_request request = make_request("GET", "/apis/" + api_version);
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

task<std::string> client::served_version(resource_type type) {
    // Without a fallback there is nothing to choose, and a kind that is not served shows in the first answer.
    if (type.fallback_version.empty())
        co_return std::string(type.version);
    const auto shared = state_;
    const std::string key = type.qualified_name().append(" ").append(type.version);
    while (true) {
        if (const auto known = shared->versions.find(key); known != shared->versions.end())
            co_return known->second;
        const auto under_way = shared->lookups.find(key);
        if (under_way == shared->lookups.end())
            break;
        const auto ended = under_way->second;
        boost::system::error_code ignored; // if we are cancelled, the next co_await throws
        co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    const auto executor = co_await asio::this_coro::executor;
    const lookup_guard guard(shared->lookups, key, executor);
    const std::array<std::string_view, 2> versions{type.version, type.fallback_version};
    for (const std::string_view version : versions) {
        const std::string api_version = type.api_version(version);
        const std::set<std::string> plurals = co_await shared->plurals_of(api_version);
        if (plurals.count(std::string(type.plural)) == 0)
            continue;
        shared->versions[key] = version;
        co_return std::string(version);
    }
    throw detail::not_served(type);
}

void client::forget_versions() { state_->versions.clear(); }

} // namespace gwctl
