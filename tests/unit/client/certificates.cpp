#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace gwctl::test {
namespace {

template <auto Free>
struct deleter {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using cert_ptr = std::unique_ptr<X509, deleter<X509_free>>;

void require(bool ok) {
    if (!ok)
        throw std::runtime_error("OpenSSL could not make a certificate");
}

template <class Write>
std::string pem_of(Write write) {
    const std::unique_ptr<BIO, deleter<BIO_free_all>> out(BIO_new(BIO_s_mem()));
    require(write(out.get()) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

void add_extension(X509* cert, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, deleter<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
    require(extension != nullptr && X509_add_ext(cert, extension.get(), -1) == 1);
}

cert_ptr make(const certificate_wish& wish, EVP_PKEY* key, const X509* issuer, EVP_PKEY* issuer_key) {
    static long serial = 0;
    cert_ptr cert(X509_new());
    X509_set_version(cert.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), wish.valid_from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), wish.valid_until_days * 86400L);
    X509_NAME* const name = X509_get_subject_name(cert.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert.get(), issuer != nullptr ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(cert.get(), key);
    add_extension(cert.get(), NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wish.alternative_names.empty())
        add_extension(cert.get(), NID_subject_alt_name, wish.alternative_names);
    require(X509_sign(cert.get(), issuer_key, EVP_sha256()) > 0);
    return cert;
}

std::string pem_of(X509* cert) {
    return pem_of([&](BIO* out) { return PEM_write_bio_X509(out, cert); });
}

} // namespace

struct authority::state {
    key_ptr key{EVP_EC_gen("P-256")};
    cert_ptr cert;
    std::string pem;
};

authority::authority(const std::string& name) : state_(std::make_unique<state>()) {
    certificate_wish wish;
    wish.common_name = name;
    wish.alternative_names.clear();
    wish.authority = true;
    state_->cert = make(wish, state_->key.get(), nullptr, state_->key.get());
    state_->pem = pem_of(state_->cert.get());
}
authority::authority(const std::string& name, const authority& parent) : state_(std::make_unique<state>()) {
    certificate_wish wish;
    wish.common_name = name;
    wish.alternative_names.clear();
    wish.authority = true;
    state_->cert = make(wish, state_->key.get(), parent.state_->cert.get(), parent.state_->key.get());
    state_->pem = pem_of(state_->cert.get());
}
authority::~authority() = default;

const std::string& authority::pem() const noexcept { return state_->pem; }

server_certificate authority::sign(const certificate_wish& wish) const {
    const key_ptr key(EVP_EC_gen("P-256"));
    const cert_ptr cert = make(wish, key.get(), state_->cert.get(), state_->key.get());
    server_certificate made;
    made.chain = pem_of(cert.get());
    made.key = pem_of([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return made;
}

} // namespace gwctl::test
