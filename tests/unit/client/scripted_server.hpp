/// A raw TCP or TLS server whose every byte a test decides.
#pragma once

#include <gwctl/client/config.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/core/task.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace gwctl::test {

/// One accepted connection.
class peer {
public:
    virtual ~peer() = default;
    /// The next request, head and body; empty when the client closed.
    virtual task<std::string> request() = 0;
    virtual task<void> write(std::string bytes) = 0;
    /// Waits until the client closes, or breaks, the connection.
    virtual task<void> until_closed() = 0;
    /// Closes at once, so that a later write of the client is answered with a reset.
    virtual void close() = 0;
};

struct server_certificate {
    std::string chain{};
    std::string key{};
    std::string client_authority{}; ///< not empty: clients must present a certificate of it
};

/// Listens on 127.0.0.1 and runs `session` for each connection; its second argument counts them from 1.
class scripted_server {
public:
    using session = std::function<task<void>(peer&, int number)>;
    scripted_server(boost::asio::io_context& io, session s);
    scripted_server(boost::asio::io_context& io, server_certificate certificate, session s);
    ~scripted_server();

    /// "http://127.0.0.1:PORT" or "https://...".
    std::string url() const;
    std::string port() const;
    int accepted() const noexcept;
    /// Replaces the certificate, for new connections.
    void use(const server_certificate& certificate);
    /// Stops accepting and ends all sessions.
    void stop();

    struct state;

private:
    std::shared_ptr<state> state_;
};

/// An HTTP response with a body.
std::string answer(int status, const std::string& body, const std::string& headers = {});

/// Runs `io` until `work` is done; what it throws is thrown here. Fails the test after 30 s.
void run(boost::asio::io_context& io, task<void> work);

/// Sends and reads the whole body.
task<std::string> fetch(transport& t, http_request request);
http_request get(std::string target);

/// The message of the `api_error` that `work` throws, with its code in front: "tls: the certificate ...".
std::string failure_of(boost::asio::io_context& io, task<void> work);

} // namespace gwctl::test
