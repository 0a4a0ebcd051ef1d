#include "exec_credential.hpp"

#include "subprocess.hpp"
#include "tls.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/json/codec.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <sys/wait.h>
#include <utility>

namespace gwctl::detail {
namespace {

namespace asio = boost::asio;

struct ExecCredentialStatus {
    std::string token;
    std::string clientCertificateData;
    std::string clientKeyData;
    std::string expirationTimestamp;
};
BOOST_DESCRIBE_STRUCT(ExecCredentialStatus, (),
                      (token, clientCertificateData, clientKeyData, expirationTimestamp))
struct ExecCredential {
    std::string apiVersion;
    std::string kind;
    std::optional<ExecCredentialStatus> status;
};
BOOST_DESCRIBE_STRUCT(ExecCredential, (), (apiVersion, kind, status))

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

/// JSON, or whatever else of YAML. The words for what is neither do not quote the output, which may hold a
/// secret.
result<ExecCredential> decode_credential(const std::string& output) {
    const std::size_t first = output.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || output[first] == '{')
        return json::decode<ExecCredential>(output);
    const auto documents = json::parse_yaml(output, "output", json::duplicate_keys::last_counts);
    if (documents.has_error() || documents->size() != 1 || !documents->front().is_object())
        return error{errc::config, "it is neither"};
    return json::decode<ExecCredential>(boost::json::serialize(documents->front()));
}

// Nothing of the output is quoted, since a program in the wrong place may write a secret anywhere. Words that are ours
// can be said.
std::string_view described_kind(std::string_view kind) {
    return kind == "ExecCredential" ? "one" : kind.empty() ? "a nameless kind" : "another kind";
}

std::string_view described_version(std::string_view version) {
    for (const std::string_view known :
         {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1",
          "client.authentication.k8s.io/v1alpha1"})
        if (version == known)
            return known;
    return version.empty() ? "no version" : "another version";
}

/// What a person would read last: the last line that is not empty, without control characters.
std::string last_line(std::string_view text) {
    constexpr std::size_t longest = 500;
    const auto end = text.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos)
        return {};
    text = text.substr(0, end + 1);
    text = text.substr(text.find_last_of("\r\n") + 1);
    std::string line(text.substr(text.size() - std::min(text.size(), longest)));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = ' ';
    return line;
}

std::string describe_end(const program_end& end) {
    std::string how;
    if (end.late)
        how = fmt::format("was still running after {} s and was killed", exec_source::patience.count());
    else if (WIFSIGNALED(end.status))
        how = fmt::format("was ended by signal {}", WTERMSIG(end.status));
    else
        how = fmt::format("ended with exit code {}", WEXITSTATUS(end.status));
    if (last_line(end.errors).empty())
        return how + " and said nothing on standard error";
    // A plugin may print what it was given or got. Logs and answers to probes are read by others.
    return how + "; run it by hand to read what it says on standard error, which may be secret and is not "
                 "shown here";
}

wall_time wall_now() {
    return std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
}

/// Lets those go on who wait for a run, however it ends.
class run_guard {
public:
    run_guard(std::shared_ptr<asio::steady_timer>& running, const asio::any_io_executor& executor)
        : running_(running) {
        running_ = std::make_shared<asio::steady_timer>(executor, steady_time::max());
    }
    ~run_guard() { std::exchange(running_, nullptr)->cancel(); }
    run_guard(const run_guard&) = delete;
    run_guard& operator=(const run_guard&) = delete;

private:
    std::shared_ptr<asio::steady_timer>& running_;
};

} // namespace

result<std::string> exec_info(const cluster_config& config) {
    json::object spec{{"interactive", false}};
    if (config.exec->provide_cluster_info) {
        json::object cluster{{"server", config.server}};
        if (!config.tls_server_name.empty())
            cluster["tls-server-name"] = config.tls_server_name;
        if (config.insecure_skip_tls_verify)
            cluster["insecure-skip-tls-verify"] = true;
        const auto authority = pem_reader(config.certificate_authority, "certificate-authority").read();
        if (authority.has_error())
            return authority.error();
        if (!authority->empty())
            cluster["certificate-authority-data"] = base64(*authority);
        if (!config.exec->cluster_extension.empty())
            cluster["config"] = boost::json::parse(config.exec->cluster_extension);
        spec["cluster"] = std::move(cluster);
    }
    return boost::json::serialize(
        json::object{{"apiVersion", config.exec->api_version}, {"kind", "ExecCredential"}, {"spec", spec}});
}

result<exec_credential> parse_exec_credential(const std::string& output, std::string_view api_version) {
    const auto wrong = [](std::string what) { return error{errc::config, std::move(what)}; };
    const auto parsed = decode_credential(output);
    if (parsed.has_error())
        return wrong("expected an ExecCredential as JSON or YAML on standard output, got something else; run "
                     "it by hand "
                     "to see it, since it may be secret and is not shown here");
    if (parsed->kind != "ExecCredential" || parsed->apiVersion != api_version)
        return wrong(fmt::format("expected an ExecCredential of {}, got {} of {}; set the apiVersion in the "
                                 "kubeconfig to the one that the program speaks",
                                 api_version, described_kind(parsed->kind),
                                 described_version(parsed->apiVersion)));
    exec_credential c;
    if (parsed->status) {
        c.token = parsed->status->token;
        c.certificate = parsed->status->clientCertificateData;
        c.key = parsed->status->clientKeyData;
    }
    if (c.certificate.empty() != c.key.empty())
        return wrong(fmt::format("status: {} is there and {} is not",
                                 c.key.empty() ? "clientCertificateData" : "clientKeyData",
                                 c.key.empty() ? "clientKeyData" : "clientCertificateData"));
    if (c.token.empty() && c.certificate.empty())
        return wrong("status: expected a token, or clientCertificateData with clientKeyData, got none");
    if (!parsed->status->expirationTimestamp.empty()) {
        const auto expires = parse_time(parsed->status->expirationTimestamp);
        if (expires.has_error())
            return wrong(
                "status.expirationTimestamp: expected an RFC 3339 time like 2026-01-31T08:15:00Z, got "
                "something else");
        c.expires = *expires;
    }
    return c;
}

task<exec_credential> exec_source::current() {
    while (true) {
        if (usable())
            co_return *known_;
        if (!running_)
            break;
        const auto ended = running_;
        boost::system::error_code ignored; // if we are cancelled, the next co_await throws
        co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (known_)
            co_return *known_; // however short it lives, nobody has a newer one
    }
    if (!failure_.empty() && std::chrono::steady_clock::now() - failed_at_ < pause)
        throw api_error(errc::config, failure_);
    const auto executor = co_await asio::this_coro::executor;
    const run_guard guard(running_, executor);
    known_.reset();
    try {
        known_ = co_await run();
    } catch (const api_error& e) {
        failure_ = fmt::format("{}{}exec {}: {}", config_.origin, config_.origin.empty() ? "" : ": ",
                               config_.exec->command, e.what());
        failed_at_ = std::chrono::steady_clock::now();
    }
    if (!known_)
        throw api_error(errc::config, failure_);
    failure_.clear();
    least_until_ = {};
    if (!usable()) {
        least_until_ = std::chrono::steady_clock::now() + least_use;
        if (!std::exchange(told_, true))
            log::warn("the credentials of a plugin are expired when they come, and are used all the same for "
                      "a minute; "
                      "set this machine's clock, or that of whoever issues them",
                      {{"command", config_.exec->command}, {"expired", format_time(*known_->expires)}});
    }
    co_return *known_;
}

bool exec_source::usable() const {
    return known_ && (!known_->expires || wall_now() + leeway < *known_->expires ||
                      std::chrono::steady_clock::now() < least_until_);
}

void exec_source::refused(const exec_credential& used) {
    if (known_ == used)
        known_.reset();
}

task<exec_credential> exec_source::run() {
    const auto info = exec_info(config_);
    if (info.has_error())
        throw api_error(info.error());
    const exec_plugin& plugin = *config_.exec;
    program p;
    p.command = plugin.command;
    p.arguments = plugin.arguments;
    p.environment = plugin.environment;
    p.environment.emplace_back("KUBERNETES_EXEC_INFO", *info);
    program_end end;
    std::string cannot_start;
    try {
        end = co_await run_program(std::move(p), std::chrono::steady_clock::now() + patience);
    } catch (const api_error& e) {
        cannot_start = e.what();
    }
    if (!cannot_start.empty())
        throw api_error(errc::config,
                        fmt::format("cannot run it: {}; {}", cannot_start,
                                    plugin.install_hint.empty() ? "is it installed, and does PATH lead to it?"
                                                                : last_line(plugin.install_hint)));
    if (!end.well())
        throw api_error(errc::config, describe_end(end));
    auto credential = parse_exec_credential(end.output, plugin.api_version);
    if (credential.has_error())
        throw api_error(credential.error());
    log::debug("a plugin gave credentials",
               {{"command", plugin.command},
                {"expires", credential->expires ? format_time(*credential->expires) : std::string("never")}});
    co_return std::move(*credential);
}

} // namespace gwctl::detail
