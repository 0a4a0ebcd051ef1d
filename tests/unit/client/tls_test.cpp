#include "certificates.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <fstream>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
namespace asio = boost::asio;

namespace {

task<void> hello(peer& p, int) {
    while (true) {
        const std::string request = co_await p.request();
        if (request.empty())
            co_return;
        co_await p.write(answer(200, "hello"));
    }
}

cluster_config config_for(const std::string& url, const authority& ca) {
    cluster_config config;
    config.server = url;
    config.certificate_authority.text = ca.pem();
    config.origin = "kubeconfig K, context dev";
    return config;
}

task<void> fetch_into(std::shared_ptr<transport> t, std::string& out) { out = co_await fetch(*t, get("/x")); }

/// What comes of one request: the answer, or the failure with URL for the address.
std::string outcome(asio::io_context& io, const cluster_config& config) {
    std::string out;
    std::string failure = failure_of(io, fetch_into(make_http_transport(config), out));
    if (failure == "no failure")
        return out;
    if (const auto at = failure.find(config.server); at != std::string::npos)
        failure.replace(at, config.server.size(), "URL");
    return failure;
}

std::string refusal(const cluster_config& config) {
    try {
        make_http_transport(config);
    } catch (const api_error& e) {
        CHECK(e.code() == errc::config);
        return e.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("a server is trusted for the names and addresses of its certificate") {
    const authority ca;
    asio::io_context io;
    certificate_wish wish;
    const auto with = [&](const std::string& names, const std::string& expected_name) {
        wish.alternative_names = names;
        scripted_server server(io, ca.sign(wish), hello);
        auto config = config_for(server.url(), ca);
        config.tls_server_name = expected_name;
        return outcome(io, config);
    };
    CHECK(with("IP:127.0.0.1", "") == "200 hello");
    CHECK(with("DNS:kubernetes,IP:10.0.0.1", "kubernetes") == "200 hello");
    CHECK(with("DNS:kubernetes,IP:10.0.0.1", "10.0.0.1") == "200 hello");
    CHECK(with("DNS:kubernetes,IP:10.0.0.1,IP:fd00::1", "") ==
          "tls: the certificate of URL is not for \"127.0.0.1\" but for kubernetes, 10.0.0.1, fd00::1; use "
          "one of "
          "these in the server address, or set tls-server-name to one");
    CHECK(
        with("DNS:kubernetes", "other") ==
        "tls: the certificate of URL is not for \"other\" but for kubernetes; use one of these in the server "
        "address, or set tls-server-name to one");
}

// Go's programs trust whatever the bundle holds; ca.crt of many clusters has an authority that another one
// signed.
TEST_CASE("a bundle with an intermediate authority, or with the server's own certificate, is enough") {
    const authority root("corp root");
    const authority cluster("kubernetes-ca", root);
    asio::io_context io;
    certificate_wish wish;
    const server_certificate leaf = cluster.sign(wish);
    server_certificate chain = leaf;
    chain.chain += cluster.pem();
    const auto with = [&](const server_certificate& sent, const std::string& bundle) {
        scripted_server server(io, sent, hello);
        auto config = config_for(server.url(), root);
        config.certificate_authority.text = bundle;
        return outcome(io, config);
    };
    CHECK(with(leaf, cluster.pem()) == "200 hello");
    CHECK(with(chain, cluster.pem()) == "200 hello");
    CHECK(with(chain, root.pem()) == "200 hello");
    CHECK(with(leaf, root.pem() + cluster.pem()) == "200 hello");
    CHECK(with(leaf, leaf.chain) == "200 hello");
    CHECK(with(chain, leaf.chain) == "200 hello");

    // What is in the bundle is trusted, and nothing else is.
    const std::string unknown = "tls: the certificate of URL is signed by an unknown authority, ";
    CHECK(with(leaf, root.pem()).starts_with(unknown));
    CHECK(with(chain, authority("kubernetes-ca").pem()).starts_with(unknown));
    CHECK(with(cluster.sign(wish), leaf.chain).starts_with(unknown));
    // One that may not sign does not become an authority by being trusted.
    CHECK(with(leaf, leaf.chain + authority("other").pem()) == "200 hello");
    wish.alternative_names = "DNS:elsewhere";
    const server_certificate elsewhere = cluster.sign(wish);
    CHECK(with(elsewhere, elsewhere.chain).starts_with("tls: the certificate of URL is not for "));
    wish.alternative_names = "IP:127.0.0.1";
    wish.valid_from_days = -9;
    wish.valid_until_days = -2;
    const server_certificate old = cluster.sign(wish);
    CHECK(with(old, old.chain).starts_with("tls: the certificate \"CN = server\" of URL expired on "));
}

TEST_CASE("certificates that cannot be trusted") {
    const authority ca;
    const authority stranger("stranger");
    asio::io_context io;
    certificate_wish wish;
    SECTION("expired") {
        wish.valid_from_days = -9;
        wish.valid_until_days = -2;
        scripted_server server(io, ca.sign(wish), hello);
        const std::string failure = outcome(io, config_for(server.url(), ca));
        CHECK(failure.starts_with("tls: the certificate \"CN = server\" of URL expired on 20"));
        CHECK(failure.ends_with("; renew it on the server, or set this machine's clock if that is wrong"));
    }
    SECTION("not valid yet") {
        wish.valid_from_days = 2;
        wish.valid_until_days = 9;
        scripted_server server(io, ca.sign(wish), hello);
        const std::string failure = outcome(io, config_for(server.url(), ca));
        CHECK(failure.starts_with("tls: the certificate \"CN = server\" of URL is valid only from 20"));
    }
    SECTION("unknown authority") {
        scripted_server server(io, stranger.sign(wish), hello);
        const std::string unknown = "tls: the certificate of URL is signed by an unknown authority, \"CN = "
                                    "stranger\"; set certificate-authority to that authority's certificate";
        CHECK(outcome(io, config_for(server.url(), ca)) == unknown);
        auto config = config_for(server.url(), ca);
        config.certificate_authority = {};
        CHECK(outcome(io, config) == unknown);
        config.insecure_skip_tls_verify = true;
        CHECK(outcome(io, config) == "200 hello");
    }
    SECTION("plain HTTP") {
        scripted_server server(io, [](peer& p, int) -> task<void> {
            std::string bytes = "HTTP/1.1 400 Bad Request\r\n\r\n";
            co_await p.write(std::move(bytes));
            co_await p.until_closed();
        });
        CHECK(outcome(io, config_for("https://127.0.0.1:" + server.port(), ca)) ==
              "tls: URL: expected TLS but the server speaks plain HTTP; use http:// in its address, or the "
              "port "
              "where it speaks TLS");
    }
    SECTION("closed during the handshake") {
        scripted_server server(io, [](peer&, int) -> task<void> { co_return; });
        CHECK(outcome(io, config_for("https://127.0.0.1:" + server.port(), ca)) ==
              "tls: URL closed the connection during the TLS handshake; is this a TLS port?");
    }
}

TEST_CASE("large bodies and many requests pass through TLS") {
    const authority ca;
    asio::io_context io;
    const std::string large(3 << 20, 'L');
    scripted_server server(io, ca.sign(certificate_wish()), [&large](peer& p, int) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            std::string body = large;
            if (request.starts_with("POST"))
                body = std::to_string(request.size());
            co_await p.write(answer(200, body));
        }
    });
    const auto t = make_http_transport(config_for(server.url(), ca));
    std::string out;
    for (int i = 0; i < 3; ++i) {
        run(io, fetch_into(t, out));
        CHECK(out == "200 " + large);
    }
    const auto send_large = [](std::shared_ptr<transport> link, std::string& answer_) -> task<void> {
        http_request r = get("/x");
        r.method = "POST";
        r.body.assign(1 << 20, 'x');
        answer_ = co_await fetch(*link, std::move(r));
    };
    run(io, send_large(t, out));
    CHECK(out > "200 1048576");
    CHECK(server.accepted() == 1);
}

TEST_CASE("client certificates that cannot work are refused with the reason") {
    const authority ca;
    certificate_wish wish;
    const auto mine = ca.sign(wish);
    auto config = config_for("https://127.0.0.1:1", ca);
    config.client_certificate.text = mine.chain;
    config.client_key.text = mine.key;
    CHECK(refusal(config) == "accepted");

    const std::string who = "kubeconfig K, context dev: ";
    config.client_key.text = ca.sign(wish).key;
    CHECK(refusal(config) == who + "client-key-data does not belong to client-certificate-data");
    config.client_key.text = "garbage";
    CHECK(refusal(config) == who + "client-key-data: expected an unencrypted private key in PEM form");
    config.client_key = {};
    CHECK(refusal(config) == who + "client-certificate-data: there is no client key to go with it");
    config.client_key.text = mine.key;
    config.client_certificate.text = "garbage";
    CHECK(refusal(config) == who + "client-certificate-data: expected a certificate in PEM form");
    config.client_certificate = {};
    config.client_certificate.file = "/nowhere/cert";
    CHECK(refusal(config) ==
          who + "client-certificate /nowhere/cert: cannot read the file: No such file or directory");
    wish.valid_until_days = -1;
    wish.valid_from_days = -3;
    const auto old = ca.sign(wish);
    config.client_certificate.file.clear();
    config.client_certificate.text = old.chain;
    config.client_key.text = old.key;
    CHECK(refusal(config).starts_with(who + "client-certificate-data: client certificate expired on 20"));
    CHECK(refusal(config).ends_with("; renew it"));

    config = config_for("https://127.0.0.1:1", ca);
    config.certificate_authority.text = "garbage";
    CHECK(refusal(config) == who + "certificate-authority-data: expected certificates in PEM form");
    config.server = "ftp://127.0.0.1:1";
    CHECK(refusal(config) == who + "server: expected https://HOST:PORT, got \"ftp://127.0.0.1:1\"");
}

TEST_CASE("a server that asks for a client certificate gets it") {
    const authority ca;
    asio::io_context io;
    auto certificate = ca.sign(certificate_wish());
    certificate.client_authority = ca.pem();
    scripted_server server(io, certificate, hello);
    auto config = config_for(server.url(), ca);
    // With TLS 1.3 the refusal arrives after our handshake, where the answer should be.
    CHECK(outcome(io, config).find("certificate required") != std::string::npos);
    const auto mine = ca.sign(certificate_wish());
    config.client_certificate.text = mine.chain;
    config.client_key.text = mine.key;
    CHECK(outcome(io, config) == "200 hello");
}

TEST_CASE("a changed certificate authority counts for new connections") {
    const authority before("before");
    const authority after("after");
    const auto file = std::filesystem::temp_directory_path() / ("gwctl-ca-" + std::to_string(::getpid()));
    const auto write = [&](const std::string& text) { std::ofstream(file) << text; };
    asio::io_context io;
    scripted_server server(io, before.sign(certificate_wish()), [](peer& p, int) -> task<void> {
        co_await p.request();
        co_await p.write(answer(200, "hello"));
    });
    write(before.pem());
    cluster_config config;
    config.server = server.url();
    config.certificate_authority.file = file.string();
    const auto t = make_http_transport(config);
    const auto result = [&] {
        std::string out;
        const std::string failure = failure_of(io, fetch_into(t, out));
        return failure == "no failure" ? out : failure.substr(0, failure.find(':'));
    };
    CHECK(result() == "200 hello");
    write("half of a certificate"); // the old one stays in use
    CHECK(result() == "200 hello");
    server.use(after.sign(certificate_wish()));
    CHECK(result() == "tls");
    write(before.pem() + after.pem());
    CHECK(result() == "200 hello");
    std::filesystem::remove(file);
}
