/// What secures connections: certificates, and the words for what is wrong with them.
#pragma once

#include "file_stamp.hpp"

#include <gwctl/client/config.hpp>
#include <gwctl/core/clock.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace gwctl::detail {

/// The text of a PEM source, read from its file when it changed.
class pem_reader {
public:
    pem_reader() = default;
    pem_reader(pem_source source, std::string field) : source_(std::move(source)), field_(std::move(field)) {}

    bool empty() const noexcept { return source_.empty(); }
    /// Where it came from, for messages: "client-certificate /etc/k.pem".
    std::string name() const;
    /// Whether the file is not the one of the last `read`.
    bool changed() const;
    result<std::string> read();

private:
    pem_source source_{};
    std::string field_{};
    file_stamp read_{};
};

/// The TLS settings of one API server. Not thread safe.
class tls_settings {
public:
    /// Throws `api_error` (`errc::config`) naming `config.origin` when a certificate or key cannot work.
    explicit tls_settings(const cluster_config& config);

    /// What a new connection uses. Files that changed are read again; while the new ones cannot work, for
    /// instance because only one of a pair is written yet, the old ones stay and a warning is logged.
    std::shared_ptr<boost::asio::ssl::context> context();

private:
    result<std::shared_ptr<boost::asio::ssl::context>> load();

    std::string origin_;
    bool verify_;
    pem_reader authority_;
    pem_reader certificate_;
    pem_reader key_;
    std::shared_ptr<boost::asio::ssl::context> context_;
};

/// What a client certificate's owner must know: errors when it is not PEM or has expired.
result<void> check_client_certificate(const std::string& pem, const std::string& name, wall_time now);

} // namespace gwctl::detail
