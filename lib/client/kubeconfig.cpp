#include "kubeconfig.hpp"

#include "endpoint.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

namespace gwctl::detail {
namespace {

/// The extension of a cluster that is handed to plugins.
constexpr std::string_view exec_extension = "client.authentication.k8s.io/exec";

/// What this file throws inside; `load` turns it into a result.
struct failure {
    std::string message{};
};

/// A cluster, user or context with where it came from.
struct entry {
    json::object body{};
    std::string directory{}; ///< what its relative file names are relative to
};
using entries = std::map<std::string, entry>;

struct kubeconfig {
    entries contexts{};
    entries clusters{};
    entries users{};
    std::string current_context{};
};

std::string names_of(const entries& all) {
    std::string names;
    for (const auto& [name, unused] : all)
        names.append(names.empty() ? "" : ", ").append(name);
    return names;
}

/// The string that `o` has under `name`; empty where there is none.
std::string text(const json::object& o, std::string_view name, const std::string& where) {
    const auto* const v = o.if_contains(name);
    if (v == nullptr || v->is_null())
        return {};
    if (!v->is_string())
        throw failure{fmt::format("{}{}: expected a string; put quotes around it", where, name)};
    return std::string(v->get_string());
}

bool flag(const json::object& o, std::string_view name, const std::string& where) {
    const auto* const v = o.if_contains(name);
    if (v == nullptr || v->is_null())
        return false;
    if (!v->is_bool())
        throw failure{fmt::format("{}{}: expected true or false", where, name)};
    return v->get_bool();
}

/// Adds `list` ("clusters") of a file to what earlier files have; of a name the first counts.
void add_entries(const json::object& root, std::string_view list, std::string_view member,
                 const std::string& directory, entries& into) {
    const auto* const v = root.if_contains(list);
    if (v == nullptr || v->is_null())
        return;
    if (!v->is_array())
        throw failure{fmt::format("{}: expected a list", list)};
    std::size_t index = 0;
    for (const json::value& item : v->get_array()) {
        const std::string where = fmt::format("{}[{}]", list, index++);
        if (!item.is_object())
            throw failure{fmt::format("{}: expected name and {}", where, member)};
        std::string name = text(item.get_object(), "name", where + ".");
        if (name.empty())
            throw failure{fmt::format("{}.name: expected a name, there is none", where)};
        entry e;
        e.directory = directory;
        const auto* const body = item.get_object().if_contains(member);
        if (body != nullptr && body->is_object())
            e.body = body->get_object();
        else if (body != nullptr && !body->is_null())
            throw failure{fmt::format("{}.{}: expected fields", where, member)};
        into.try_emplace(std::move(name), std::move(e));
    }
}

void add_file(const std::string& content, const std::string& path, const std::string& directory,
              kubeconfig& k) {
    const auto documents = json::parse_yaml(content, path, json::duplicate_keys::last_counts); // as kubectl
    if (documents.has_error())
        throw failure{documents.error().message};
    if (documents->empty())
        return;
    if (documents->size() > 1 || !documents->front().is_object())
        throw failure{fmt::format("{}: expected one document with clusters, users and contexts", path)};
    const json::object& root = documents->front().get_object();
    try {
        add_entries(root, "contexts", "context", directory, k.contexts);
        add_entries(root, "clusters", "cluster", directory, k.clusters);
        add_entries(root, "users", "user", directory, k.users);
        if (k.current_context.empty())
            k.current_context = text(root, "current-context", "");
    } catch (const failure& f) {
        throw failure{fmt::format("{}: {}", path, f.message)};
    }
}

/// The bytes of standard base64, in which line breaks do not count; nothing if it is none.
std::optional<std::string> base64(const std::string& encoded) {
    std::string packed;
    std::copy_if(encoded.begin(), encoded.end(), std::back_inserter(packed),
                 [](char c) { return c != '\n' && c != '\r' && c != ' '; });
    const std::size_t padding = packed.ends_with("==") ? 2 : packed.ends_with('=') ? 1 : 0;
    const auto is_padding = [&](std::size_t i) { return i + padding >= packed.size(); };
    for (std::size_t i = 0; i < packed.size(); ++i)
        if (packed[i] == '=' && !is_padding(i))
            return std::nullopt;
    if (packed.size() % 4 != 0)
        return std::nullopt;
    std::string decoded(packed.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                     reinterpret_cast<const unsigned char*>(packed.data()),
                                     static_cast<int>(packed.size()));
    if (size < 0)
        return std::nullopt;
    decoded.resize(static_cast<std::size_t>(size) - padding);
    return decoded;
}

std::string existing_file(const entry& e, const std::string& name, const std::string& where) {
    const std::string path = (std::filesystem::path(e.directory) / name).string();
    if (!std::ifstream(path))
        throw failure{fmt::format("{}: cannot read the file {}", where, path)};
    return path;
}

/// FIELD-data in base64, or FIELD with a file name. The data wins, as in client-go.
pem_source pem(const entry& e, const std::string& field, const std::string& where) {
    pem_source source;
    if (const std::string data = text(e.body, field + "-data", where); !data.empty()) {
        auto decoded = base64(data);
        if (!decoded)
            throw failure{fmt::format("{}{}-data: expected base64", where, field)};
        source.text = std::move(*decoded);
    } else if (const std::string file = text(e.body, field, where); !file.empty()) {
        source.file = existing_file(e, file, where + field);
    }
    return source;
}

/// `extension`: what is meant for exec plugins, as JSON.
void read_cluster(const entry& e, const std::string& where, cluster_config& config, std::string& extension) {
    config.server = text(e.body, "server", where);
    if (config.server.empty())
        throw failure{fmt::format("{}server: expected https://HOST:PORT, there is none", where)};
    if (const auto parsed = parse_endpoint(config.server); parsed.has_error())
        throw failure{where + parsed.error().message};
    if (!text(e.body, "proxy-url", where).empty())
        throw failure{fmt::format("{}proxy-url: proxies are not supported; name a server that can be reached "
                                  "directly",
                                  where)};
    config.tls_server_name = text(e.body, "tls-server-name", where);
    config.insecure_skip_tls_verify = flag(e.body, "insecure-skip-tls-verify", where);
    config.certificate_authority = pem(e, "certificate-authority", where);
    if (const auto* const list = e.body.if_contains("extensions"); list != nullptr && list->is_array())
        for (const json::value& item : list->get_array())
            if (item.is_object() && text(item.get_object(), "name", where) == exec_extension)
                if (const auto* const given = item.get_object().if_contains("extension"))
                    extension = boost::json::serialize(*given);
    if (config.insecure_skip_tls_verify && !config.certificate_authority.empty())
        throw failure{
            fmt::format("{}insecure-skip-tls-verify: a certificate-authority is given too; remove one "
                        "of them",
                        where)};
}

/// The strings of a list.
std::vector<std::string> texts(const json::object& o, std::string_view name, const std::string& where) {
    std::vector<std::string> all;
    const auto* const v = o.if_contains(name);
    if (v == nullptr || v->is_null())
        return all;
    if (!v->is_array())
        throw failure{fmt::format("{}{}: expected a list", where, name)};
    for (const json::value& item : v->get_array()) {
        if (!item.is_string())
            throw failure{
                fmt::format("{}{}[{}]: expected a string; put quotes around it", where, name, all.size())};
        all.emplace_back(item.get_string());
    }
    return all;
}

exec_plugin read_exec(const json::object& o, const entry& e, const std::string& where) {
    exec_plugin plugin;
    plugin.api_version = text(o, "apiVersion", where);
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1")
        throw failure{
            fmt::format("{}apiVersion: expected client.authentication.k8s.io/v1 or v1beta1, got \"{}\"; "
                        "a newer version of the program speaks one of them",
                        where, plugin.api_version)};
    plugin.command = text(o, "command", where);
    if (plugin.command.empty())
        throw failure{fmt::format("{}command: expected the name of a program, there is none", where)};
    // As client-go: what has a slash is relative to the kubeconfig, the rest is looked for in PATH.
    if (plugin.command.find('/') != std::string::npos)
        plugin.command = existing_file(e, plugin.command, where + "command");
    plugin.arguments = texts(o, "args", where);
    if (const auto* const list = o.if_contains("env"); list != nullptr && !list->is_null()) {
        if (!list->is_array())
            throw failure{fmt::format("{}env: expected a list", where)};
        for (const json::value& item : list->get_array()) {
            if (!item.is_object() || text(item.get_object(), "name", where + "env: ").empty())
                throw failure{
                    fmt::format("{}env[{}]: expected name and value", where, plugin.environment.size())};
            plugin.environment.emplace_back(text(item.get_object(), "name", where),
                                            text(item.get_object(), "value", where + "env: "));
        }
    }
    plugin.install_hint = text(o, "installHint", where);
    plugin.provide_cluster_info = flag(o, "provideClusterInfo", where);
    if (text(o, "interactiveMode", where) == "Always")
        throw failure{
            fmt::format("{}interactiveMode: Always needs a terminal, and there is none; use credentials "
                        "that need nobody to type",
                        where)};
    return plugin;
}

void read_user(const entry& e, const std::string& where, const std::string& extension,
               cluster_config& config) {
    // Leaving one of these out would act as somebody else than the file says.
    for (const std::string_view unsupported :
         {"auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"}) {
        const auto* const v = e.body.if_contains(unsupported);
        if (v != nullptr && !v->is_null() && !(v->is_string() && v->get_string().empty()))
            throw failure{
                fmt::format("{}{}: not supported; use a token, a tokenFile, a client certificate or an "
                            "exec plugin",
                            where, unsupported)};
    }
    if (const auto* const exec = e.body.if_contains("exec"); exec != nullptr && !exec->is_null()) {
        if (!exec->is_object())
            throw failure{fmt::format("{}exec: expected command, args and apiVersion", where)};
        config.exec = read_exec(exec->get_object(), e, where + "exec.");
        config.exec->cluster_extension = extension;
    }
    config.client_certificate = pem(e, "client-certificate", where);
    config.client_key = pem(e, "client-key", where);
    config.token = text(e.body, "token", where);
    // As client-go: the file counts before the token, and need not be there if there is one.
    if (const std::string file = text(e.body, "tokenFile", where); !file.empty())
        config.token_file = config.token.empty() ? existing_file(e, file, where + "tokenFile")
                                                 : (std::filesystem::path(e.directory) / file).string();
}

const entry& find(const entries& all, std::string_view kind, const std::string& name,
                  std::string_view where) {
    const auto found = all.find(name);
    if (found == all.end())
        throw failure{fmt::format("{}there is no {} \"{}\"; {}", where, kind, name,
                                  all.empty() ? "there are none at all" : "there are: " + names_of(all))};
    return found->second;
}

cluster_config choose(const kubeconfig& k, std::string name) {
    if (name.empty())
        name = k.current_context;
    if (name.empty())
        throw failure{fmt::format(
            "there is no current-context; {}",
            k.contexts.empty() ? "there are no contexts at all"
                               : fmt::format("set one with: kubectl config use-context NAME, where NAME is "
                                             "one of: {}",
                                             names_of(k.contexts)))};
    const entry& context = find(k.contexts, "context", name, "");
    const std::string where = fmt::format("context \"{}\": ", name);
    cluster_config config;
    if (std::string ns = text(context.body, "namespace", where); !ns.empty())
        config.namespace_ = std::move(ns);
    const std::string cluster = text(context.body, "cluster", where);
    if (cluster.empty())
        throw failure{fmt::format("{}cluster: expected a name, there is none", where)};
    std::string extension;
    read_cluster(find(k.clusters, "cluster", cluster, where), fmt::format("cluster \"{}\": ", cluster),
                 config, extension);
    // A context without a user is anonymous.
    if (const std::string user = text(context.body, "user", where); !user.empty())
        read_user(find(k.users, "user", user, where), fmt::format("user \"{}\": ", user), extension, config);
    // What the user has of TLS counts for the scheme, too.
    if (config.server.find("://") == std::string::npos)
        config.server.insert(0, endpoint_of(config)->tls ? "https://" : "http://");
    config.origin = name;
    config.context = name;
    return config;
}

template <class Fill>
result<cluster_config> load(const std::string& origin, const std::string& context, Fill fill) {
    try {
        kubeconfig k;
        fill(k);
        cluster_config config = choose(k, context);
        config.origin = fmt::format("kubeconfig {}, context {}", origin, config.origin);
        return config;
    } catch (const failure& f) {
        // Errors within one file begin with its name already, some of them with line and column.
        return error{errc::config, f.message.starts_with(origin)
                                       ? fmt::format("kubeconfig {}", f.message)
                                       : fmt::format("kubeconfig {}: {}", origin, f.message)};
    }
}

} // namespace

result<cluster_config> merge_kubeconfigs(const std::vector<std::string>& paths, const std::string& context) {
    std::string origin;
    for (const std::string& path : paths)
        origin.append(origin.empty() ? "" : ":").append(path);
    auto config = load(origin, context, [&](kubeconfig& k) {
        bool found = false;
        for (const std::string& path : paths) {
            std::error_code ignored;
            if (!std::filesystem::exists(path, ignored))
                continue;
            found = true;
            std::ifstream in(path, std::ios::binary);
            if (!in || std::filesystem::is_directory(path, ignored))
                throw failure{fmt::format("{}: cannot read the file", path)};
            const std::string content(std::istreambuf_iterator<char>(in), {});
            const auto directory = std::filesystem::absolute(path, ignored).parent_path();
            add_file(content, path, directory.string(), k);
        }
        if (!found)
            throw failure{"there is no such file"};
    });
    if (config.has_value())
        config->kubeconfigs = paths;
    return config;
}

result<cluster_config> parse_kubeconfig(const std::string& text, const std::string& origin,
                                        const std::string& directory, const std::string& context) {
    return load(origin, context, [&](kubeconfig& k) { add_file(text, origin, directory, k); });
}

} // namespace gwctl::detail
