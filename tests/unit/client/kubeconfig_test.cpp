#include "scratch.hpp"

#include <gwctl/core/log.hpp>

#include <client/kubeconfig.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <support/catch.hpp>

using namespace gwctl;
using gwctl::detail::environment;
using gwctl::detail::merge_kubeconfigs;
using gwctl::detail::parse_kubeconfig;
using gwctl::test::scratch;

namespace {

namespace fs = std::filesystem;

const std::string good = R"(apiVersion: v1
kind: Config
current-context: dev
contexts:
- name: dev
  context: {cluster: c1, user: u1, namespace: team}
- name: anonymous
  context: {cluster: c1}
- name: prod
  context: {cluster: c2, user: u2}
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: UEVN
    tls-server-name: kubernetes
- name: c2
  cluster: {server: "https://[fd00::1]:6443/k8s", insecure-skip-tls-verify: true}
users:
- name: u1
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
- name: u2
  user: {token: abc}
)";

std::string error_of(const std::string& text, const std::string& context = {}) {
    const auto parsed = parse_kubeconfig(text, "K", "/nowhere", context);
    if (parsed.has_value())
        return "no error";
    CHECK(parsed.error().code == errc::config);
    CHECK(parsed.error().message.find('\n') == std::string::npos);
    return parsed.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("a kubeconfig's context names cluster, user and namespace") {
    const auto dev = parse_kubeconfig(good, "K", "/nowhere", "").value();
    CHECK(dev.server == "https://10.0.0.1:6443");
    CHECK(dev.certificate_authority.text == "PEM");
    CHECK(dev.client_certificate.text == "cert");
    CHECK(dev.client_key.text == "key");
    CHECK(dev.tls_server_name == "kubernetes");
    CHECK(dev.namespace_ == "team");
    CHECK_FALSE(dev.insecure_skip_tls_verify);
    CHECK(dev.origin == "kubeconfig K, context dev");

    const auto prod = parse_kubeconfig(good, "K", "/nowhere", "prod").value();
    CHECK(prod.server == "https://[fd00::1]:6443/k8s");
    CHECK(prod.insecure_skip_tls_verify);
    CHECK(prod.token == "abc");
    CHECK(prod.namespace_ == "default");

    const auto anonymous = parse_kubeconfig(good, "K", "/nowhere", "anonymous").value();
    CHECK(anonymous.token.empty());
    CHECK(anonymous.client_certificate.empty());
}

TEST_CASE("a server without a scheme is https when cluster or user have to do with TLS, as for kubectl") {
    const std::string bare = R"(
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "localhost:8080"}}]
users: [{name: u, user: {token: t}}]
)";
    const auto server = [](const std::string& text) {
        return parse_kubeconfig(text, "K", "/", "").value().server;
    };
    CHECK(server(bare) == "http://localhost:8080");
    const std::string cluster = R"(server: "localhost:8080")";
    CHECK(server(replaced(bare, cluster, cluster + ", certificate-authority-data: UEVN")) ==
          "https://localhost:8080");
    CHECK(server(replaced(bare, cluster, cluster + ", insecure-skip-tls-verify: true")) ==
          "https://localhost:8080");
    CHECK(server(replaced(bare, "token: t", "client-certificate-data: Y2VydA==, client-key-data: a2V5")) ==
          "https://localhost:8080");
    CHECK(server(replaced(bare, "localhost:8080", "HTTPS://Localhost:8080")) == "HTTPS://Localhost:8080");
}

// kubectl reads YAML as sigs.k8s.io/yaml does without strictness.
TEST_CASE("of a key that stands twice in a kubeconfig the last counts, as for kubectl") {
    const std::string twice =
        replaced(replaced(good, "kind: Config", "kind: Config\nkind: Config"),
                 "server: https://10.0.0.1:6443", "server: https://old:1\n    server: https://10.0.0.1:6443");
    CHECK(parse_kubeconfig(twice, "K", "/nowhere", "").value().server == "https://10.0.0.1:6443");
    const std::string contexts = good + "current-context: prod\n";
    CHECK(parse_kubeconfig(contexts, "K", "/nowhere", "").value().token == "abc");
}

TEST_CASE("a token file counts before the token beside it, and need not exist then") {
    const scratch dir;
    const std::string text = replaced(good, "token: abc", "token: abc, tokenFile: later");
    const auto config = parse_kubeconfig(text, "K", dir.path(), "prod").value();
    CHECK(config.token == "abc");
    CHECK(config.token_file == dir.path() + "/later");
}

TEST_CASE("a kubeconfig may name a program that gives credentials") {
    const std::string api = "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, ";
    const auto exec = [&](const std::string& fields) {
        return replaced(good, "token: abc", "exec: {" + fields + "}");
    };
    std::string text =
        exec(api + "command: aws, args: [eks, get-token], env: [{name: A, value: b}, {name: EMPTY, "
                   "value: ''}], installHint: install it, provideClusterInfo: true");
    text = replaced(text, "insecure-skip-tls-verify: true",
                    "extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]");
    const auto config = parse_kubeconfig(text, "K", "/nowhere", "prod").value();
    REQUIRE(config.exec);
    CHECK(config.exec->api_version == "client.authentication.k8s.io/v1");
    CHECK(config.exec->command == "aws");
    CHECK(config.exec->arguments == std::vector<std::string>{"eks", "get-token"});
    CHECK(config.exec->environment ==
          std::vector<std::pair<std::string, std::string>>{{"A", "b"}, {"EMPTY", ""}});
    CHECK(config.exec->install_hint == "install it");
    CHECK(config.exec->provide_cluster_info);
    CHECK(config.exec->cluster_extension == R"({"audience":"x"})");

    const std::string user = "kubeconfig K: user \"u2\": exec";
    CHECK(error_of(exec("command: aws"), "prod") ==
          user + ".apiVersion: expected client.authentication.k8s.io/v1 or v1beta1, got \"\"; a newer "
                 "version of the "
                 "program speaks one of them");
    CHECK(error_of(exec("command: aws, apiVersion: client.authentication.k8s.io/v1alpha1"), "prod")
              .starts_with(user + ".apiVersion: expected "));
    CHECK(error_of(exec(api), "prod") == user + ".command: expected the name of a program, there is none");
    CHECK(error_of(exec(api + "command: ./aws"), "prod") ==
          user + ".command: cannot read the file /nowhere/./aws");
    CHECK(error_of(exec(api + "command: aws, args: [1]"), "prod") ==
          user + ".args[0]: expected a string; put quotes around it");
    CHECK(error_of(exec(api + "command: aws, args: x"), "prod") == user + ".args: expected a list");
    CHECK(error_of(exec(api + "command: aws, env: [{value: x}]"), "prod") ==
          user + ".env[0]: expected name and value");
    CHECK(error_of(exec("apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Always"),
                   "prod")
              .starts_with(user + ".interactiveMode: Always needs a terminal"));
    CHECK(error_of(replaced(good, "token: abc", "exec: aws"), "prod") ==
          user + ": expected command, args and apiVersion");
}

TEST_CASE("what is wrong with a kubeconfig is said in one line") {
    CHECK(error_of("a: [").starts_with("kubeconfig K:1:"));
    CHECK(error_of("- a") == "kubeconfig K: expected one document with clusters, users and contexts");
    CHECK(error_of("") == "kubeconfig K: there is no current-context; there are no contexts at all");
    CHECK(error_of(replaced(good, "current-context: dev", "")) ==
          "kubeconfig K: there is no current-context; set one with: kubectl config use-context NAME, where "
          "NAME is "
          "one of: anonymous, dev, prod");
    CHECK(error_of(good, "test") ==
          "kubeconfig K: there is no context \"test\"; there are: anonymous, dev, prod");
    CHECK(error_of(replaced(good, "cluster: c1", "cluster: c9")) ==
          "kubeconfig K: context \"dev\": there is no cluster \"c9\"; there are: c1, c2");
    CHECK(error_of(replaced(good, "user: u1", "user: u9")) ==
          "kubeconfig K: context \"dev\": there is no user \"u9\"; there are: u1, u2");
    CHECK(error_of(replaced(good, "cluster: c1, ", "")) ==
          "kubeconfig K: context \"dev\": cluster: expected a name, there is none");
    CHECK(error_of(replaced(good, "server: https://10.0.0.1:6443", "x: y")) ==
          "kubeconfig K: cluster \"c1\": server: expected https://HOST:PORT, there is none");
    CHECK(error_of(replaced(good, "https://10.0.0.1:6443", "10.0.0.1:6443/k8s")) ==
          "kubeconfig K: cluster \"c1\": server: expected https://HOST:PORT/PATH, since a path needs the "
          "scheme "
          "in front, got \"10.0.0.1:6443/k8s\"");
    CHECK(error_of(replaced(good, "UEVN", "U!VN")) ==
          "kubeconfig K: cluster \"c1\": certificate-authority-data: expected base64");
    CHECK(error_of(replaced(good, "a2V5", "a2V")) ==
          "kubeconfig K: user \"u1\": client-key-data: expected base64");
    CHECK(error_of(replaced(good, "certificate-authority-data: UEVN", "certificate-authority: ca.crt")) ==
          "kubeconfig K: cluster \"c1\": certificate-authority: cannot read the file /nowhere/ca.crt");
    CHECK(error_of(replaced(good, "token: abc", "tokenFile: t"), "prod") ==
          "kubeconfig K: user \"u2\": tokenFile: cannot read the file /nowhere/t");
    CHECK(error_of(replaced(good, "token: abc", "token: 12"), "prod") ==
          "kubeconfig K: user \"u2\": token: expected a string; put quotes around it");
    CHECK(error_of(replaced(good, "token: abc", "token: abc, as: admin"), "prod") ==
          "kubeconfig K: user \"u2\": as: not supported; use a token, a tokenFile, a client certificate or "
          "an exec "
          "plugin");
    CHECK(error_of(replaced(good, "token: abc", "username: a, password: b"), "prod") ==
          "kubeconfig K: user \"u2\": username: not supported; use a token, a tokenFile, a client "
          "certificate or an "
          "exec plugin");
    CHECK(error_of(replaced(good, "tls-server-name: kubernetes", "proxy-url: http://p")) ==
          "kubeconfig K: cluster \"c1\": proxy-url: proxies are not supported; name a server that can be "
          "reached "
          "directly");
    CHECK(error_of(replaced(good, "tls-server-name: kubernetes", "insecure-skip-tls-verify: true")) ==
          "kubeconfig K: cluster \"c1\": insecure-skip-tls-verify: a certificate-authority is given too; "
          "remove one "
          "of them");
    CHECK(error_of(replaced(good, "- name: c2", "- nam: c2")) ==
          "kubeconfig K: clusters[1].name: expected a name, there is none");
    CHECK(error_of("clusters: {}") == "kubeconfig K: clusters: expected a list");
    CHECK(error_of("clusters: [1]") == "kubeconfig K: clusters[0]: expected name and cluster");
    CHECK(load_kubeconfig("/nowhere/config").error().message ==
          "kubeconfig /nowhere/config: there is no such file");
}

TEST_CASE("no error shows a secret") {
    const std::string secret = "c2VjcmV0LXNlY3JldA";
    CHECK(error_of(replaced(good, "a2V5", secret + "!")).find(secret) == std::string::npos);
    CHECK(error_of(replaced(good, "token: abc", "token: [" + secret + "]"), "prod").find(secret) ==
          std::string::npos);
}

TEST_CASE("relative files are relative to the kubeconfig, and files are merged") {
    const scratch dir;
    dir.write("one/ca.crt", "CA");
    const std::string one = dir.write("one/config", R"(
clusters: [{name: c, cluster: {server: "https://one:1", certificate-authority: ca.crt}}]
users: [{name: u, user: {token: first}}]
)");
    const std::string two = dir.write("two", R"(
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://two:2"}}]
users: [{name: u, user: {token: second}}]
)");
    const auto merged = merge_kubeconfigs({one, dir.path() + "/absent", two}, "").value();
    CHECK(merged.server == "https://one:1");
    CHECK(merged.token == "first");
    CHECK(merged.certificate_authority.file == dir.path() + "/one/ca.crt");
    CHECK(merge_kubeconfigs({two, one}, "").value().server == "https://two:2");
    CHECK(merge_kubeconfigs({dir.path()}, "").error().message ==
          "kubeconfig " + dir.path() + ": cannot read the file");
}

TEST_CASE("where the configuration comes from") {
    const scratch dir;
    const auto config = [](const std::string& server) {
        return replaced(good, "https://10.0.0.1:6443", server);
    };
    const std::string given = dir.write("given", config("https://given:1"));
    const std::string listed = dir.write("listed", config("https://listed:1"));
    std::map<std::string, std::string> variables{{"HOME", "/home/me"}};
    const environment env = [&](const std::string& name) { return variables[name]; };
    const auto server = [&](const std::string& path = {}) {
        const auto found = detail::find_config(path, "", env, dir.path());
        return found.has_value() ? found->server : found.error().message;
    };

    CHECK(server() ==
          "there is no cluster to talk to: name a kubeconfig, set KUBECONFIG, or put a kubeconfig at " +
              dir.path() + "/home/me/.kube/config");
    dir.write("home/me/.kube/config", config("https://home:1"));
    CHECK(server() == "https://home:1");

    CHECK(detail::in_cluster_config(env, dir.path()).error().message ==
          "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; this is not a pod, so name a "
          "kubeconfig");
    variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
    variables["KUBERNETES_SERVICE_PORT"] = "443";
    const std::string account = "var/run/secrets/kubernetes.io/serviceaccount/";
    CHECK(server() == "service account of this pod: cannot read the file " + dir.path() + "/" + account +
                          "token; is automountServiceAccountToken off for this pod?");
    dir.write(account + "token", "t\n");
    std::vector<std::string> warnings;
    log::redirect([&](const log::record& r) { warnings.emplace_back(r.message); });
    // As client-go: without a usable ca.crt the system's authorities count.
    CHECK(detail::in_cluster_config(env, dir.path()).value().certificate_authority.empty());
    dir.write(account + "ca.crt", "not a certificate");
    CHECK(detail::in_cluster_config(env, dir.path()).value().certificate_authority.empty());
    log::redirect({});
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].starts_with("the service account has no certificate authority: "));
    dir.write(account + "ca.crt", "-----BEGIN CERTIFICATE-----\n");
    dir.write(account + "namespace", "kube-system\n");
    CHECK(server() == "https://[fd00::1]:443");
    const auto pod = detail::in_cluster_config(env, dir.path()).value();
    CHECK(pod.namespace_ == "kube-system");
    CHECK(pod.token_file == dir.path() + "/" + account + "token");
    CHECK(pod.certificate_authority.file == dir.path() + "/" + account + "ca.crt");

    variables["KUBECONFIG"] = "::" + dir.path() + "/absent:" + listed;
    CHECK(server() == "https://listed:1");
    CHECK(server(given) == "https://given:1");
}

TEST_CASE("a broken kubeconfig is an error or a configuration, never a crash") {
    std::mt19937 random(3);
    int errors = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text = good;
        for (std::size_t n = 1 + random() % 5; n > 0; --n) {
            const std::size_t at = random() % text.size();
            if (random() % 3 == 0)
                text.erase(at, random() % 20);
            else
                text[at] = random() % 2 == 0 ? "{}[]\",:- \n&*|"[random() % 13] : static_cast<char>(random());
        }
        errors += parse_kubeconfig(text, "K", "/nowhere", "").has_error() ? 1 : 0;
    }
    CHECK(errors > 100);
}
