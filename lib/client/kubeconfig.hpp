/// Kubeconfig files as kubectl reads them.
#pragma once

#include <gwctl/client/config.hpp>

#include <functional>
#include <string>
#include <vector>

namespace gwctl::detail {

/// Reads the files as one: of each name and of current-context the first definition counts. Files that do not
/// exist are passed over if another one does, as kubectl does with $KUBECONFIG.
result<cluster_config> merge_kubeconfigs(const std::vector<std::string>& paths, const std::string& context);

/// The text of one kubeconfig that lies in `directory`, for tests without files.
result<cluster_config> parse_kubeconfig(const std::string& text, const std::string& origin,
                                        const std::string& directory, const std::string& context);

/// The value of an environment variable; empty where it is not set.
using environment = std::function<std::string(const std::string& name)>;
environment process_environment();

/// `root` stands before every path of the pod's file system.
result<cluster_config> in_cluster_config(const environment& env, const std::string& root);
result<cluster_config> find_config(const std::string& path, const std::string& context,
                                   const environment& env, const std::string& root);

} // namespace gwctl::detail
