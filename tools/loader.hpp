// Kubernetes YAML from files into an API server, over HTTP.
#pragma once

#include <gwctl/client/config.hpp>
#include <gwctl/json/value.hpp>

#include <string>
#include <vector>

namespace gwctl::tools {

struct document {
    std::string origin{}; ///< "manifests/gateway.yaml, document 2"
    json::value object{}; ///< an object
    std::size_t line = 0; ///< where the document begins in its file, counted from 1
};

struct loaded_files {
    std::vector<document> documents{};
    std::vector<std::string> errors{}; ///< one line each: what, where, what to do
};

/// Reads files, and the *.yaml, *.yml and *.json of directories (not of their subdirectories), in the order
/// of their names; "-" is standard input. `List` objects are taken apart. What cannot be read, be it a file
/// or an item of a list, does not stop the others.
loaded_files read_files(const std::vector<std::string>& paths);

/// In an order in which a server takes them: namespaces and CRDs first, else as they were.
std::vector<document> in_order_of_need(std::vector<document> documents);

/// Precondition: each document is an object. Applies the documents with server-side apply, as
/// `field_manager`: namespaces and CRDs first, else in order. Returns one line per document that the server
/// did not take; those do not stop the others.
std::vector<std::string> apply_documents(const cluster_config& config, const std::vector<document>& documents,
                                         std::string field_manager = "simulate");

} // namespace gwctl::tools
