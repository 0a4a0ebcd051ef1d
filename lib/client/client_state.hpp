/// What all copies of a client share, and how its requests are made.
#pragma once

#include "answer.hpp"
#include "status_error.hpp"

#include <gwctl/client/client.hpp>

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>

namespace gwctl {

struct client::state {
    /// A request for a kind, by the version of the kind that is served.
    using request_maker = std::function<http_request(std::string_view version)>;

    state(std::shared_ptr<transport> t, client_options o);

    /// Sends, and sends again as long as the server refuses with Retry-After. Throws for what is not 2xx.
    task<std::unique_ptr<http_response>> open(http_request request, detail::request_subject about);
    /// The same for `about.type`, in the version that is served. When that turns out not to be served any
    /// more, once more in the one that is. Throws `not_served_error` only when discovery says so.
    task<std::unique_ptr<http_response>> open(request_maker make, detail::request_subject about);
    /// As `open`, and reads the whole body, whatever it is.
    task<std::string> body(http_request request, detail::request_subject about);
    /// As `open`, and reads the whole body. Throws for what is not the answer that is expected.
    task<std::string> body(request_maker make, detail::request_subject about,
                           detail::expected_answer expected = detail::expected_answer::object);
    task<std::string> read_all(std::unique_ptr<http_response> response, std::string subject);

    task<std::string> served_version(resource_type type);
    task<std::optional<std::string>> discover(resource_type type);
    std::string remembered_version(const resource_type& type) const;

    http_request make_request(std::string method, std::string target) const;
    /// A read of one object or, `list`, of many, in the form that the kind asks for.
    http_request make_read(const resource_type& type, bool list, std::string target) const;

    struct known_version {
        std::string version{};
        bool current = true; ///< false: to be asked for again before it is used
    };

    std::shared_ptr<transport> link;
    client_options options;
    clock& time;
    request_observer observer;
    /// By qualified name and preferred version.
    std::map<std::string, known_version> versions;
    /// Lookups under way; the timer is cancelled when one has ended.
    std::map<std::string, std::shared_ptr<boost::asio::steady_timer>> lookups;

private:
    void observe(std::string_view method, int status);
    task<std::unique_ptr<http_response>> send(const http_request& request);
    template <class T>
    task<T> discovery_document(std::string target, std::string_view kind);
    task<bool> serves(resource_type type, std::string version);
    /// After a 404 that names no object. Returns when discovery says that the kind is served. Throws
    /// `not_served_error` when discovery says that the kind is not, what the server says when discovery is denied,
    /// and `unknown_path` when discovery gives no answer either.
    task<void> ask_whether_served(resource_type type, detail::unknown_path_error unknown_path);
};

} // namespace gwctl
