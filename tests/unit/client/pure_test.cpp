// The parts of the client that need no sockets: addresses, queries, tokens, errors, and the HTTP parser.
#include <gwctl/api/gateway_v1.hpp>

#include <client/endpoint.hpp>
#include <client/query.hpp>
#include <client/response_parser.hpp>
#include <client/status_error.hpp>
#include <client/token.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::detail;

TEST_CASE("server addresses") {
    const auto parts = [](std::string_view server) {
        const auto e = parse_endpoint(server);
        return e.has_error() ? e.error().message : e->url();
    };
    CHECK(parts("https://10.0.0.1:6443") == "https://10.0.0.1:6443");
    CHECK(parts("https://kube.example.com") == "https://kube.example.com:443");
    CHECK(parts("http://localhost/") == "http://localhost:80");
    CHECK(parts("https://[fd00::1]:6443/k8s/clusters/c-1/") == "https://[fd00::1]:6443/k8s/clusters/c-1");
    CHECK(parse_endpoint("https://[fd00::1]")->host == "fd00::1");
    CHECK(parse_endpoint("https://[fd00::1]")->authority() == "[fd00::1]:443");
    // As client-go reads them: a scheme in capitals, and none at all.
    CHECK(parts("HTTPS://Kube.Example.Com/k8s/") == "https://Kube.Example.Com:443/k8s");
    CHECK(parts("HTTP://localhost:8080") == "http://localhost:8080");
    CHECK(parts("localhost:8080") == "http://localhost:8080");
    CHECK(parts("10.0.0.1") == "http://10.0.0.1:80");
    CHECK(parts("[fd00::1]:6443/") == "http://[fd00::1]:6443");
    // Such a host would stand in a header, and end it.
    CHECK(parse_endpoint("https://a%0d%0aX:%20y").has_error());
    CHECK(parse_endpoint("https://a%3a1").has_error());
    CHECK(parse_endpoint("10.0.0.1", true)->url() == "https://10.0.0.1:443");
    CHECK(parse_endpoint("http://10.0.0.1", true)->url() == "http://10.0.0.1:80");
    for (const std::string_view bad : {"",
                                       "ftp://a",
                                       "https://",
                                       "https://:1",
                                       "https://a:99999",
                                       "https://a:0",
                                       "https://a b",
                                       "https://u:p@a",
                                       "https://a/?x",
                                       "https://a/#x",
                                       "a/k8s",
                                       "//a",
                                       "/a",
                                       "a:b:c",
                                       ":1",
                                       "a b",
                                       "a?x",
                                       "a:99999",
                                       "https://[::1]00",
                                       "[::1]443:a"}) {
        INFO(bad);
        CHECK(parse_endpoint(bad).has_error());
        CHECK(parts(bad).starts_with("server: expected "));
    }
}

TEST_CASE("a scheme that is missing is https exactly if there is something to do TLS with") {
    const auto url = [](auto change) {
        cluster_config config;
        config.server = "api:6443";
        change(config);
        return endpoint_of(config).value().url();
    };
    CHECK(url([](cluster_config&) {}) == "http://api:6443");
    CHECK(url([](cluster_config& c) { c.token = "t"; }) == "http://api:6443");
    CHECK(url([](cluster_config& c) { c.tls_server_name = "api"; }) == "http://api:6443");
    CHECK(url([](cluster_config& c) { c.certificate_authority.text = "PEM"; }) == "https://api:6443");
    CHECK(url([](cluster_config& c) { c.certificate_authority.file = "ca.crt"; }) == "https://api:6443");
    CHECK(url([](cluster_config& c) { c.client_certificate.file = "me.crt"; }) == "https://api:6443");
    CHECK(url([](cluster_config& c) { c.insecure_skip_tls_verify = true; }) == "https://api:6443");
}

// Virtual hosts that know the bare name answer 404 to others; curl and Go send it so.
TEST_CASE("Host is without the port that the scheme implies") {
    const auto host = [](std::string_view server) { return parse_endpoint(server).value().host_header(); };
    CHECK(host("https://api.example.com") == "api.example.com");
    CHECK(host("https://api.example.com:443/k8s") == "api.example.com");
    CHECK(host("http://api.example.com:80") == "api.example.com");
    CHECK(host("https://[fd00::1]") == "[fd00::1]");
    CHECK(host("https://api.example.com:80") == "api.example.com:80");
    CHECK(host("http://api.example.com:443") == "api.example.com:443");
    CHECK(host("https://[fd00::1]:6443") == "[fd00::1]:6443");
    CHECK(parse_endpoint("https://api.example.com")->authority() == "api.example.com:443");
}

TEST_CASE("queries are percent-encoded, and empty values left out") {
    query q("/api/v1/pods");
    q.add("labelSelector", "app in (a,b),x=\xC3\xA4&y").add("continue", "").add_flag("watch", true);
    CHECK(std::move(q).target() ==
          "/api/v1/pods?labelSelector=app%20in%20%28a%2Cb%29%2Cx%3D%C3%A4%26y&watch=true");
    CHECK(query("/x").target() == "/x");
}

TEST_CASE("pitfall 40: a token is trimmed, read again each minute and when refused; no file or an empty one "
          "changes "
          "nothing") {
    const auto file = std::filesystem::temp_directory_path() / ("gwctl-token-" + std::to_string(::getpid()));
    const auto write = [&](const std::string& text) { std::ofstream(file) << text; };
    const steady_time start{};
    const auto after = [&](int seconds) { return start + std::chrono::seconds(seconds); };
    write("  one\r\n");
    token_source token("ignored", file.string());
    REQUIRE(token.load(start).has_value());
    CHECK(token.current(start) == "one");
    write("two");
    CHECK(token.current(after(59)) == "one");
    CHECK(token.current(after(60)) == "two");
    write("three");
    CHECK(token.replaced("two", after(61)));
    CHECK(token.current(after(61)) == "three");
    CHECK(token.replaced("two", after(61))); // by another request
    CHECK_FALSE(token.replaced("three", after(62)));
    write("\n");
    CHECK(token.current(after(200)) == "three");
    std::filesystem::remove(file);
    CHECK(token.current(after(300)) == "three");
    CHECK_FALSE(token.replaced("three", after(301)));
    CHECK(token_source("", file.string()).load(start).error().message ==
          "token file " + file.string() + ": cannot read it: No such file or directory");

    // As client-go: what stands beside a file that cannot be read is used until it can.
    token_source both("beside", file.string());
    REQUIRE(both.load(start).has_value());
    CHECK(both.current(start) == "beside");
    CHECK_FALSE(both.replaced("beside", after(1)));
    write("from the file");
    CHECK(both.current(after(61)) == "from the file");
    write("newer");
    CHECK(both.replaced("from the file", after(62)));
    std::filesystem::remove(file);

    token_source inline_token(" t\n", "");
    CHECK(inline_token.load(start).has_value());
    CHECK(inline_token.current(start) == "t");
    CHECK_FALSE(inline_token.replaced("t", start));
}

TEST_CASE("Retry-After in seconds") {
    CHECK(parse_retry_after("7") == std::chrono::seconds(7));
    CHECK(parse_retry_after("0") == std::chrono::seconds(0));
    for (const std::string_view none :
         {"", "-1", "x", "7 ", "1.5", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT"})
        CHECK_FALSE(parse_retry_after(none).has_value());
}

TEST_CASE("codes follow the HTTP status and the reason") {
    const auto code = [](int http, const std::string& reason = {}) {
        Status s;
        s.reason = reason;
        return status_error(http, s, "x").code();
    };
    CHECK(code(400) == errc::bad_request);
    CHECK(code(401) == errc::unauthorized);
    CHECK(code(403) == errc::forbidden);
    CHECK(code(404) == errc::not_found);
    CHECK(code(409, "AlreadyExists") == errc::already_exists);
    CHECK(code(409, "Conflict") == errc::conflict);
    CHECK(code(410, "Expired") == errc::gone);
    CHECK(code(413) == errc::too_large);
    CHECK(code(418) == errc::bad_request);
    CHECK(code(422) == errc::invalid);
    CHECK(code(429) == errc::too_many_requests);
    CHECK(code(500, "InternalError") == errc::internal_error);
    CHECK(code(500, "ServerTimeout") == errc::server_timeout);
    CHECK(code(502) == errc::service_unavailable);
    CHECK(code(503) == errc::service_unavailable);
    CHECK(code(504, "Timeout") == errc::server_timeout);
    CHECK(code(507) == errc::internal_error);
    CHECK(code(302) == errc::protocol);
}

TEST_CASE("a kind that is not served is named with what to install") {
    CHECK(std::string(not_served_error(gateway_v1::Gateway::type).what()) ==
          "the API server does not serve gateways.gateway.networking.k8s.io (v1, v1beta1); install the "
          "Gateway API "
          "CRDs");
    resource_type widget{"example.com", "v1", "Widget", "widgets"};
    CHECK(std::string(not_served_error(widget).what()) ==
          "the API server does not serve widgets.example.com (v1); install its CRD");
}

TEST_CASE("excerpts are short, printable and whole characters") {
    CHECK(excerpt("<html>\r\n\x1b[31m</html>\n") == "<html> [31m</html>");
    CHECK(excerpt("") == "");
    const std::string long_text = std::string(199, 'a') + "\xC3\xA4" + std::string(50, 'b');
    CHECK(excerpt(long_text) == std::string(199, 'a') + "...");
    // JSON logs take nothing else.
    CHECK(excerpt("a\xff\xC3(b") == "a\xEF\xBF\xBD\xEF\xBF\xBD(b");
}

TEST_CASE("a Content-Length that is no length is named") {
    for (const char* length : {"-1", "99999999999999999999999999", "1e3", ""}) {
        INFO(length);
        response_parser parser;
        const auto put =
            parser.put(std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length + "\r\n\r\nabc");
        REQUIRE(put.has_error());
        CHECK(put.error().message == "the answer is not HTTP/1.1: bad Content-Length");
    }
    response_parser parser;
    REQUIRE(parser.put("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").has_value());
    CHECK(parser.content_length() == 5);
}

TEST_CASE("a status below 100 is no answer, so that 0 can say that none came") {
    for (const std::string status : {"000", "010", "099"}) {
        response_parser parser;
        const auto put = parser.put("HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\n\r\n");
        REQUIRE(put.has_error());
        CHECK(put.error().code == errc::protocol);
    }
    response_parser parser;
    CHECK(parser.put("HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n").has_value());
    CHECK(parser.status() == 599);
}

TEST_CASE("the parser takes random bytes without crashing") {
    const std::vector<std::string> answers{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: "
        "b\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhelloabc\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhelloabc",
        "HTTP/1.0 200\r\n\r\nhelloabc",
    };
    std::mt19937 random(5);
    int complete = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = answers[random() % answers.size()];
        for (std::size_t n = random() % 3; n > 0; --n)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        response_parser parser;
        std::string pending;
        std::string body;
        std::size_t at = 0;
        bool failed = false;
        while (!parser.done() && !failed) {
            std::size_t used = 0;
            if (!pending.empty()) {
                const auto put = parser.put(pending);
                failed = put.has_error();
                used = failed ? 0 : *put;
                body += parser.piece();
                pending.erase(0, used);
            }
            if (used > 0 || failed || parser.done())
                continue;
            if (at == bytes.size()) {
                parser.end();
                break;
            }
            const std::size_t n = std::min<std::size_t>(1 + random() % 7, bytes.size() - at);
            pending += bytes.substr(at, n);
            at += n;
        }
        complete += body == "helloabc" && parser.done() ? 1 : 0;
    }
    CHECK(complete > 1000);
    CHECK(complete < 20000);
}
