// The command line of gateway-api-controller.
#pragma once

#include <gwctl/gateway/options.hpp>
#include <gwctl/runtime/manager.hpp>

#include <string>
#include <vector>

namespace gwctl::tools {

enum class command { run, simulate, doctor };
enum class output { tree, yaml, json };

struct flags {
    command what = command::run;
    std::string kubeconfig{};
    manager_options manager{};
    gateway::options gateway{};
    // simulate
    std::vector<std::string> files{};
    output format = output::tree;
    bool pools_given = false; ///< -ipam-configmap was on the command line
};

/// Reads the flags, with one dash or two as Go's do, and configures the log. Ends the program after -help
/// and
/// -version (exit code 0) and after what it cannot read (2), saying which flag and what was expected.
flags parse_flags(int argc, char** argv);

/// Leader election in the namespace of the config, by the Lease that the Go controller uses too.
leader_election_options leader_lease(std::string namespace_);

} // namespace gwctl::tools
