#include "flags.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace gwctl::tools {
namespace {

/// Go's flags have one dash: -kubeconfig is --kubeconfig. One-letter options keep theirs.
std::vector<std::string> with_two_dashes(int argc, char** argv) {
    std::vector<std::string> arguments;
    bool options_over = false;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        options_over = options_over || argument == "--";
        const bool is_go_flag =
            argument.size() > 2 && argument[0] == '-' && argument[1] != '-' && argument[2] != '=';
        arguments.push_back(is_go_flag && !options_over ? "-" + argument : argument);
    }
    return arguments;
}

object_key parse_configmap(const std::string& text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos)
        return {"default", text};
    object_key key(text.substr(0, slash), text.substr(slash + 1));
    if (key.namespace_.empty() || key.name.empty() || key.name.find('/') != std::string::npos)
        throw CLI::ValidationError("--ipam-configmap",
                                   fmt::format("expected NAME or NAMESPACE/NAME, got \"{}\"", text));
    return key;
}

struct raw_flags {
    std::string behaviour{to_string(gateway::behaviour::merge)};
    std::string pools{};
    bool leader_elect = false;
    std::string log_level{};
    std::string log_encoder{};
    bool log_devel = false;
    std::string format = "tree";
};

void add_options(CLI::App& app, flags& f, raw_flags& raw) {
    app.add_option("--kubeconfig", f.kubeconfig,
                   "Cluster to use; default: $KUBECONFIG, the pod's service account, ~/.kube/config");
    app.add_option("--gateway-class-name", f.gateway.controller_name,
                   "controllerName of the GatewayClasses that are ours")
        ->capture_default_str();
    app.add_option("--ipam-configmap", raw.pools,
                   "ConfigMap with address pools, NAME (in namespace default) or NAMESPACE/NAME");
    app.add_option("--service-behaviour", raw.behaviour,
                   fmt::format("How routes become Services: {}", gateway::behaviour_names))
        ->capture_default_str();
    app.add_option("--implementation-label", f.gateway.implementation_label,
                   "Value of the label implementation on Gateways and Services")
        ->capture_default_str();
    app.add_flag("--write-spec-address,!--no-write-spec-address", f.gateway.write_spec_address,
                 "Write allocated addresses to spec.addresses; default true");
    app.add_flag("--allow-addresses-outside-pools", f.gateway.allow_addresses_outside_pools,
                 "Let users pin addresses that lie in no pool");
    app.add_flag("--leader-elect", raw.leader_elect, "Act only while holding the Lease gateway-api.fnnrn.me");
    app.add_option("--metrics-bind-address", f.manager.metrics_bind_address,
                   "Where /metrics is served; 0 disables")
        ->capture_default_str();
    app.add_option("--health-probe-bind-address", f.manager.health_probe_bind_address,
                   "Where /healthz and /readyz are served; 0 disables")
        ->capture_default_str();
    app.add_option("--zap-log-level", raw.log_level, "debug, info or error");
    app.add_option("--zap-encoder", raw.log_encoder, "console or json");
    app.add_flag("--zap-devel", raw.log_devel, "Debug level and console encoding unless given otherwise");
}

log::options log_options(const raw_flags& raw) {
    log::options o;
    o.minimum = raw.log_devel ? log::level::debug : log::level::info;
    if (raw.log_level == "debug" ||
        (!raw.log_level.empty() && raw.log_level.find_first_not_of("0123456789") == std::string::npos))
        o.minimum = log::level::debug; // zap takes a verbosity number too
    else if (raw.log_level == "info")
        o.minimum = log::level::info;
    else if (raw.log_level == "error" || raw.log_level == "panic")
        o.minimum = log::level::error;
    else if (!raw.log_level.empty())
        throw CLI::ValidationError(
            "--zap-log-level",
            fmt::format("expected debug, info, error or a number, got \"{}\"", raw.log_level));
    if (raw.log_encoder == "json")
        o.format = log::encoding::json;
    else if (!raw.log_encoder.empty() && raw.log_encoder != "console")
        throw CLI::ValidationError("--zap-encoder",
                                   fmt::format("expected console or json, got \"{}\"", raw.log_encoder));
    return o;
}

void interpret(flags& f, const raw_flags& raw) {
    const auto behaviour = gateway::parse_behaviour(raw.behaviour);
    if (!behaviour)
        throw CLI::ValidationError(
            "--service-behaviour",
            fmt::format("expected one of {}, got \"{}\"", gateway::behaviour_names, raw.behaviour));
    f.gateway.default_behaviour = *behaviour;
    f.pools_given = !raw.pools.empty();
    if (f.pools_given)
        f.gateway.ipam_config = parse_configmap(raw.pools);
    if (raw.leader_elect)
        f.manager.leader_election = leader_election_options();
    if (raw.format == "tree")
        f.format = output::tree;
    else if (raw.format == "yaml")
        f.format = output::yaml;
    else if (raw.format == "json")
        f.format = output::json;
    else
        throw CLI::ValidationError("--output",
                                   fmt::format("expected tree, yaml or json, got \"{}\"", raw.format));
    log::configure(log_options(raw));
}

} // namespace

leader_election_options leader_lease(std::string namespace_) {
    leader_election_options o;
    o.namespace_ = std::move(namespace_);
    o.name = "gateway-api.fnnrn.me";
    return o;
}

flags parse_flags(int argc, char** argv) {
    flags f;
    f.manager.name = "gateway-api-controller";
    f.manager.metrics_bind_address = ":8080";
    f.manager.health_probe_bind_address = ":8081";
    raw_flags raw;

    CLI::App app(
        "Gateway API controller for TCP and UDP on clusters whose load balancer is kube-vip or the like");
    app.name("gateway-api-controller");
    app.set_version_flag("--version", "gateway-api-controller " GWCTL_VERSION);
    add_options(app, f, raw);
    CLI::App* simulate =
        app.add_subcommand("simulate", "Run on Kubernetes YAML, without a cluster, and show the result");
    simulate->add_option("-f,--filename", f.files, "File or directory with Kubernetes YAML; may be repeated")
        ->required();
    simulate->add_option("-o,--output", raw.format, "tree, yaml or json")->capture_default_str();
    simulate->fallthrough(); // the controller's own flags may follow

    try {
        std::vector<std::string> arguments = with_two_dashes(argc, argv);
        std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them off the back
        app.parse(arguments);
        interpret(f, raw);
    } catch (const CLI::Success& e) { // --help, --version
        std::exit(app.exit(e));
    } catch (const CLI::ParseError& e) {
        fmt::print(stderr, "gateway-api-controller: {}; see gateway-api-controller --help\n", e.what());
        std::exit(2);
    }
    f.what = simulate->parsed() ? command::simulate : command::run;
    return f;
}

} // namespace gwctl::tools
