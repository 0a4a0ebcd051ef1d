#include "certificates.hpp"

#include <gwctl/gateway/grants.hpp>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

namespace gwctl::gateway {
namespace {

template <auto free>
struct deleter {
    template <class T>
    void operator()(T* p) const {
        free(p);
    }
};
using bio_ptr = std::unique_ptr<BIO, deleter<&BIO_free>>;
using certificate_ptr = std::unique_ptr<X509, deleter<&X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, deleter<&EVP_PKEY_free>>;

/// Text that leaves no copy behind.
class secret_text {
public:
    /// Of standard base64 without line breaks, as API servers write it; empty for anything else.
    explicit secret_text(std::string_view base64) : bytes_(base64.size() / 4 * 3) {
        if (base64.empty() || base64.size() % 4 != 0)
            return;
        const int written =
            EVP_DecodeBlock(bytes_.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                            static_cast<int>(base64.size()));
        if (written < 0)
            return;
        const auto padding = static_cast<std::size_t>(base64.ends_with('=')) +
                             static_cast<std::size_t>(base64.ends_with("=="));
        size_ = static_cast<std::size_t>(written) - padding;
    }
    ~secret_text() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
    secret_text(const secret_text&) = delete;
    secret_text& operator=(const secret_text&) = delete;

    bool empty() const noexcept { return size_ == 0; }
    bio_ptr open() const { return bio_ptr(BIO_new_mem_buf(bytes_.data(), static_cast<int>(size_))); }

private:
    std::vector<unsigned char> bytes_;
    std::size_t size_ = 0;
};

/// SHA-256 of the SubjectPublicKeyInfo; empty without a key.
std::string digest_of(const EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = key == nullptr ? 0 : i2d_PUBKEY(key, &der);
    if (size <= 0)
        return {};
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(der, static_cast<std::size_t>(size), reinterpret_cast<unsigned char*>(digest.data()));
    OPENSSL_free(der);
    return digest;
}

/// Without it OpenSSL asks the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

verdict judge_certificate(const std::string& path, const gateway_v1::SecretObjectReference& ref,
                          const listener_owner& owner, const cluster_view& cluster) {
    const auto invalid = [&](std::string message) {
        return verdict{false, "InvalidCertificateRef", path + std::move(message)};
    };
    if (!ref.group.value_or("").empty() || ref.kind.value_or("Secret") != "Secret")
        return invalid(fmt::format(": expected kind Secret of the core group, got {}{}{}; refer to a Secret",
                                   ref.kind.value_or("Secret"),
                                   ref.group.value_or("").empty() ? "" : " of group ",
                                   ref.group.value_or("")));
    const object_key target(ref.namespace_.value_or(std::string(owner.namespace_)), ref.name);
    const reference who{gateway_v1::group, owner.kind, owner.namespace_, {}};
    const reference what{"", "Secret", target.namespace_, target.name};
    if (!cluster.reads(target.namespace_))
        return {
            false, "RefNotPermitted",
            fmt::format("{}.namespace: this controller is limited to some namespaces and does not read {}; "
                        "refer to a Secret of a namespace that it reads, or add {} to its flag -namespace",
                        path, target.namespace_, target.namespace_)};
    if (!permitted(who, what, cluster))
        return {
            false, "RefNotPermitted",
            fmt::format("{}.namespace: no ReferenceGrant in namespace {} lets {}s of namespace {} refer to "
                        "Secret {}; create one there",
                        path, target.namespace_, owner.kind, owner.namespace_, target.name)};
    const std::optional<std::string> problem = cluster.certificate_problem(target);
    if (!problem)
        return invalid(fmt::format(".name: Secret {} of type kubernetes.io/tls does not exist; create it or "
                                   "correct the name",
                                   to_string(target)));
    if (!problem->empty())
        return invalid(fmt::format(".name: Secret {}: {}; correct it", to_string(target), *problem));
    return {};
}

} // namespace

pem_summary summarize_pem(std::string_view base64) {
    constexpr std::size_t longest = std::size_t{2} << 20; // etcd takes less
    pem_summary summary;
    if (base64.size() > longest)
        return summary;
    const secret_text text(base64);
    // There may be no buffer, of which OpenSSL makes no BIO, and before 3.0.14 it reads keys through that null pointer.
    if (text.empty())
        return summary;
    const bio_ptr for_certificate = text.open();
    const certificate_ptr certificate(PEM_read_bio_X509(for_certificate.get(), nullptr, nullptr, nullptr));
    if (certificate) {
        summary.what = pem_summary::content::certificate;
        summary.public_key = digest_of(X509_get0_pubkey(certificate.get()));
    } else {
        const bio_ptr for_key = text.open();
        const key_ptr key(PEM_read_bio_PrivateKey(for_key.get(), nullptr, &no_passphrase, nullptr));
        if (key) {
            summary.what = pem_summary::content::private_key;
            summary.public_key = digest_of(key.get());
        }
    }
    ERR_clear_error();
    return summary;
}

std::string problem_of(const certificate_secret& secret) {
    const auto find = [&](const char* name) {
        const auto found = secret.data.find(name);
        return found == secret.data.end() ? pem_summary() : found->second;
    };
    const pem_summary certificate = find("tls.crt");
    const pem_summary key = find("tls.key");
    if (certificate.what != pem_summary::content::certificate || certificate.public_key.empty())
        return "data[tls.crt]: expected a certificate in PEM form";
    if (key.what != pem_summary::content::private_key)
        return "data[tls.key]: expected an unencrypted private key in PEM form";
    if (key.public_key != certificate.public_key)
        return "data[tls.key]: expected the private key of the certificate in tls.crt, got another one";
    return {};
}

verdict judge_certificates(const Listener& listener, std::size_t index, const listener_owner& owner,
                           const cluster_view& cluster) {
    const std::string path = fmt::format("spec.listeners[{}].tls.certificateRefs", index);
    if (!listener.tls || listener.tls->certificateRefs.empty())
        return {false, "InvalidCertificateRef",
                path + ": expected a reference to a Secret of type kubernetes.io/tls, got none; add one"};
    const auto& refs = listener.tls->certificateRefs;
    for (std::size_t i = 0; i < refs.size(); ++i) {
        verdict v = judge_certificate(fmt::format("{}[{}]", path, i), refs[i], owner, cluster);
        if (!v.holds)
            return v;
    }
    return {};
}

} // namespace gwctl::gateway

namespace gwctl::json::detail {

const type_info& metadata_without_annotations() noexcept {
    static const std::vector<member_info> kept = [] {
        std::vector<member_info> all;
        for (const member_info& m : table<ObjectMeta>::info.members)
            if (m.name != "annotations")
                all.push_back(m);
        return all;
    }();
    static const type_info info{shape::object, kept};
    return info;
}

} // namespace gwctl::json::detail
