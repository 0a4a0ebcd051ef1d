// Tokens on the wire, and the identity that changes under a running transport.
#include "scripted_server.hpp"

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
