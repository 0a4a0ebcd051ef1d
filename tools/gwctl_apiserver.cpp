// The embedded API server as a program, for kubectl, demos and controllers under development.
#include "loader.hpp"

#include <gwctl/testing/api_server.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace {

using namespace gwctl;

struct address {
    std::string host{};
    std::uint16_t port = 0;
};

address parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    address a;
    const std::string port = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), a.port);
    if (port.empty() || ec != std::errc() || end != port.data() + port.size())
        throw CLI::ValidationError(
            "--bind", fmt::format("expected HOST:PORT such as 127.0.0.1:6443, got \"{}\"", text));
    a.host = text.substr(0, colon);
    if (a.host.starts_with('[') && a.host.ends_with(']'))
        a.host = a.host.substr(1, a.host.size() - 2);
    return a;
}

/// Complete or not there at all, so that who waits for it may read it as soon as it appears.
void write_atomically(const std::string& path, const std::string& text) {
    const std::string unfinished = path + ".tmp";
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    std::error_code ec;
    if (file)
        std::filesystem::rename(unfinished, path, ec);
    if (!file || ec)
        throw api_error(
            errc::config,
            fmt::format(
                "--kubeconfig-out: cannot write {}; name a file in a directory that exists and is writable",
                path));
}

std::string served_kinds() {
    std::string text = "Kinds that it serves; others can come with CustomResourceDefinitions:\n";
    for (const std::string& line : testing::api_server::served_kinds())
        text += "  " + line + "\n";
    return text;
}

/// One line for each document that `server` refuses.
std::vector<std::string> apply(testing::api_server& server, const std::vector<tools::document>& documents) {
    std::vector<std::string> failures;
    for (const tools::document& d : tools::in_order_of_need(documents))
        if (const auto done = server.apply(d.object); done.has_error())
            failures.push_back(fmt::format("{}, line {}: {}", d.origin, d.line, done.error().message));
    return failures;
}

/// True when there are none; else says them.
bool none(const std::vector<std::string>& failures) {
    for (const std::string& failure : failures)
        fmt::print(stderr, "gwctl-apiserver: {}\n", failure);
    return failures.empty();
}

int serve(const address& where, bool stand_ins, std::size_t history, const std::string& kubeconfig,
          const std::vector<std::string>& paths) {
    // Blocked before the server starts its threads, so that they inherit it and the signals wait for us.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    testing::api_server_options options;
    options.bind = where.host;
    options.port = where.port;
    options.workloads = options.announcer = stand_ins;
    options.history = history;
    const tools::loaded_files files = tools::read_files(paths);
    if (!none(files.errors))
        return 1;
    testing::api_server server(options);
    if (!none(apply(server, files.documents)))
        return 1;

    if (!kubeconfig.empty())
        write_atomically(kubeconfig, server.kubeconfig());
    fmt::print("Serving the Kubernetes API on {}\n", server.url());
    if (!kubeconfig.empty())
        fmt::print("Try: kubectl --kubeconfig {} get gateways,services -A\n", kubeconfig);
    std::fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    std::string bind = "127.0.0.1:0";
    bool no_stand_ins = false;
    std::size_t history = testing::api_server_options().history;
    std::string kubeconfig;
    std::vector<std::string> files;
    CLI::App app("An embedded Kubernetes API server, in memory, without authentication: for tests and demos");
    app.name("gwctl-apiserver");
    app.set_version_flag("--version", "gwctl-apiserver " GWCTL_VERSION);
    app.add_option("--bind", bind, "HOST:PORT; port 0 takes any free one")->capture_default_str();
    app.add_flag("--no-stand-ins", no_stand_ins,
                 "Leave pods, EndpointSlices and addresses of Services to whoever connects");
    app.add_option(
           "--history", history,
           "Changes that watches can look back on; what is older is answered with 410, and takes no memory")
        ->capture_default_str();
    app.add_option("--kubeconfig-out", kubeconfig,
                   "Write a kubeconfig for this server to FILE once it is loaded");
    app.add_option("-f,--filename", files,
                   "Load a file or directory of Kubernetes YAML, with status where there is one; may be "
                   "repeated. What cannot be loaded ends the program");
    app.footer(served_kinds());
    try {
        app.parse(argc, argv);
        return serve(parse_address(bind), !no_stand_ins, history, kubeconfig, files);
    } catch (const CLI::Success& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        fmt::print(stderr, "gwctl-apiserver: {}; see gwctl-apiserver --help\n", e.what());
        return 2;
    } catch (const std::exception& e) {
        fmt::print(stderr, "gwctl-apiserver: {}\n", e.what());
        return 1;
    }
}
