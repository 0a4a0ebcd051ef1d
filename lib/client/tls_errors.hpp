/// Failed handshakes in plain words.
#pragma once

#include "endpoint.hpp"

#include <gwctl/core/clock.hpp>

#include <boost/system/error_code.hpp>

#include <string>

typedef struct ssl_st SSL;
typedef struct x509_store_ctx_st X509_STORE_CTX;

namespace gwctl::detail {

/// What verification did not like about the server's certificate.
struct certificate_problem {
    int code = 0; ///< X509_V_OK
    std::string subject{};
    std::string issuer{};
    std::string names{}; ///< subject alternative names: "DNS:kubernetes, IP:10.96.0.1"
    std::string not_before{};
    std::string not_after{};
};

/// Reads the problem from a failed verification step.
certificate_problem problem_of(X509_STORE_CTX* verification);

/// Makes `ssl` ask for and insist on the name or address of the server.
/// `expected` is the tls-server-name of the configuration, or empty.
void expect_server(SSL* ssl, const endpoint& server, const std::string& expected);

/// One line: what is wrong, and what to do. `expected` as above.
std::string describe_handshake_failure(const endpoint& server, const std::string& expected,
                                       const certificate_problem& problem,
                                       const boost::system::error_code& ec);

} // namespace gwctl::detail
