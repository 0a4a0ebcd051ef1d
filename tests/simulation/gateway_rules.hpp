/// What must hold of Gateways at every version of every object.
#pragma once

#include <gwctl/testing/simulation.hpp>

#include <map>
#include <set>
#include <string>

namespace gwctl::tests {

/// Watches a simulation with the foundation of gateway_scenario.hpp. Must outlive its runs.
class gateway_rules {
public:
    explicit gateway_rules(testing::simulation& world);

    std::size_t late_writes() const { return late_writes_; }

private:
    void changed(const json::value* before, const json::value* after);
    void service_changed(const json::value* before, const json::value* after);
    void gateway_changed(const json::value* after);
    void slice_changed(const json::value* before, const json::value* after);
    void late(const testing::late_write& w);

    testing::simulation& world_;
    /// Of each Service that asks for an address: "10.0.0.1 TCP 80" each.
    std::map<std::string, std::set<std::string>> ports_;
    std::map<std::string, std::string> addresses_; ///< of each Gateway
    std::string steady_address_;
    bool steady_has_endpoints_ = false;
    std::size_t late_writes_ = 0;
};

} // namespace gwctl::tests
