/// What all copies of a client share, and how its requests are made.
#pragma once

#include "status_error.hpp"

#include <gwctl/client/client.hpp>

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <set>

namespace gwctl {

struct client::state {
    state(std::shared_ptr<transport> t, client_options o);

    /// Sends, and sends again as long as the server refuses with Retry-After. Throws for what is not 2xx.
    task<std::unique_ptr<http_response>> open(http_request request, detail::request_subject about);
    /// As `open`, and reads the whole body.
    task<std::string> body(http_request request, detail::request_subject about);
    /// The plurals that /apis/GROUP/VERSION lists; empty when it is not there.
    task<std::set<std::string>> plurals_of(std::string api_version);

    http_request make_request(std::string method, std::string target) const;

    std::shared_ptr<transport> link;
    client_options options;
    clock& time;
    request_observer observer;
    /// The served version of a kind, by qualified name and preferred version.
    std::map<std::string, std::string> versions;
    /// Lookups under way; the timer is cancelled when one has ended.
    std::map<std::string, std::shared_ptr<boost::asio::steady_timer>> lookups;

private:
    task<std::unique_ptr<http_response>> send(const http_request& request);
};

} // namespace gwctl
