#include "credentials.hpp"

#include "kubeconfig.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/secrets.hpp>

#include <fmt/format.h>

namespace gwctl::detail {
namespace {

steady_time now() { return std::chrono::steady_clock::now(); }

} // namespace

credentials::credentials(cluster_config config, bool tls) : config_(std::move(config)), secure_(tls) {
    read_ = stamps();
    adopt(config_);
}

/// Either all of it or, when it throws, nothing.
void credentials::adopt(cluster_config config) {
    token_source token(config.token, config.token_file);
    if (const auto read = token.load(now()); read.has_error())
        throw api_error(
            read.error().code,
            fmt::format("{}{}{}", config.origin, config.origin.empty() ? "" : ": ", read.error().message));
    std::optional<tls_settings> settings;
    if (secure_)
        settings.emplace(config);
    exec_.reset();
    if (config.exec && config.token.empty() && config.token_file.empty())
        exec_ = std::make_shared<exec_source>(config);
    token_ = std::move(token);
    tls_ = std::move(settings);
    exec_certificate_.clear();
    config_ = std::move(config);
}

std::vector<file_stamp> credentials::stamps() const {
    std::vector<file_stamp> all;
    for (const std::string& file : config_.kubeconfigs)
        all.push_back(file_stamp::of(file));
    return all;
}

void credentials::reload(bool in_any_case) {
    if (config_.kubeconfigs.empty())
        return;
    std::vector<file_stamp> found = stamps();
    if (found == read_ && !in_any_case)
        return;
    read_ = std::move(found);
    const auto keep = [&](std::string_view why) {
        log::warn("the kubeconfig changed and its credentials cannot be used; keeping the old ones",
                  {{"error", std::string(why)}});
    };
    auto fresh = merge_kubeconfigs(config_.kubeconfigs, config_.context);
    if (fresh.has_error())
        return keep(fresh.error().message);
    if (fresh->server != config_.server)
        return keep(
            fmt::format("{}: it names the server {} now, and {} before; restart to use another server",
                        fresh->origin, fresh->server, config_.server));
    const bool same = fresh->token == config_.token && fresh->token_file == config_.token_file &&
                      fresh->exec == config_.exec &&
                      fresh->client_certificate == config_.client_certificate &&
                      fresh->client_key == config_.client_key &&
                      fresh->certificate_authority == config_.certificate_authority;
    if (same)
        return;
    try {
        adopt(std::move(*fresh));
        log::info("the kubeconfig changed; using its credentials from now on", {{"config", config_.origin}});
    } catch (const api_error& e) {
        keep(e.what());
    }
}

task<identity> credentials::current() {
    reload(false);
    identity who;
    if (const auto plugin = exec_) {
        who.given = co_await plugin->current();
        who.token = who.given->token;
        if (tls_ && plugin == exec_ && who.given->certificate != exec_certificate_) {
            cluster_config with_certificate = config_;
            if (!who.given->certificate.empty()) {
                with_certificate.client_certificate.text = who.given->certificate;
                with_certificate.client_key.text = who.given->key;
            }
            tls_settings fresh(with_certificate);
            tls_ = std::move(fresh);
            exec_certificate_ = who.given->certificate;
        }
    } else {
        who.token = token_->current(now());
    }
    if (tls_)
        who.tls = tls_->context();
    if (who.token != kept_) {
        keep_secret(who.token);
        kept_ = who.token;
    }
    co_return who;
}

task<bool> credentials::replaced(identity used) {
    reload(true);
    if (exec_ && used.given)
        exec_->refused(*used.given);
    else if (!exec_)
        static_cast<void>(token_->replaced(used.token, now()));
    const identity who = co_await current();
    co_return who.token != used.token || who.tls != used.tls;
}

} // namespace gwctl::detail
