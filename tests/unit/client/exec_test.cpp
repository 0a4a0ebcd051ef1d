// Credentials from plugins, which are shell scripts here.
#include "certificates.hpp"
#include "scratch.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/json/value.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <client/exec_credential.hpp>
#include <csignal>
#include <fcntl.h>
#include <support/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace gwctl;
using namespace gwctl::test;
using detail::parse_exec_credential;
namespace asio = boost::asio;

namespace {

constexpr std::string_view v1 = "client.authentication.k8s.io/v1";

task<void> fetch_into(std::shared_ptr<transport> t, std::string& out) { out = co_await fetch(*t, get("/x")); }

std::string token_of(const std::string& request) {
    const std::string prefix = "Authorization: Bearer ";
    const auto at = request.find(prefix);
    return at == std::string::npos
               ? "none"
               : request.substr(at + prefix.size(), request.find('\r', at) - at - prefix.size());
}

/// A server that accepts one token, and a plugin that counts its runs.
struct exec_fixture {
    asio::io_context io;
    scratch files;
    std::vector<std::string> seen;
    std::string accepted = "one";
    scripted_server server{io, [this](peer& p, int) -> task<void> {
                               while (true) {
                                   const std::string request = co_await p.request();
                                   if (request.empty())
                                       co_return;
                                   seen.push_back(token_of(request));
                                   int status = 401;
                                   if (seen.back() == accepted)
                                       status = 200;
                                   co_await p.write(answer(status, seen.back()));
                               }
                           }};
    cluster_config config;

    exec_fixture() {
        config.server = server.url();
        config.origin = "kubeconfig K, context dev";
        says("$(cat $DIR/token)");
        files.write("token", "one");
    }
    /// The plugin is this script, after it has counted.
    void does(const std::string& script) {
        config.exec.emplace();
        config.exec->api_version = v1;
        config.exec->command = "/bin/sh";
        config.exec->arguments = {files.write("plugin", "echo run >> $DIR/runs\n" + script)};
        config.exec->environment.emplace_back("DIR", files.path());
    }
    /// The plugin gives a token, perhaps with more status.
    void says(const std::string& token, const std::string& more = {}) {
        does(fmt::format(
            "cat <<END\n{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{}\",\"status\":{{\"token\":\"{}\""
            "{}}}}}\nEND\n",
            v1, token, more));
    }
    std::string outcome(const std::shared_ptr<transport>& t) {
        std::string out;
        const std::string failure = failure_of(io, fetch_into(t, out));
        return failure == "no failure" ? out : failure;
    }
    std::string outcome() { return outcome(make_http_transport(config)); }
    std::size_t runs() const {
        const std::string all = files.read("runs");
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
    }
};

std::string refusal(const std::string& output) {
    const auto parsed = parse_exec_credential(output, v1);
    if (parsed.has_value())
        return "accepted";
    CHECK(parsed.error().code == errc::config);
    return parsed.error().message;
}

std::string credential(const std::string& status) {
    return fmt::format(R"({{"kind":"ExecCredential","apiVersion":"{}","status":{}}})", v1, status);
}

} // namespace

TEST_CASE("what plugins write") {
    const auto token = parse_exec_credential(
        credential(R"({"token":"t","expirationTimestamp":"2030-01-02T03:04:05Z","more":1})"), v1);
    REQUIRE(token.has_value());
    CHECK(token->token == "t");
    CHECK(format_time(token->expires.value()) == "2030-01-02T03:04:05Z");
    const auto pair =
        parse_exec_credential(credential(R"({"clientCertificateData":"C\nC","clientKeyData":"K"})"), v1);
    REQUIRE(pair.has_value());
    CHECK(pair->certificate == "C\nC");
    CHECK(pair->key == "K");
    CHECK_FALSE(pair->expires);

    // As kubectl, which reads whatever its deserializer knows.
    const auto yaml =
        parse_exec_credential("# a comment\nkind: ExecCredential\n"
                              "apiVersion: client.authentication.k8s.io/v1\n"
                              "status:\n  token: t\n  expirationTimestamp: 2030-01-02T03:04:05Z\n",
                              v1);
    REQUIRE(yaml.has_value());
    CHECK(*yaml == *token);
    const auto block =
        parse_exec_credential("---\nkind: ExecCredential\n"
                              "apiVersion: client.authentication.k8s.io/v1\nstatus:\n"
                              "  clientCertificateData: |-\n    C\n    C\n  clientKeyData: K\n",
                              v1);
    REQUIRE(block.has_value());
    CHECK(*block == *pair);

    const std::string neither =
        "expected an ExecCredential as JSON or YAML on standard output, got something else";
    CHECK(refusal("").starts_with(neither));
    CHECK(refusal("token").starts_with(neither));
    CHECK(refusal("token: [secret").starts_with(neither));
    CHECK(refusal("token: [secret").find("secret]") == std::string::npos);
    CHECK(refusal("{}") ==
          "expected an ExecCredential of client.authentication.k8s.io/v1, got a nameless kind of no "
          "version; set the apiVersion in the kubeconfig to the one that the program speaks");
    CHECK(refusal(R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})")
              .starts_with("expected an ExecCredential of client.authentication.k8s.io/v1, got one of "
                           "client.authentication.k8s.io/v1beta1; "));
    CHECK(refusal(R"({"kind":"secret","apiVersion":"secret"})")
              .starts_with("expected an ExecCredential of client.authentication.k8s.io/v1, got another kind "
                           "of another version; "));
    const std::string none =
        "status: expected a token, or clientCertificateData with clientKeyData, got none";
    CHECK(refusal(credential("null")) == none);
    CHECK(refusal(credential("{}")) == none);
    CHECK(refusal(credential(R"({"token":"t","clientKeyData":"K"})")) ==
          "status: clientKeyData is there and clientCertificateData is not");
    CHECK(refusal(credential(R"({"token":"t","clientCertificateData":"C"})")) ==
          "status: clientCertificateData is there and clientKeyData is not");
    CHECK(refusal(credential(R"({"token":"t","expirationTimestamp":"secret"})")) ==
          "status.expirationTimestamp: expected an RFC 3339 time like 2026-01-31T08:15:00Z, got something "
          "else");
}

TEST_CASE("a plugin is run once, and again after a 401") {
    exec_fixture f;
    const auto t = make_http_transport(f.config);
    CHECK(f.runs() == 0);
    CHECK(f.outcome(t) == "200 one");
    CHECK(f.outcome(t) == "200 one");
    CHECK(f.runs() == 1);
    f.accepted = "two";
    f.files.write("token", "two");
    CHECK(f.outcome(t) == "200 two");
    CHECK(f.runs() == 2);
    CHECK(f.seen == std::vector<std::string>{"one", "one", "one", "two"});
    f.accepted = "three";
    CHECK(f.outcome(t) == "401 two"); // the plugin knows no better: not asked twice for one request
    CHECK(f.runs() == 3);
}

TEST_CASE("what a plugin gave is used until it expires") {
    exec_fixture f;
    const auto [expires, expected] =
        GENERATE(std::pair("2100-01-01T00:00:00Z", 1), std::pair("2020-01-01T00:00:00Z", 1));
    f.says("one", fmt::format(R"(,"expirationTimestamp":"{}")", expires));
    const auto t = make_http_transport(f.config);
    for (int i = 0; i < 3; ++i)
        CHECK(f.outcome(t) == "200 one");
    CHECK(f.runs() == static_cast<std::size_t>(expected));
}

// With a clock that is off every credential may look expired, and the plugin would run for each request.
TEST_CASE(
    "a credential that is expired when it comes is used until the server refuses it, and told of once") {
    exec_fixture f;
    f.says("$(cat $DIR/token)", R"(,"expirationTimestamp":"2020-01-01T00:00:00Z")");
    std::vector<std::string> lines;
    log::redirect([&](const log::record& r) {
        if (r.message.find("plugin") != std::string_view::npos)
            lines.emplace_back(r.message);
    });
    const auto t = make_http_transport(f.config);
    for (int i = 0; i < 5; ++i)
        CHECK(f.outcome(t) == "200 one");
    CHECK(f.runs() == 1);
    f.accepted = "two";
    f.files.write("token", "two");
    for (int i = 0; i < 5; ++i)
        CHECK(f.outcome(t) == "200 two");
    CHECK(f.runs() == 2);
    log::redirect({});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("the credentials of a plugin are expired when they come"));
}

TEST_CASE("requests at the same time share one run, and the executor does other work meanwhile") {
    exec_fixture f;
    const std::string fifo = f.files.path() + "/fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    f.does("read token < $DIR/fifo\n"
           "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",'\\\n"
           "'\"status\":{\"token\":\"'$token'\"}}'\n");
    const auto t = make_http_transport(f.config);
    std::vector<std::string> answers(5);
    int done = 0;
    for (std::string& a : answers)
        asio::co_spawn(f.io, fetch_into(t, a), [&](std::exception_ptr) {
            if (++done == 5)
                f.io.stop();
        });
    // The plugin waits for this, so whoever waits for the plugin within a turn of the executor waits forever.
    const int end = ::open(fifo.c_str(), O_RDWR);
    REQUIRE(end >= 0);
    asio::post(f.io, [&] { CHECK(::write(end, "one\n", 4) == 4); });
    f.io.run_for(std::chrono::seconds(30));
    ::close(end);
    CHECK(answers == std::vector<std::string>(5, "200 one"));
    CHECK(f.runs() == 1);
}

TEST_CASE("a plugin learns where it is from its environment") {
    exec_fixture f;
    f.config.certificate_authority.text = "PEM";
    f.config.tls_server_name = "kubernetes";
    f.says("one");
    f.config.exec->environment.emplace_back("GWCTL_EXTRA", "a b");
    f.config.exec->arguments[0] = f.files.write("outer", "printf '%s' \"$KUBERNETES_EXEC_INFO\" > $DIR/info\n"
                                                         "printf '%s' \"$GWCTL_EXTRA $HOME\" > $DIR/extra\n"
                                                         ". $DIR/plugin\n");
    const auto info = [&] { return boost::json::parse(f.files.read("info")); };
    CHECK(f.outcome() == "200 one");
    CHECK(info() ==
          json::value({{"apiVersion", v1}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}}));
    CHECK(f.files.read("extra") == std::string("a b ") + ::getenv("HOME"));
    f.config.exec->provide_cluster_info = true;
    f.config.exec->cluster_extension = R"({"audience":"x"})";
    CHECK(f.outcome() == "200 one");
    CHECK(info().at("spec") == json::value({{"interactive", false},
                                            {"cluster",
                                             {{"server", f.config.server},
                                              {"tls-server-name", "kubernetes"},
                                              {"certificate-authority-data", "UEVN"},
                                              {"config", {{"audience", "x"}}}}}}));
}

TEST_CASE("a plugin that fails is not quoted, since it may say secrets, and not run again at once") {
    exec_fixture f;
    const std::string about = "config: kubeconfig K, context dev: exec /bin/sh: ";
    const std::string unquoted =
        "; run it by hand to read what it says on standard error, which may be secret and is not shown here";
    SECTION("its last words") {
        f.does("echo first >&2; printf 'sign \\033 in again\\r\\n\\n' >&2; exit 3");
        const auto t = make_http_transport(f.config);
        CHECK(f.outcome(t) == about + "ended with exit code 3" + unquoted);
        CHECK(f.outcome(t) == about + "ended with exit code 3" + unquoted);
        CHECK(f.runs() == 1);
        CHECK(f.seen.empty());
    }
    SECTION("no words") {
        f.does("exit 1");
        CHECK(f.outcome() == about + "ended with exit code 1 and said nothing on standard error");
        f.does("kill -TERM $$");
        CHECK(f.outcome() == about + "was ended by signal 15 and said nothing on standard error");
    }
    SECTION("many words") {
        f.does("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1");
        CHECK(f.outcome() == about + "ended with exit code 1" + unquoted);
    }
    SECTION("well, but without credentials") {
        for (const char* said : {"hello-token", R"({"kind":"ExecCredential","status":"hello-token"})",
                                 R"({"status":{"token":{"hello-token":1}}})"}) {
            f.does(std::string("echo '") + said + "'");
            const std::string outcome = f.outcome();
            INFO(outcome);
            CHECK(outcome.starts_with(about +
                                      "expected an ExecCredential as JSON or YAML on standard output, got "));
            CHECK(outcome.find("hello-token") == std::string::npos);
        }
    }
    SECTION("not there") {
        f.config.exec->command = "gwctl-no-such-program";
        const std::string missing =
            "config: kubeconfig K, context dev: exec gwctl-no-such-program: cannot run it: No "
            "such file or directory; ";
        CHECK(f.outcome() == missing + "is it installed, and does PATH lead to it?");
        f.config.exec->install_hint = "It is needed.\nGet it from example.com.\n";
        CHECK(f.outcome() == missing + "Get it from example.com.");
    }
    SECTION("a credential that cannot be sent") {
        f.says("two words");
        CHECK(f.outcome() == "config: the bearer token contains blanks or control characters");
    }
}

TEST_CASE("a plugin does not outlive the request that waits for it, nor does what it started") {
    exec_fixture f;
    f.does("sleep 1000 & echo $! > $DIR/pid.new; mv $DIR/pid.new $DIR/pid; wait");
    const auto t = make_http_transport(f.config);
    std::string out;
    bool done = false;
    asio::cancellation_signal stop;
    asio::co_spawn(
        f.io, fetch_into(t, out),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) { done = e != nullptr; }));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto wait_for = [&](const auto& condition) {
        while (!condition() && std::chrono::steady_clock::now() < deadline)
            f.io.run_one_for(std::chrono::milliseconds(10));
        return condition();
    };
    REQUIRE(wait_for([&] { return !f.files.read("pid").empty(); }));
    const pid_t sleeper = std::stoi(f.files.read("pid"));
    REQUIRE(::kill(sleeper, 0) == 0);
    stop.emit(asio::cancellation_type::all);
    REQUIRE(wait_for([&] { return done; }));
    // Whoever inherits it takes it off the list of processes.
    CHECK(wait_for([&] {
        std::ifstream stat("/proc/" + std::to_string(sleeper) + "/stat");
        const std::string text{std::istreambuf_iterator<char>(stat), {}};
        return text.empty() || text.find(") Z ") != std::string::npos;
    }));
}

TEST_CASE("a plugin may give a client certificate, and another one later") {
    const authority ca;
    asio::io_context io;
    scratch files;
    server_certificate own = ca.sign({});
    own.client_authority = ca.pem();
    int refusals = 0;
    scripted_server server(io, own, [&refusals](peer& p, int number) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            int status = 200;
            if (refusals > 0) {
                --refusals;
                status = 401;
            }
            co_await p.write(answer(status, std::to_string(number)));
        }
    });
    const auto give = [&](const server_certificate& c, const std::string& expires) {
        const json::object status{
            {"clientCertificateData", c.chain}, {"clientKeyData", c.key}, {"expirationTimestamp", expires}};
        files.write("out", credential(boost::json::serialize(status)));
    };
    cluster_config config;
    config.server = server.url();
    config.certificate_authority.text = ca.pem();
    config.exec.emplace();
    config.exec->api_version = v1;
    config.exec->command = "/bin/cat";
    config.exec->arguments = {files.path() + "/out"};
    const auto t = make_http_transport(config);
    certificate_wish wish;
    wish.common_name = "somebody";
    std::string out;
    give(ca.sign(wish), "2100-01-01T00:00:00Z");
    for (const char* expected : {"200 1", "401 1", "200 1"}) {
        refusals = expected[0] == '4' ? 1 : 0;
        run(io, fetch_into(t, out));
        CHECK(out == expected); // the same one again: its connection is good
    }
    give(ca.sign(wish), "2100-01-01T00:00:00Z");
    refusals = 1;
    run(io, fetch_into(t, out));
    CHECK(out == "200 2");
    give(server_certificate(), "2100-01-01T00:00:00Z");
    run(io, fetch_into(t, out));
    CHECK(out == "200 2");
    files.write("out", credential(R"({"clientCertificateData":"x","clientKeyData":"y"})"));
    CHECK(failure_of(io, fetch_into(make_http_transport(config), out))
              .find("client-certificate-data: expected a certificate in PEM form") != std::string::npos);
}
