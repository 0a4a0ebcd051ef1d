// How a simulated process reaches the API server.
#pragma once

#include "simulated_network.hpp"

namespace gwctl::testing::detail {

/// A transport of one event loop of one process.
class simulated_link final : public transport {
public:
    simulated_link(simulated_network& network, std::shared_ptr<process> of, bool for_lease)
        : network_(network), process_(std::move(of)), for_lease_(for_lease) {}

    task<std::unique_ptr<gwctl::http_response>> send(gwctl::http_request request) override;
    std::string_view host() const noexcept override { return "simulated"; }

private:
    using connection = simulated_network::connection;
    using trick = simulated_network::trick;

    /// What the server answers, or what somebody has it seem to answer. Throws when no answer comes.
    /// `made`: gets the writes that the answer tells of.
    task<http_response> answer(gwctl::http_request request, std::optional<trick> t, steady_time sent,
                               std::vector<write_record>& made);

    simulated_network& network_;
    std::shared_ptr<process> process_;
    bool for_lease_;
};

} // namespace gwctl::testing::detail
