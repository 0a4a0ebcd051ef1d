// Secrets of type kubernetes.io/tls: what makes one usable, and that nothing of its content is kept.
#include "gateway/certificates.hpp"

#include <gwctl/runtime/store.hpp>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <support/catch.hpp>
#include <unit/client/certificates.hpp>

using namespace gwctl;
using namespace gwctl::gateway;

namespace {

std::string base64(const std::string& text) {
    std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string secret_json(const std::string& crt, const std::string& key) {
    return fmt::format(
        R"({{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls","metadata":{{"name":"c","namespace":"default",)"
        R"("resourceVersion":"7","uid":"u","labels":{{"a":"b"}},"annotations":{{"copy":"{1}"}}}},)"
        R"("data":{{"tls.crt":"{0}","tls.key":"{1}"}}}})",
        crt, key);
}

std::string problem(const std::string& crt, const std::string& key) {
    return problem_of(json::decode<certificate_secret>(secret_json(crt, key)).value());
}

test::authority& root() {
    static test::authority a("test root");
    return a;
}

} // namespace

TEST_CASE("a certificate and its key are usable, whatever stands around them") {
    const test::server_certificate own = root().sign({});
    CHECK(problem(base64(own.chain), base64(own.key)).empty());
    CHECK(problem(base64("text before\n" + own.chain + root().pem()), base64(own.key)).empty()); // a chain
}

TEST_CASE("what is no pair of certificate and key is refused, saying which part") {
    const test::server_certificate own = root().sign({});
    const test::server_certificate other = root().sign({});
    const std::string crt = base64(own.chain);
    const std::string key = base64(own.key);
    CHECK(problem(crt, base64(other.key)).starts_with("data[tls.key]"));
    CHECK(problem(key, key).starts_with("data[tls.crt]"));
    CHECK(problem(crt, crt).starts_with("data[tls.key]"));
    for (const std::string& nonsense :
         std::vector<std::string>{{},
                                  base64("Hello world\n"),
                                  "%%%%",
                                  "abc",
                                  "====",
                                  base64("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                                  base64(std::string(100'000, '\0')),
                                  base64(own.chain.substr(0, 200)),
                                  base64("-----BEGIN CERTIFICATE-----")}) {
        INFO(nonsense.substr(0, 60));
        CHECK(problem(nonsense, key).starts_with("data[tls.crt]"));
        CHECK(problem(crt, nonsense).starts_with("data[tls.key]"));
    }
    CHECK(problem_of(certificate_secret()).starts_with("data[tls.crt]"));
}

TEST_CASE("an encrypted key is refused, and nobody is asked for its passphrase") {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr,
                                          nullptr) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    const std::string encrypted(text, static_cast<std::size_t>(size));
    REQUIRE(encrypted.find("ENCRYPTED") != std::string::npos);
    CHECK(problem(base64(root().sign({}).chain), base64(encrypted)).starts_with("data[tls.key]"));
}

TEST_CASE("of a Secret neither data nor annotations are kept, nor quoted in an error") {
    const test::server_certificate own = root().sign({});
    const std::string key = base64(own.key);
    const auto secret = json::decode<certificate_secret>(secret_json(base64(own.chain), key)).value();
    CHECK(secret.metadata.name == "c");
    CHECK(secret.metadata.namespace_ == "default");
    CHECK(secret.metadata.resourceVersion == "7");
    CHECK(secret.metadata.labels.at("a") == "b");
    CHECK(secret.metadata.annotations.empty());
    CHECK(secret.data.at("tls.key").public_key.size() == 32);
    CHECK(json::encode(secret).find(key.substr(0, 40)) == std::string::npos);
    // In a list, as a store reads it.
    const auto list = json::decode<object_list<certificate_secret>>(fmt::format(
        R"({{"metadata":{{"resourceVersion":"9"}},"items":[{}]}})", secret_json(base64(own.chain), key)));
    CHECK(list.value().items.at(0)->metadata.annotations.empty());
    for (const std::string_view data :
         {R"({"tls.key": 7})", R"({"tls.key": true})", R"({"tls.key": ["top secret"]})"}) {
        const auto odd =
            json::decode<certificate_secret>(fmt::format(R"({{"metadata":{{"name":"c"}},"data":{}}})", data));
        if (odd.has_error())
            CHECK(odd.error().message.find("top secret") == std::string::npos);
    }
}
