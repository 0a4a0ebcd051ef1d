#include "doctor.hpp"

#include "flags.hpp"

#include <gwctl/client/config.hpp>
#include <gwctl/client/timer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

namespace gwctl::tools {

int doctor(const flags& f) {
    cluster_config config = find_config(f.kubeconfig).value();
    const std::string own_namespace = config.namespace_;
    cluster_facts facts;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop,
                          read_facts(make_http_transport(std::move(config)), f.gateway, own_namespace,
                                     f.manager.leader_election.has_value()),
                          [&](std::exception_ptr failed, cluster_facts read) {
                              if (failed)
                                  std::rethrow_exception(failed);
                              facts = std::move(read);
                          });
    loop.run();
    const findings found = diagnose(facts, f.gateway, system_clock().wall_now());
    const std::string unchecked = describe_unchecked(facts);
    if (!unchecked.empty())
        fmt::print(stderr, "gateway-api-controller: {}\n", unchecked);
    for (const finding& one : found)
        fmt::print("{}: {}\n", one.is_error ? "error" : "warning", one.text);
    if (found.empty())
        fmt::print("no findings{}\n", unchecked.empty() ? "" : " in what this account may look at");
    return found.empty() ? 0 : 1;
}

} // namespace gwctl::tools
