#include "tls_errors.hpp"

#include <gwctl/core/error.hpp>
#include <gwctl/core/time.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace gwctl::detail {
namespace {

std::string one_line(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string utc(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return format_time(std::chrono::time_point_cast<wall_time::duration>(
        std::chrono::system_clock::from_time_t(::timegm(&parts))));
}

std::string alternative_names(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free);
    std::string all;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
        std::string text;
        if (name->type == GEN_DNS || name->type == GEN_IPADD) {
            const ASN1_STRING* const raw = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
            const auto* const data = ASN1_STRING_get0_data(raw);
            const auto size = static_cast<std::size_t>(ASN1_STRING_length(raw));
            boost::asio::ip::address_v4::bytes_type v4{};
            boost::asio::ip::address_v6::bytes_type v6{};
            if (name->type == GEN_DNS) {
                text.assign(reinterpret_cast<const char*>(data), size);
            } else if (size == v4.size()) {
                std::copy_n(data, size, v4.begin());
                text = boost::asio::ip::address_v4(v4).to_string();
            } else if (size == v6.size()) {
                std::copy_n(data, size, v6.begin());
                text = boost::asio::ip::address_v6(v6).to_string();
            }
        }
        if (!text.empty())
            all.append(all.empty() ? "" : ", ").append(text);
    }
    return all;
}

std::string describe_certificate(const endpoint& server, const std::string& expected,
                                 const certificate_problem& p) {
    const std::string url = server.url();
    switch (p.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return fmt::format("the certificate \"{}\" of {} expired on {}; renew it on the server, or set this "
                           "machine's clock if that is wrong",
                           p.subject, url, p.not_after);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return fmt::format(
            "the certificate \"{}\" of {} is valid only from {}; is this machine's clock right?", p.subject,
            url, p.not_before);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return fmt::format(
            "the certificate of {} is not for \"{}\" but for {}; use one of these in the server "
            "address, or set tls-server-name to one",
            url, expected.empty() ? server.host : expected,
            p.names.empty() ? fmt::format("\"{}\"", p.subject) : p.names);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return fmt::format("the certificate of {} is signed by an unknown authority, \"{}\"; set "
                           "certificate-authority to that authority's certificate",
                           url, p.issuer);
    default:
        return fmt::format("the certificate \"{}\" of {} cannot be trusted: {}", p.subject, url,
                           X509_verify_cert_error_string(p.code));
    }
}

} // namespace

certificate_problem problem_of(X509_STORE_CTX* verification) {
    certificate_problem p;
    p.code = X509_STORE_CTX_get_error(verification);
    const X509* const certificate = X509_STORE_CTX_get_current_cert(verification);
    if (certificate == nullptr)
        return p;
    p.subject = one_line(X509_get_subject_name(certificate));
    p.issuer = one_line(X509_get_issuer_name(certificate));
    p.names = alternative_names(certificate);
    p.not_before = utc(X509_get0_notBefore(certificate));
    p.not_after = utc(X509_get0_notAfter(certificate));
    return p;
}

void expect_server(SSL* ssl, const endpoint& server, const std::string& expected) {
    const std::string& name = expected.empty() ? server.host : expected;
    X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl);
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(name, not_an_address);
    if (not_an_address) {
        // Server Name Indication takes names only (RFC 6066 section 3).
        SSL_set_tlsext_host_name(ssl, name.c_str());
        X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
    }
}

std::string describe_handshake_failure(const endpoint& server, const std::string& expected,
                                       const certificate_problem& problem,
                                       const boost::system::error_code& ec) {
    if (problem.code != X509_V_OK)
        return describe_certificate(server, expected, problem);
    if (ec == boost::asio::ssl::error::stream_truncated || ec == boost::asio::error::eof ||
        ec == boost::asio::error::connection_reset)
        return fmt::format("{} closed the connection during the TLS handshake; is this a TLS port?",
                           server.url());
    if (ec.category() == boost::asio::error::get_ssl_category()) {
        switch (ERR_GET_REASON(static_cast<unsigned long>(ec.value()))) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_UNEXPECTED_MESSAGE:
            return fmt::format(
                "{}: expected TLS but the server speaks plain HTTP; use http:// in its address, or "
                "the port where it speaks TLS",
                server.url());
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
            return fmt::format("{} speaks no TLS version from 1.2 on; update the server", server.url());
        default:
            break;
        }
    }
    return fmt::format("the TLS handshake with {} failed: {}", server.url(), ec.message());
}

} // namespace gwctl::detail
