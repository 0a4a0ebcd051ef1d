#include "endpoint.hpp"
#include "kubeconfig.hpp"

#include <gwctl/client/config.hpp>
#include <gwctl/core/log.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace gwctl {
namespace detail {
namespace {

constexpr std::string_view account = "/var/run/secrets/kubernetes.io/serviceaccount";

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (start <= text.size()) {
        const std::size_t end = std::min(text.find(':', start), text.size());
        if (end > start)
            parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

bool has_certificate(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    return text.find("-----BEGIN CERTIFICATE-----") != std::string::npos;
}

} // namespace

environment process_environment() {
    return [](const std::string& name) {
        const char* const value = std::getenv(name.c_str());
        return std::string(value == nullptr ? "" : value);
    };
}

result<cluster_config> in_cluster_config(const environment& env, const std::string& root) {
    const std::string host = env("KUBERNETES_SERVICE_HOST");
    const std::string port = env("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty())
        return error{errc::config,
                     "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; this is not "
                     "a pod, so name a kubeconfig"};
    cluster_config config;
    endpoint server;
    server.host = host;
    server.port = port;
    config.server = server.url();
    config.origin = "service account of this pod";
    const std::string directory = root + std::string(account);
    config.token_file = directory + "/token";
    if (!std::ifstream(config.token_file))
        return error{errc::config, fmt::format("{}: cannot read the file {}; is automountServiceAccountToken "
                                               "off for this pod?",
                                               config.origin, config.token_file)};
    // As client-go: clusters whose API server has a public certificate need none.
    const std::string authority = directory + "/ca.crt";
    if (has_certificate(authority))
        config.certificate_authority.file = authority;
    else
        log::warn("the service account has no certificate authority: trusting those of this system until the "
                  "next start",
                  {{"file", authority}});
    std::string ns;
    if (std::ifstream(directory + "/namespace") >> ns)
        config.namespace_ = ns;
    return config;
}

result<cluster_config> find_config(const std::string& path, const std::string& context,
                                   const environment& env, const std::string& root) {
    if (!path.empty())
        return merge_kubeconfigs({path}, context);
    if (const auto listed = split_list(env("KUBECONFIG")); !listed.empty())
        return merge_kubeconfigs(listed, context);
    if (!env("KUBERNETES_SERVICE_HOST").empty())
        return in_cluster_config(env, root);
    const std::string own = root + env("HOME") + "/.kube/config";
    std::error_code ignored;
    if (!std::filesystem::exists(own, ignored))
        return error{errc::config,
                     fmt::format("there is no cluster to talk to: name a kubeconfig, set KUBECONFIG, "
                                 "or put a kubeconfig at {}",
                                 own)};
    return merge_kubeconfigs({own}, context);
}

} // namespace detail

result<cluster_config> load_kubeconfig(const std::string& path, const std::string& context) {
    return detail::merge_kubeconfigs({path}, context);
}

result<cluster_config> in_cluster_config() {
    return detail::in_cluster_config(detail::process_environment(), {});
}

result<cluster_config> find_config(const std::string& path, const std::string& context) {
    return detail::find_config(path, context, detail::process_environment(), {});
}

} // namespace gwctl
