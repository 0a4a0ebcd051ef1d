#include "flags.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

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
        if (is_go_flag && !options_over)
            argument = "-" + argument;
        // CLI11 takes --flag= for a flag without its value.
        const bool is_emptied = !options_over && argument.starts_with("--") && argument.ends_with('=') &&
                                argument.find('=') + 1 == argument.size();
        if (is_emptied)
            argument.pop_back();
        arguments.push_back(argument);
        if (is_emptied)
            arguments.emplace_back();
    }
    return arguments;
}

/// Names of flags as we write them everywhere, with one dash, also where CLI11 has words of its own. What the
/// user wrote stands in quotes and is left alone.
std::string with_one_dash(std::string text) {
    for (std::size_t at = 0; (at = text.find("--", at)) < text.find('"'); ++at)
        if (at == 0 || text[at - 1] == ' ' || text[at - 1] == ',')
            text.erase(at, 1);
    return text;
}

class formatter : public CLI::Formatter {
public:
    std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
        return with_one_dash(CLI::Formatter::make_option_name(option, is_positional));
    }
};

constexpr std::string_view lower_case_or_digit = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view letter_or_digit = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Only `outer` at both ends, there or one of `inner` in between, 1 to `longest` characters.
bool is_word(std::string_view text, std::string_view outer, std::string_view inner, std::size_t longest) {
    return !text.empty() && text.size() <= longest && outer.find(text.front()) != outer.npos &&
           outer.find(text.back()) != outer.npos && std::all_of(text.begin(), text.end(), [&](char c) {
               return outer.find(c) != outer.npos || inner.find(c) != inner.npos;
           });
}

bool is_dns_label(std::string_view text) { return is_word(text, lower_case_or_digit, "-", 63); }

/// RFC 1123 labels with dots between them, as names of most objects.
bool is_dns_subdomain(std::string_view text) {
    if (text.size() > 253)
        return false;
    std::size_t dot = 0;
    for (; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1))
        if (!is_word(text.substr(0, dot), lower_case_or_digit, "-", 253))
            return false;
    return is_word(text, lower_case_or_digit, "-", 253);
}

[[noreturn]] void refuse(std::string flag, std::string_view expected, std::string_view got) {
    throw CLI::ValidationError(std::move(flag), fmt::format("expected {}, got \"{}\"", expected, got));
}

object_key parse_configmap(const std::string& text) {
    const std::size_t slash = text.find('/');
    const object_key key(slash == text.npos ? "default" : text.substr(0, slash),
                         slash == text.npos ? text : text.substr(slash + 1));
    if (!is_dns_label(key.namespace_) || !is_dns_subdomain(key.name))
        refuse("-ipam-configmap", "NAME or NAMESPACE/NAME of a ConfigMap", text);
    return key;
}

/// As the API server checks spec.controllerName of a GatewayClass.
void check_controller_name(const std::string& text) {
    const std::size_t slash = text.find('/');
    const std::string_view path =
        slash == text.npos ? std::string_view() : std::string_view(text).substr(slash + 1);
    const std::string allowed = std::string(letter_or_digit) + "/-._~%!$&'()*+,;=:";
    if (text.size() > 253 || path.empty() || !is_dns_subdomain(std::string_view(text).substr(0, slash)) ||
        path.find_first_not_of(allowed) != path.npos)
        refuse("-gateway-class-name", "DOMAIN/PATH such as example.com/gateway", text);
}

void check_bind_address(std::string flag, const std::string& text) {
    if (text.empty() || text == "0")
        return;
    const std::size_t colon = text.rfind(':');
    const std::string_view host = std::string_view(text).substr(0, colon);
    const std::string_view digits =
        colon == text.npos ? std::string_view() : std::string_view(text).substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_port = !digits.empty() && failed == std::errc() && end == digits.data() + digits.size();
    bool is_host = host.empty() || is_word(host, letter_or_digit, "-._", 253);
    if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) {
        boost::system::error_code bad;
        boost::asio::ip::make_address_v6(std::string(host.substr(1, host.size() - 2)), bad);
        is_host = !bad;
    }
    if (!is_port || !is_host)
        refuse(std::move(flag), ":PORT, HOST:PORT or 0", text);
}

/// What Go's flags take.
const CLI::Validator& boolean() {
    static const CLI::Validator v(
        [](const std::string& text) {
            const std::string lower = CLI::detail::to_lower(text);
            for (const char* known : {"1", "t", "true", "0", "f", "false"})
                if (lower == known)
                    return std::string();
            return fmt::format("expected true or false, got \"{}\"", text);
        },
        "");
    return v;
}

struct raw_flags {
    std::string behaviour{to_string(gateway::behaviour::merge)};
    std::string announcer{gateway::profile_of(gateway::announcer::kube_vip).name};
    std::string pools{};
    std::string http_listeners = "refused";
    std::vector<std::string> namespaces{};
    bool leader_elect = false;
    std::string log_level{};
    std::string log_encoder{};
    bool log_devel = false;
    std::string format = "tree";
};

void add_options(CLI::App& app, flags& f, raw_flags& raw) {
    app.add_option("--kubeconfig", f.kubeconfig,
                   "Cluster to use; default: $KUBECONFIG, the pod's service account, ~/.kube/config")
        ->type_name("FILE");
    app.add_option("--gateway-class-name", f.gateway.controller_name,
                   "controllerName of the GatewayClasses that are ours")
        ->type_name("DOMAIN/PATH")
        ->capture_default_str();
    app.add_option("--ipam-configmap", raw.pools,
                   "ConfigMap with address pools, NAME (in namespace default) or NAMESPACE/NAME")
        ->type_name("NAME");
    app.add_option("--namespace", raw.namespaces,
                   "Namespace to serve, or several with commas in between; may be repeated; default: all")
        ->type_name("NAME")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--service-behaviour", raw.behaviour,
                   fmt::format("How routes become Services: {}", gateway::behaviour_names))
        ->type_name("WORD")
        ->capture_default_str();
    app.add_option("--implementation-label", f.gateway.implementation_label,
                   "Value of the label implementation on Gateways and Services")
        ->type_name("VALUE")
        ->capture_default_str();
    app.add_flag("--write-spec-address,!--no-write-spec-address", f.gateway.write_spec_address,
                 "Write allocated addresses to spec.addresses; default true")
        ->check(boolean());
    app.add_flag("--allow-addresses-outside-pools", f.gateway.allow_addresses_outside_pools,
                 "Let users pin addresses that lie in no pool")
        ->check(boolean());
    app.add_option("--announcer", raw.announcer,
                   fmt::format("What announces the addresses of Services: {}", gateway::announcer_names))
        ->type_name("WORD")
        ->capture_default_str();
    app.add_option("--http-listeners", raw.http_listeners,
                   "HTTP and HTTPS listeners: refused, or status, which judges and counts but does not serve "
                   "them, for the Gateway API's conformance suite")
        ->type_name("WORD")
        ->capture_default_str();
    app.add_flag("--observe-only", f.gateway.observe_only,
                 "Write nothing, not even status, Events and the Lease; log and count what would be written")
        ->check(boolean());
    app.add_flag("--leader-elect", raw.leader_elect, "Act only while holding the Lease gateway-api.fnnrn.me")
        ->check(boolean());
    app.add_option("--metrics-bind-address", f.manager.metrics_bind_address,
                   "Where /metrics is served; 0 disables")
        ->type_name("ADDRESS")
        ->capture_default_str();
    app.add_option("--health-probe-bind-address", f.manager.health_probe_bind_address,
                   "Where /healthz, /livez and /readyz are served; 0 disables")
        ->type_name("ADDRESS")
        ->capture_default_str();
    app.add_option("--zap-log-level", raw.log_level, "debug, info, error or a number; default info")
        ->type_name("LEVEL");
    app.add_option("--zap-encoder", raw.log_encoder, "console or json")->type_name("WORD");
    app.add_flag("--zap-devel", raw.log_devel, "Debug level and console encoding unless given otherwise")
        ->check(boolean());
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
            "-zap-log-level",
            fmt::format("expected debug, info, error or a number, got \"{}\"", raw.log_level));
    if (raw.log_encoder == "json")
        o.format = log::encoding::json;
    else if (!raw.log_encoder.empty() && raw.log_encoder != "console")
        throw CLI::ValidationError("-zap-encoder",
                                   fmt::format("expected console or json, got \"{}\"", raw.log_encoder));
    return o;
}

void interpret(flags& f, const raw_flags& raw) {
    const auto behaviour = gateway::parse_behaviour(raw.behaviour);
    if (!behaviour)
        throw CLI::ValidationError(
            "-service-behaviour",
            fmt::format("expected one of {}, got \"{}\"", gateway::behaviour_names, raw.behaviour));
    f.gateway.default_behaviour = *behaviour;
    const auto announcer = gateway::parse_announcer(raw.announcer);
    if (!announcer)
        refuse("-announcer", fmt::format("one of {}", gateway::announcer_names), raw.announcer);
    f.gateway.announced_by = *announcer;
    check_controller_name(f.gateway.controller_name);
    if (raw.http_listeners == "status")
        f.gateway.http = gateway::http_listeners::status;
    else if (raw.http_listeners != "refused")
        refuse("-http-listeners", "refused or status", raw.http_listeners);
    if (const std::string& label = f.gateway.implementation_label;
        !label.empty() && !is_word(label, letter_or_digit, "-_.", 63))
        refuse("-implementation-label",
               "a label value (at most 63 letters, digits, '-', '_' and '.'; a letter or digit at both ends)",
               label);
    check_bind_address("-metrics-bind-address", f.manager.metrics_bind_address);
    check_bind_address("-health-probe-bind-address", f.manager.health_probe_bind_address);
    for (const std::string& name : raw.namespaces)
        if (!is_dns_label(name))
            refuse("-namespace", "NAME of a namespace, or several with commas in between", name);
    f.manager.record_unreadable = !f.gateway.observe_only; // an Event is a write
    f.gateway.namespaces = {raw.namespaces.begin(), raw.namespaces.end()};
    f.pools_given = !raw.pools.empty();
    if (f.pools_given)
        f.gateway.ipam_config = parse_configmap(raw.pools);
    if (raw.leader_elect &&
        !f.gateway.observe_only) // the Lease is a write, and who writes nothing needs none
        f.manager.leader_election = leader_election_options();
    if (raw.format == "tree")
        f.format = output::tree;
    else if (raw.format == "yaml")
        f.format = output::yaml;
    else if (raw.format == "json")
        f.format = output::json;
    else
        throw CLI::ValidationError("-output",
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
    f.manager.user_agent = "gateway-api-controller/" GWCTL_VERSION;
    f.manager.metrics_bind_address = ":8080";
    f.manager.health_probe_bind_address = ":8081";
    raw_flags raw;

    CLI::App app(
        "Gateway API controller for TCP and UDP on clusters whose load balancer is kube-vip or the like");
    app.name("gateway-api-controller");
    app.formatter(std::make_shared<formatter>());
    app.get_formatter()->label("REQUIRED", "(required)"); // and of the subcommand, which shares it
    app.set_version_flag("--version", "gateway-api-controller " GWCTL_VERSION);
    add_options(app, f, raw);
    CLI::App* simulate =
        app.add_subcommand("simulate", "Run on Kubernetes YAML, without a cluster, and show the result");
    simulate
        ->add_option("-f,--filename", f.files,
                     "File or directory with Kubernetes YAML, - for standard input; may be repeated")
        ->type_name("FILE")
        ->required();
    simulate->add_option("-o,--output", raw.format, "tree, yaml or json")
        ->type_name("WORD")
        ->capture_default_str();
    simulate->fallthrough(); // the controller's own flags may follow
    CLI::App* doctor =
        app.add_subcommand("doctor", "Look at a cluster for what would keep the controller from working, "
                                     "with the controller's own flags; changes nothing");
    doctor->fallthrough();

    try {
        std::vector<std::string> arguments = with_two_dashes(argc, argv);
        std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them off the back
        app.parse(arguments);
        interpret(f, raw);
    } catch (const CLI::Success& e) { // -help, -version
        std::exit(app.exit(e));
    } catch (const CLI::ParseError& e) {
        fmt::print(stderr, "gateway-api-controller: {}; see gateway-api-controller -help\n",
                   with_one_dash(e.what()));
        std::exit(2);
    }
    f.what = simulate->parsed() ? command::simulate : doctor->parsed() ? command::doctor : command::run;
    return f;
}

} // namespace gwctl::tools
