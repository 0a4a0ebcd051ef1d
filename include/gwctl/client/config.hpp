/// Which API server, and as whom.
#pragma once

#include <gwctl/core/error.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gwctl {

class transport;

/// PEM text, or the file that holds it. A file is read again when it changes.
struct pem_source {
    std::string text{};
    std::string file{};
    bool empty() const noexcept { return text.empty() && file.empty(); }
    friend bool operator==(const pem_source&, const pem_source&) = default;
};

/// A program that gives credentials, as client.authentication.k8s.io/v1 and v1beta1 describe it. Cloud
/// providers' kubeconfigs name one.
///
/// It is run when its credentials are needed for the first time, when they expire, and after a 401; beside
/// the executor, without a terminal, and for a minute at most.
struct exec_plugin {
    std::string api_version{}; ///< "client.authentication.k8s.io/v1"
    std::string command{};     ///< a path, or a name that PATH leads to
    std::vector<std::string> arguments{};
    std::vector<std::pair<std::string, std::string>> environment{}; ///< in addition to ours
    std::string install_hint{};
    bool provide_cluster_info = false;
    std::string cluster_extension{}; ///< JSON of the cluster's extension client.authentication.k8s.io/exec
    friend bool operator==(const exec_plugin&, const exec_plugin&) = default;
};

/// What a kubeconfig context or a pod's service account says.
struct cluster_config {
    /// "https://10.0.0.1:6443", with a path where the server has a prefix. Without a scheme, https exactly if
    /// there is a certificate authority, a client certificate, or `insecure_skip_tls_verify`.
    std::string server{};
    pem_source certificate_authority{}; ///< empty: the system's
    pem_source client_certificate{};
    pem_source client_key{};
    std::string token{};
    /// Counts before `token`, which stands in for it while it cannot be read. Re-read at least every 60 s,
    /// and after a 401.
    std::string token_file{};
    std::optional<exec_plugin> exec{}; ///< counts where there is no token and no token file
    std::string tls_server_name{};
    bool insecure_skip_tls_verify = false; ///< must be asked for in the kubeconfig
    std::string namespace_ = "default";
    /// Where it came from, for messages: "kubeconfig /home/me/.kube/config, context dev".
    std::string origin{};
    /// The same to be read: the credentials are taken from there again when one of the files changes, and
    /// after a 401. The server stays. Empty: not from a kubeconfig.
    std::vector<std::string> kubeconfigs{};
    std::string context{};
};

/// Reads a kubeconfig. `context` empty means its current-context. Relative file names are relative to the
/// kubeconfig. Errors: `errc::config`, one line with the file, the field, and what to do.
result<cluster_config> load_kubeconfig(const std::string& path, const std::string& context = {});

/// The service account of the pod we run in. Without a usable ca.crt the system's certificate authorities
/// count, and a warning is logged. Errors: `errc::config` outside a pod.
result<cluster_config> in_cluster_config();

/// `path` if given, else $KUBECONFIG (several files are merged as kubectl does), else the pod's service
/// account, else ~/.kube/config. `context` as above.
result<cluster_config> find_config(const std::string& path = {}, const std::string& context = {});

/// HTTP/1.1 over TCP or TLS (verification on), with a keep-alive pool. What the certificate authority's file
/// holds is trusted, intermediate and the server's own certificates too. Connections are direct: a proxy that
/// the environment names (HTTPS_PROXY and the like) is not used, and a warning says so once. Throws
/// `api_error` (`errc::config`) when the config cannot work: no server, an unreadable or broken certificate.
std::shared_ptr<transport> make_http_transport(cluster_config config);

} // namespace gwctl
