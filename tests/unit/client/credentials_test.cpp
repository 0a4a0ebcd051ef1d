// Tokens on the wire, and the identity that changes under a running transport.
#include "certificates.hpp"
#include "scratch.hpp"

#include <client/kubeconfig.hpp>
#include <filesystem>
#include <fstream>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
namespace asio = boost::asio;

namespace {

task<void> fetch_into(std::shared_ptr<transport> t, http_request request, std::string& out) {
    out = co_await fetch(*t, std::move(request));
}

/// The token of a request.
std::string token_of(const std::string& request) {
    const std::string prefix = "Authorization: Bearer ";
    const auto at = request.find(prefix);
    if (at == std::string::npos)
        return "none";
    return request.substr(at + prefix.size(), request.find('\r', at) - at - prefix.size());
}

/// Accepts the token "fresh" only, and names the token of each request.
scripted_server::session accept_fresh(std::vector<std::string>& seen) {
    return [&seen](peer& p, int) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            seen.push_back(token_of(request));
            int status = 401;
            if (seen.back() == "fresh")
                status = 200;
            co_await p.write(answer(status, seen.back()));
        }
    };
}

} // namespace

TEST_CASE("a refused token is read again, and the request sent once more with another one") {
    const auto file =
        std::filesystem::temp_directory_path() / ("gwctl-rotated-" + std::to_string(::getpid()));
    const auto write = [&](const std::string& text) { std::ofstream(file) << text; };
    asio::io_context io;
    std::vector<std::string> seen;
    scripted_server server(io, accept_fresh(seen));
    cluster_config config;
    config.server = server.url();
    config.token_file = file.string();
    write("stale\n");
    const auto t = make_http_transport(config);
    std::string out;
    http_request write_request = get("/x");
    write_request.method = "POST";

    run(io, fetch_into(t, write_request, out));
    CHECK(out == "401 stale");
    CHECK(seen == std::vector<std::string>{"stale"}); // there is no other token to try

    write("fresh\n");
    run(io, fetch_into(t, write_request, out));
    CHECK(out == "200 fresh");
    CHECK(seen == std::vector<std::string>{"stale", "stale", "fresh"});
    std::filesystem::remove(file);
    run(io, fetch_into(t, write_request, out));
    CHECK(out == "200 fresh");
}

TEST_CASE("without a token there is no Authorization, and a broken token is refused") {
    asio::io_context io;
    std::vector<std::string> seen;
    scripted_server server(io, accept_fresh(seen));
    cluster_config config;
    config.server = server.url();
    std::string out;
    run(io, fetch_into(make_http_transport(config), get("/x"), out));
    CHECK(out == "401 none");
    config.token = "two words";
    CHECK(failure_of(io, fetch_into(make_http_transport(config), get("/x"), out)) ==
          "config: the bearer token contains blanks or control characters");
    config.token.clear();
    config.token_file = "/nowhere/token";
    config.origin = "service account of this pod";
    try {
        make_http_transport(config);
        FAIL("accepted");
    } catch (const api_error& e) {
        CHECK(e.code() == errc::config);
        CHECK(std::string(e.what()) == "service account of this pod: token file /nowhere/token: cannot read "
                                       "it: No such file or directory");
    }
}

TEST_CASE("a kubeconfig that is written again gives new credentials, and nothing else") {
    asio::io_context io;
    scratch files;
    std::vector<std::string> seen;
    scripted_server server(io, accept_fresh(seen));
    const auto write = [&](const std::string& current, const std::string& user, const std::string& url) {
        return files.write("config",
                           "current-context: " + current +
                               "\ncontexts: [{name: dev, context: {cluster: c, user: u}}, {name: other, "
                               "context: {cluster: c, user: v}}]\nclusters: [{name: c, cluster: {server: '" +
                               url + "'}}]\nusers: [{name: u, user: " + user +
                               "}, {name: v, user: {token: other}}]\n");
    };
    const std::string path = write("dev", "{token: stale}", server.url());
    const auto t = make_http_transport(detail::merge_kubeconfigs({path}, "").value());
    std::string out;
    const auto ask = [&] {
        run(io, fetch_into(t, get("/x"), out));
        return out;
    };
    CHECK(ask() == "401 stale");
    CHECK(seen.size() == 1); // there is nobody else to be
    SECTION("another token") {
        write("dev", "{token: fresh}", server.url());
        CHECK(ask() == "200 fresh");
        CHECK(seen == std::vector<std::string>{"stale", "fresh"}); // before it was refused again
        // What cannot be used leaves what was before.
        files.write("config", "half of a");
        CHECK(ask() == "200 fresh");
        write("dev", "{token: other}", "https://127.0.0.1:1");
        CHECK(ask() == "200 fresh");
        std::filesystem::remove(path);
        CHECK(ask() == "200 fresh");
    }
    SECTION("another current context is none of our business") {
        write("other", "{token: fresh}", server.url());
        CHECK(ask() == "200 fresh");
    }
    SECTION("a token file instead") {
        files.write("token", "fresh");
        write("dev", "{tokenFile: token}", server.url());
        CHECK(ask() == "200 fresh");
    }
    SECTION("a plugin instead") {
        files.write("out", R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1",)"
                           R"("status":{"token":"fresh"}})");
        write("dev",
              "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: cat, args: ['" +
                  files.path() + "/out']}}",
              server.url());
        CHECK(ask() == "200 fresh");
    }
}

TEST_CASE("certificates that are written again are used at once, and close what proves the old ones") {
    const authority ca;
    asio::io_context io;
    scratch files;
    server_certificate own = ca.sign({});
    own.client_authority = ca.pem();
    scripted_server server(io, own, [](peer& p, int number) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            co_await p.write(answer(200, std::to_string(number)));
        }
    });
    const auto write = [&] {
        const server_certificate c = ca.sign({});
        files.write("key", c.key);
        files.write("certificate", c.chain);
    };
    write();
    cluster_config config;
    config.server = server.url();
    config.certificate_authority.file = files.write("ca", ca.pem());
    config.client_certificate.file = files.path() + "/certificate";
    config.client_key.file = files.path() + "/key";
    const auto t = make_http_transport(config);
    std::string out;
    const auto ask = [&] {
        run(io, fetch_into(t, get("/x"), out));
        return out;
    };
    CHECK(ask() == "200 1");
    CHECK(ask() == "200 1");
    write();
    CHECK(ask() == "200 2"); // although the idle connection was as good as ever
    CHECK(ask() == "200 2");
    files.write("key", ca.sign({}).key); // only one of the pair is there yet
    CHECK(ask() == "200 2");
}
