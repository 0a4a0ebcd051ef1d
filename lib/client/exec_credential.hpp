/// Credentials from a plugin (client.authentication.k8s.io, v1 and v1beta1).
#pragma once

#include <gwctl/client/config.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/core/task.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gwctl::detail {

/// A token, or a client certificate with its key, or both.
struct exec_credential {
    exec_credential() = default;
    std::string token{};
    std::string certificate{}; ///< PEM
    std::string key{};         ///< PEM
    std::optional<wall_time> expires{};
    friend bool operator==(const exec_credential&, const exec_credential&) = default;
};

/// What the plugin learns from us, for the variable KUBERNETES_EXEC_INFO. Errors: `errc::config` when the
/// certificate authority's file cannot be read.
result<std::string> exec_info(const cluster_config& config);

/// Reads what the plugin wrote. Errors: `errc::config` saying what was expected.
result<exec_credential> parse_exec_credential(const std::string& output, std::string_view api_version);

/// Runs the plugin of a config, as rarely as can be. Use from one executor.
class exec_source {
public:
    /// A run that takes longer is given up.
    static constexpr std::chrono::seconds patience{60};
    /// So long before it expires a credential is renewed: a request under way must not meet the end.
    static constexpr std::chrono::seconds leeway{10};
    /// A run that failed is not repeated at once for others who ask.
    static constexpr std::chrono::seconds pause{5};
    /// A credential that is expired when it comes, because one of the two clocks is wrong, is used for so
    /// long, unless the server refuses it.
    static constexpr std::chrono::seconds least_use{60};

    /// Precondition: `config.exec` is there.
    explicit exec_source(cluster_config config) : config_(std::move(config)) {}

    /// Callers at the same time share one run.
    /// Throws `api_error` (`errc::config`) naming `config.origin`, the command, and its last words.
    task<exec_credential> current();
    /// The server refused `used`: the next `current` runs the plugin, unless it has run since.
    void refused(const exec_credential& used);

private:
    task<exec_credential> run();

    cluster_config config_;
    bool usable() const;

    std::optional<exec_credential> known_{};
    steady_time least_until_{}; ///< in use until then, although it is expired
    bool told_ = false;         ///< that what comes is expired
    std::string failure_{};
    steady_time failed_at_{};
    std::shared_ptr<boost::asio::steady_timer> running_{}; ///< cancelled at the end of a run
};

} // namespace gwctl::detail
