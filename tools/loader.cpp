#include "loader.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

namespace gwctl::tools {
namespace {

namespace fs = std::filesystem;

std::string text_of(const json::object& o, std::string_view member) {
    const json::value* v = o.if_contains(member);
    const auto* s = v == nullptr ? nullptr : v->if_string();
    return s == nullptr ? std::string() : std::string(*s);
}

/// A member that is a string or missing (""); anything else is an error that says what is there.
std::string string_member(const json::object& o, std::string_view member, std::string_view field) {
    const json::value* v = o.if_contains(member);
    if (v == nullptr || v->is_null())
        return {};
    if (!v->is_string())
        throw api_error(errc::decode,
                        fmt::format("{}: expected a string, got {}", field, boost::json::serialize(*v)));
    return std::string(v->get_string());
}

std::vector<std::string> expand(const std::string& path, std::vector<std::string>& errors) {
    if (path == "-")
        return {path};
    std::error_code ec;
    if (!fs::exists(path, ec)) {
        errors.push_back(fmt::format("{}: no such file or directory", path));
        return {};
    }
    if (!fs::is_directory(path, ec))
        return {path};
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path, ec)) {
        const auto extension = entry.path().extension();
        if (extension == ".yaml" || extension == ".yml" || extension == ".json")
            files.push_back(entry.path().string());
    }
    if (ec)
        errors.push_back(fmt::format("{}: {}", path, ec.message()));
    if (files.empty() && !ec)
        errors.push_back(fmt::format("{}: expected *.yaml, *.yml or *.json files, found none", path));
    std::sort(files.begin(), files.end());
    return files;
}

/// Takes an object as a document, anything else as an error.
void take(std::string origin, json::value object, std::size_t line, loaded_files& into) {
    if (object.is_object())
        return into.documents.push_back({std::move(origin), std::move(object), line});
    into.errors.push_back(
        fmt::format("{}: expected a Kubernetes object, got {}", origin, boost::json::serialize(object)));
}

void read_file(const std::string& name, loaded_files& into) {
    const bool standard_input = name == "-";
    const std::string path = standard_input ? "standard input" : name;
    std::ifstream file;
    if (!standard_input)
        file.open(name, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << (standard_input ? std::cin.rdbuf() : file.rdbuf()))) {
        if ((standard_input || file.is_open()) && text.str().empty())
            return into.errors.push_back(fmt::format("{}: the file is empty or unreadable", path));
        return into.errors.push_back(fmt::format("{}: cannot be read", path));
    }
    auto documents = json::parse_yaml_documents(text.str(), path);
    if (documents.has_error())
        return into.errors.push_back(documents.error().message);
    std::size_t number = 0;
    for (auto& [object, line] : *documents) {
        const std::string origin =
            documents->size() == 1 ? path : fmt::format("{}, document {}", path, ++number);
        auto* map = object.if_object();
        auto* items = map == nullptr ? nullptr : map->if_contains("items");
        if (items != nullptr && items->is_array() && text_of(*map, "kind").ends_with("List")) {
            std::size_t index = 0;
            for (json::value& item : items->get_array())
                take(fmt::format("{}, items[{}]", origin, index++), std::move(item), line, into);
            continue;
        }
        take(origin, std::move(object), line, into);
    }
}

/// Namespaces and CRDs make room for the rest.
int rank(const document& d) {
    const std::string kind = text_of(d.object.as_object(), "kind");
    return kind == "Namespace" || kind == "CustomResourceDefinition" ? 0 : 1;
}

struct served_kind {
    std::string plural{};
    bool namespaced = true;
};

/// Applies one document after the other through the client.
class applier {
public:
    applier(client api, std::string field_manager)
        : api_(std::move(api)), field_manager_(std::move(field_manager)) {}

    task<void> apply(const document& d) {
        const json::object& object = d.object.as_object();
        const std::string api_version = string_member(object, "apiVersion", "apiVersion");
        const std::string kind = string_member(object, "kind", "kind");
        if (api_version.empty() || kind.empty())
            throw api_error(errc::decode,
                            fmt::format("expected apiVersion and kind, got apiVersion \"{}\" and kind \"{}\"",
                                        api_version, kind));
        const auto* meta = object.if_contains("metadata");
        if (meta != nullptr && !meta->is_object() && !meta->is_null())
            throw api_error(errc::decode, fmt::format("{}: metadata: expected an object, got {}", kind,
                                                      boost::json::serialize(*meta)));
        const json::object none;
        const json::object& metadata = meta != nullptr && meta->is_object() ? meta->get_object() : none;
        const std::string name = string_member(metadata, "name", kind + ": metadata.name");
        if (name.empty())
            throw api_error(errc::decode, fmt::format("{}: metadata.name: expected a name, got none", kind));
        std::string namespace_ = string_member(metadata, "namespace", kind + ": metadata.namespace");
        if (namespace_.empty())
            namespace_ = "default";

        const served_kind served = co_await find(api_version, kind);
        std::string target = group_path(api_version);
        if (served.namespaced)
            target += "/namespaces/" + namespace_;
        target += fmt::format("/{}/{}?fieldManager={}&force=true", served.plural, name, field_manager_);
        http_request request;
        request.method = "PATCH";
        request.target = std::move(target);
        request.headers.emplace_back("Content-Type", "application/apply-patch+yaml");
        request.body = boost::json::serialize(d.object);
        co_await api_.raw(std::move(request));
    }

private:
    static std::string group_path(const std::string& api_version) {
        return api_version.find('/') == std::string::npos ? "/api/" + api_version : "/apis/" + api_version;
    }

    task<served_kind> find(std::string api_version, std::string kind) {
        if (!groups_.contains(api_version)) {
            http_request request;
            request.target = group_path(api_version);
            std::string body;
            try {
                body = co_await api_.raw(std::move(request));
            } catch (const api_error& e) {
                if (e.code() != errc::not_found)
                    throw;
                body = "{}";
            }
            auto& kinds = groups_[api_version];
            const json::value parsed = boost::json::parse(body);
            if (const auto* resources = parsed.as_object().if_contains("resources"))
                for (const json::value& r : resources->as_array())
                    if (const std::string plural = text_of(r.as_object(), "name");
                        plural.find('/') == std::string::npos)
                        kinds[text_of(r.as_object(), "kind")] = {plural, r.at("namespaced").as_bool()};
        }
        const auto& kinds = groups_.at(api_version);
        const auto found = kinds.find(kind);
        if (found == kinds.end())
            throw api_error(errc::not_found,
                            fmt::format("the API server does not serve kind {} of {}; apply its "
                                        "CustomResourceDefinition, or correct apiVersion and kind",
                                        kind, api_version));
        co_return found->second;
    }

    client api_;
    std::string field_manager_;
    std::map<std::string, std::map<std::string, served_kind>> groups_;
};

task<void> apply_in_order(std::shared_ptr<transport> network, std::vector<document> documents,
                          std::string field_manager, std::vector<std::string>& errors) {
    applier a(client(std::move(network)), std::move(field_manager));
    for (const document& d : documents) {
        try {
            co_await a.apply(d);
        } catch (const std::exception& e) {
            errors.push_back(fmt::format("{}: {}", d.origin, e.what()));
        }
    }
}

} // namespace

loaded_files read_files(const std::vector<std::string>& paths) {
    loaded_files files;
    for (const std::string& path : paths)
        for (const std::string& file : expand(path, files.errors))
            read_file(file, files);
    return files;
}

std::vector<document> in_order_of_need(std::vector<document> documents) {
    std::stable_sort(documents.begin(), documents.end(),
                     [](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return documents;
}

std::vector<std::string> apply_documents(const cluster_config& config, const std::vector<document>& documents,
                                         std::string field_manager) {
    std::vector<document> ordered = in_order_of_need(documents);
    const std::shared_ptr<transport> network = make_http_transport(config);
    std::vector<std::string> errors;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, apply_in_order(network, std::move(ordered), std::move(field_manager), errors),
                          [](std::exception_ptr e) {
                              if (e)
                                  std::rethrow_exception(e);
                          });
    loop.run();
    return errors;
}

} // namespace gwctl::tools
