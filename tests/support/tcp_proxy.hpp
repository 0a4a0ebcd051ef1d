// A cable between a client and a server that a test can pull.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace gwctl::tests {

/// Forwards connections to another address, byte by byte, so TLS passes through. Runs a thread of its own;
/// every member may be called from any thread.
class tcp_proxy {
public:
    /// Listens on a free port of 127.0.0.1. `host` is a name or an address.
    tcp_proxy(const std::string& host, const std::string& port);
    ~tcp_proxy();
    tcp_proxy(const tcp_proxy&) = delete;
    tcp_proxy& operator=(const tcp_proxy&) = delete;

    std::uint16_t port() const;
    /// Closes every connection on both sides; returns when that is done, with their number. New ones are let
    /// through.
    std::size_t drop_connections();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace gwctl::tests
