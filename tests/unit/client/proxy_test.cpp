// Proxies of the environment, which are not used.
#include "scripted_server.hpp"

#include <gwctl/core/log.hpp>

#include <client/proxy.hpp>
#include <cstdlib>
#include <map>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;

namespace {

using variables = std::map<std::string, std::string>;

std::string unused(const std::string& server, const variables& set) {
    const detail::environment env = [&](const std::string& name) {
        const auto found = set.find(name);
        return found == set.end() ? std::string() : found->second;
    };
    return detail::unused_proxy(detail::parse_endpoint(server).value(), env);
}

bool covered(const std::string& no_proxy, const std::string& server = "https://api.example.com:6443") {
    return unused(server, {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", no_proxy}}).empty();
}

task<void> fetch_into(std::shared_ptr<transport> t, std::string& out) { out = co_await fetch(*t, get("/x")); }

} // namespace

TEST_CASE("which variable names a proxy for a server") {
    const variables none;
    CHECK(unused("https://api:6443", none).empty());
    CHECK(unused("https://api:6443", {{"HTTPS_PROXY", "http://p:1"}}) == "HTTPS_PROXY");
    CHECK(unused("https://api:6443", {{"https_proxy", "http://p:1"}}) == "https_proxy");
    CHECK(unused("https://api:6443", {{"ALL_PROXY", "socks5://p:1"}}) == "ALL_PROXY");
    CHECK(unused("https://api:6443", {{"HTTP_PROXY", "http://p:1"}}).empty());
    CHECK(unused("http://api:8080", {{"HTTP_PROXY", "http://p:1"}, {"HTTPS_PROXY", "http://q:1"}}) ==
          "HTTP_PROXY");
    CHECK(unused("http://api:8080", {{"all_proxy", "http://p:1"}}) == "all_proxy");
    CHECK(unused("https://api:6443", {{"HTTPS_PROXY", ""}}).empty());
    // This machine needs no proxy, as for Go's programs.
    for (const char* here :
         {"https://localhost:1", "https://127.0.0.1:1", "https://127.1.2.3:1", "https://[::1]:1"})
        CHECK(unused(here, {{"HTTPS_PROXY", "http://p:1"}}).empty());
}

TEST_CASE("NO_PROXY is read as Go's programs read it") {
    for (const char* yes :
         {"*", "api.example.com", "example.com", ".example.com", "*.example.com", "API.Example.com",
          "x, example.com ,y", "example.com:6443", "api.example.com:6443"}) {
        INFO(yes);
        CHECK(covered(yes));
    }
    for (const char* no :
         {"", "ample.com", "example.com:443", ".api.example.com", "api.example", "10.0.0.0/8", ",", ":"}) {
        INFO(no);
        CHECK_FALSE(covered(no));
    }
    const std::string v4 = "https://10.1.2.3:6443";
    const std::string v6 = "https://[fd00::5]:6443";
    CHECK(covered("10.0.0.0/8", v4));
    CHECK(covered("192.168.0.0/16,10.1.2.3", v4));
    CHECK(covered("10.1.2.3:6443", v4));
    CHECK_FALSE(covered("10.1.2.3:443", v4));
    CHECK_FALSE(covered("10.2.0.0/16,10.1.2.33,2.3", v4));
    CHECK(covered("fd00::/8", v6));
    CHECK(covered("fd00:0::5", v6));
    CHECK(covered("[fd00::5]:6443", v6));
    CHECK_FALSE(covered("fd01::/16,10.0.0.0/8", v6));
    CHECK(unused("https://api:1", {{"https_proxy", "http://p:1"}, {"no_proxy", "api"}}).empty());
}

TEST_CASE(
    "a proxy that is not used is told of once, and in the error of a connection, without its password") {
    ::setenv("HTTP_PROXY", "http://me:secret@proxy.invalid:3128", 1);
    std::vector<std::string> lines;
    log::redirect([&](const log::record& r) {
        lines.emplace_back(r.message);
        for (const log::field& f : r.fields)
            lines.back() += " " + f.key + "=" + f.value;
    });
    cluster_config config;
    config.server = "http://api.invalid:8080";
    const auto first = make_http_transport(config);
    const auto second = make_http_transport(config);
    log::redirect({});
    ::unsetenv("HTTP_PROXY");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("variable=HTTP_PROXY server=api.invalid:8080") != std::string::npos);
    CHECK(lines[0].find("secret") == std::string::npos);

    boost::asio::io_context io;
    std::string ignored;
    const std::string failure = failure_of(io, fetch_into(first, ignored));
    CHECK(failure.starts_with("unreachable: cannot resolve api.invalid: "));
    CHECK(
        failure.ends_with("; the proxy that HTTP_PROXY names is not used, since proxies are not supported"));
}
