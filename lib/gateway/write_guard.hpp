// What became of the writes of one reconcile.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/core/error.hpp>

#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace gwctl::gateway::detail {

/// Lets every write run although some fail, and throws the first failure at the end.
class write_guard {
public:
    /// To be called from the handler of `e`.
    void failed(const api_error& e);
    /// The same for a write without which `service` does not serve as it should.
    void failed_for(const object_key& service, const api_error& e);
    /// A write that need not be tried again before something changes.
    void refuse(const object_key& service, const api_error& e, std::string_view remedy);
    /// A Service keeps its ports, though others are to have them, until something changes.
    void keep_ports(std::string why) { stuck_ = std::move(why); }
    /// A write that is not done, since another Service did not give up a port.
    void hold_up(const object_key& service);

    /// Why Services do not serve as they should, where trying again will not mend it.
    const std::map<object_key, std::string>& refusals() const { return refusals_; }
    /// The same of any other write; empty when there is none.
    const std::string& other_reason() const { return other_reason_; }
    /// Whether all writes were done.
    bool is_clean() const { return !first_ && refusals_.empty(); }
    void rethrow() const {
        if (first_)
            std::rethrow_exception(first_);
    }

private:
    void note_failure();

    std::exception_ptr first_{};
    std::map<object_key, std::string> refusals_{};
    std::string stuck_{};
    std::string other_reason_{};
};

} // namespace gwctl::gateway::detail
