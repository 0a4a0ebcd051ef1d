/// The embedded API server without sockets, threads and time: it answers at once, on the caller's thread, so
/// that what a controller does can be counted.
#pragma once

#include <gwctl/client/transport.hpp>

#include <functional>
#include <memory>
#include <runtime/notifier.hpp>
#include <string>
#include <testing/rest.hpp>
#include <testing/stand_ins.hpp>
#include <vector>

namespace gwctl::tests {

/// Has an announcer of addresses, as `testing::api_server` has. Use from one thread, the manager's.
class in_process_api final : public transport, public std::enable_shared_from_this<in_process_api> {
public:
    in_process_api();

    task<std::unique_ptr<http_response>> send(http_request request) override;
    std::string_view host() const noexcept override { return "in-process"; }

    /// Server-side apply as another manager of fields. Throws `api_error` when it is refused.
    void apply(const json::value& object);
    /// Deletes this object, of which kind and name count. Throws `api_error` when it is refused.
    void remove(const json::value& object);
    /// The announcer takes this Service's address away, and gives none to any before `announce`.
    void withdraw(const std::string& ns, const std::string& service);
    void announce();
    std::uint64_t version() const { return objects_.objects().version(); }
    const std::vector<testing::write_record>& writes() const { return objects_.writes(); }
    /// Requests to write something, those without effect too.
    std::uint64_t writes_asked() const { return writes_asked_; }
    /// Requests that were answered, and pieces of watches that were asked for.
    std::uint64_t requests() const { return requests_; }
    /// Has watches show how new they are, also those of kinds without changes.
    void send_bookmarks();

    /// Called around everything that a server does.
    std::function<void()> begins = [] {};
    std::function<void()> ends = [] {};

private:
    class whole_response;
    class watch_response;

    testing::detail::write_request request_for(const json::value& object) const;
    std::unique_ptr<http_response> answer(const http_request& request);
    std::string frames(testing::detail::watch_start& watch, std::uint64_t& bookmarked);
    void run_stand_ins();

    testing::detail::cluster objects_;
    testing::detail::rest api_;
    std::unique_ptr<testing::detail::stand_in> announcer_;
    bool announces_ = true;
    gwctl::detail::notifier changed_;
    std::uint64_t bookmarks_up_to_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t writes_asked_ = 0;
};

} // namespace gwctl::tests
