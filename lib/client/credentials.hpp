/// Who we are to an API server, while that changes under us.
#pragma once

#include "exec_credential.hpp"
#include "tls.hpp"
#include "token.hpp"

namespace gwctl::detail {

/// What a request carries, and its connection.
struct identity {
    identity() = default;
    std::string token{};                              ///< empty: none
    std::shared_ptr<boost::asio::ssl::context> tls{}; ///< null: plain HTTP
    std::optional<exec_credential> given{};           ///< what a plugin gave
};

/// The credentials of a config: token file, certificates and kubeconfig are read again when they change, and
/// a plugin is run when what it gave expires. What cannot be read again leaves what was before, with a
/// warning. Use from one executor.
class credentials {
public:
    /// `tls`: whether connections are secured. Throws `api_error` (`errc::config`) naming `config.origin`
    /// when something cannot work.
    credentials(cluster_config config, bool tls);

    /// For a request now. Throws `api_error` (`errc::config`) when a plugin fails.
    task<identity> current();
    /// The server answered 401 to `used`: whether there is somebody else to be.
    task<bool> replaced(identity used);

private:
    void adopt(cluster_config config);
    /// Takes the kubeconfig's credentials if its files changed, or in any case.
    void reload(bool in_any_case);
    std::vector<file_stamp> stamps() const;

    cluster_config config_;
    bool secure_;
    std::vector<file_stamp> read_{};
    std::optional<token_source> token_{};
    std::optional<tls_settings> tls_{};
    std::shared_ptr<exec_source> exec_{};
    std::string exec_certificate_{}; ///< the one in `tls_`
    std::string kept_{};             ///< the token that `keep_secret` knows
};

} // namespace gwctl::detail
