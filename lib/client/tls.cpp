#include "tls.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/time.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace gwctl::detail {

namespace ssl = boost::asio::ssl;

std::string pem_reader::name() const {
    return source_.text.empty() ? fmt::format("{} {}", field_, source_.file) : fmt::format("{}-data", field_);
}

bool pem_reader::changed() const {
    return source_.text.empty() && !empty() && file_stamp::of(source_.file) != read_;
}

result<std::string> pem_reader::read() {
    if (!source_.text.empty() || empty())
        return source_.text;
    read_ = file_stamp::of(source_.file);
    std::ifstream in(source_.file, std::ios::binary);
    if (!in)
        return error{errc::config, fmt::format("{}: cannot read the file: {}", name(), std::strerror(errno))};
    return std::string(std::istreambuf_iterator<char>(in), {});
}

result<void> check_client_certificate(const std::string& pem, const std::string& name, wall_time now) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> cert(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!cert) {
        ERR_clear_error();
        return error{errc::config, fmt::format("{}: expected a certificate in PEM form", name)};
    }
    std::tm end{};
    ASN1_TIME_to_tm(X509_get0_notAfter(cert.get()), &end);
    const wall_time not_after = std::chrono::time_point_cast<wall_time::duration>(
        std::chrono::system_clock::from_time_t(::timegm(&end)));
    if (not_after < now)
        return error{errc::config, fmt::format("{}: client certificate expired on {}; renew it", name,
                                               format_time(not_after))};
    return {};
}

tls_settings::tls_settings(const cluster_config& config)
    : origin_(config.origin), verify_(!config.insecure_skip_tls_verify),
      authority_(config.certificate_authority, "certificate-authority"),
      certificate_(config.client_certificate, "client-certificate"), key_(config.client_key, "client-key") {
    auto loaded = load();
    if (loaded.has_error())
        throw api_error(loaded.error());
    context_ = std::move(*loaded);
}

std::shared_ptr<ssl::context> tls_settings::context() {
    if (!authority_.changed() && !certificate_.changed() && !key_.changed())
        return context_;
    auto loaded = load();
    if (loaded.has_value())
        context_ = std::move(*loaded);
    else
        log::warn("changed certificates cannot be used yet; keeping the old ones",
                  {{"error", loaded.error().message}});
    return context_;
}

result<std::shared_ptr<ssl::context>> tls_settings::load() {
    const auto wrong = [&](std::string_view what) {
        ERR_clear_error();
        return error{errc::config,
                     origin_.empty() ? std::string(what) : fmt::format("{}: {}", origin_, what)};
    };
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    SSL_CTX* const raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    // An idle watch then holds no record buffers.
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    // We speak HTTP/1.1 only; proxies that would default to HTTP/2 learn it here (RFC 7301).
    static constexpr unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(raw, protocols, sizeof(protocols) - 1);

    // Whatever the bundle holds is trusted, as in Go: the cluster's authority may be signed by one that we do
    // not have.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(raw), X509_V_FLAG_PARTIAL_CHAIN);

    boost::system::error_code ec;
    context->set_verify_mode(verify_ ? ssl::verify_peer : ssl::verify_none, ec);
    if (authority_.empty()) {
        context->set_default_verify_paths(ec);
    } else {
        const auto pem = authority_.read();
        if (pem.has_error())
            return wrong(pem.error().message);
        context->add_certificate_authority(boost::asio::buffer(*pem), ec);
        if (ec || sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(raw))) == 0)
            return wrong(authority_.name() + ": expected certificates in PEM form");
    }

    if (certificate_.empty() != key_.empty())
        return wrong(certificate_.empty() ? key_.name() + ": there is no client certificate to go with it"
                                          : certificate_.name() + ": there is no client key to go with it");
    if (certificate_.empty())
        return context;
    const auto certificate = certificate_.read();
    if (certificate.has_error())
        return wrong(certificate.error().message);
    const auto now = std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
    if (auto checked = check_client_certificate(*certificate, certificate_.name(), now); checked.has_error())
        return wrong(checked.error().message);
    const auto key = key_.read();
    if (key.has_error())
        return wrong(key.error().message);
    context->use_certificate_chain(boost::asio::buffer(*certificate), ec);
    if (ec)
        return wrong(certificate_.name() + ": expected a chain of certificates in PEM form");
    // Without this OpenSSL asks at the terminal for the password of an encrypted key.
    context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; }, ec);
    context->use_private_key(boost::asio::buffer(*key), ssl::context::pem, ec);
    if (ec && ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == X509_R_KEY_VALUES_MISMATCH)
        return wrong(fmt::format("{} does not belong to {}", key_.name(), certificate_.name()));
    if (ec)
        return wrong(key_.name() + ": expected an unencrypted private key in PEM form");
    return context;
}

} // namespace gwctl::detail
