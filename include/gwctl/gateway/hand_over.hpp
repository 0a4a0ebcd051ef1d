/// The order in which Services are written, so that ports change hands and are never in two.
#pragma once

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/snapshot.hpp>

#include <set>

namespace gwctl::gateway {

/// What a Service of type LoadBalancer asks an announcer for.
struct port_claim {
    std::string address{};
    std::string protocol{};
    std::int32_t port = 0;
    friend auto operator<=>(const port_claim&, const port_claim&) = default;
};
using port_claims = std::set<port_claim>;

/// By its spec and the annotations that announcers read; none when the address is left to the announcer.
port_claims claims_of(const core_v1::Service& service);
port_claims claims_of(const std::vector<std::string>& addresses,
                      const std::vector<core_v1::ServicePort>& ports);

/// Whether two Services that ask for these would ask for the same.
bool meet(const port_claims& a, const port_claims& b);

/// One write of a Service.
struct service_write {
    enum class verb {
        give_back, ///< a merge patch
        remove,
        apply,
        borrow, ///< a merge patch
    };
    verb what = verb::apply;
    object_key key{};
    core_v1::Service applied{};
    std::string patch{};
    /// What the Service asks for then. A Service that finalizers keep asks for its ports until they are gone,
    /// so `remove` of one changes nothing.
    port_claims after{};

    // Set by `order_writes`.
    port_claims takes{};    ///< claims that the Service did not have before
    port_claims releases{}; ///< claims that it has no more
};

/// Puts the writes into an order in which no two Services ever ask for the same: what gives a port up comes
/// before what takes it. Where Services want each other's ports, one is first written without them: a Service
/// of ours with fewer ports, or as one that asks for nothing; a borrowed one is given back, to be borrowed
/// again by the next plan. `live`: every Service that may ask for the addresses now.
struct ordered_writes {
    std::vector<service_write> writes{};
    /// What cannot be written, or not whole, since a Service that is not going to be written asks for the
    /// same: which one, and what for.
    struct obstacle {
        object_key wanted_by{};
        object_key held_by{};
        port_claims claims{};
        bool is_leaving = false; ///< `held_by` is being deleted, and its finalizers keep it
    };
    std::vector<obstacle> obstacles{};
};
ordered_writes order_writes(std::vector<service_write> writes,
                            const std::vector<std::shared_ptr<const core_v1::Service>>& live, const names& n,
                            const cluster_view& cluster);

/// Which writes must not be tried because one before failed, and with it the release of a port.
class hand_over {
public:
    bool may(const service_write& w) const;
    void failed(const service_write& w);

private:
    port_claims stuck_;
};

} // namespace gwctl::gateway
