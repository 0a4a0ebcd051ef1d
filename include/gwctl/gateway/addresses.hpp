/// Which addresses a Gateway has: the IPAM allocator, fed with what the cluster shows.
#pragma once

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/status.hpp>
#include <gwctl/ipam/allocator.hpp>

#include <map>
#include <set>
#include <utility>

namespace gwctl::gateway {

/// What a Gateway gets, and what is to be written on it before anything else uses the addresses.
struct assignment {
    addressing result{};
    /// A JSON merge patch for the Gateway with the record and `spec.addresses`; empty when both are so
    /// already.
    std::string record{};
    /// The Gateway gave up an address that it had.
    bool freed = false;
};

/// That of a Gateway which has no address and may not get one; see `may_get_address` in plan.hpp.
assignment no_assignment();

/// Keeps account of every address that a Gateway or a Service of the cluster holds, and assigns free ones.
///
/// An address is ours when our record on the Gateway says so: the label `ipam-address`, an annotation for
/// IPv6. Other values in `spec.addresses` are the user's wish. Whoever may edit a Gateway can forge a record,
/// so it is worth no more than a wish: its address must lie in a pool that the Gateway may draw from, or the
/// status must say that we granted it (`names::grant_record()`). That the status shows an address is not
/// enough: it may be the announcer's choice, or another controller's.
class address_book {
public:
    explicit address_book(const options& o) : options_(o), names_(o.controller_name) {}

    /// Takes over the pools; null: the ConfigMap does not exist. Returns what is wrong with them, one line
    /// each.
    std::vector<std::string> configure(const core_v1::ConfigMap* pools);
    /// The Gateways with an address that a pool gained or lost since this was last called: what is said of
    /// their grants may be another thing now.
    std::set<object_key> take_concerned() { return std::exchange(concerned_, {}); }

    using services = std::vector<std::shared_ptr<const core_v1::Service>>;

    struct known_gateway {
        std::shared_ptr<const Gateway> gateway{};
        bool ours = false;
        options settings{}; ///< what holds for this Gateway
    };
    /// Starts from everything there is. Nothing is assigned before. `is_complete`: false while some of it may be
    /// missing, which gives nobody what he does not have.
    void rebuild(const std::vector<known_gateway>& gateways, const services& all_services,
                 bool is_complete = true);

    // True when somebody else may now get an address that could not be had before.
    /// `carriers`: the Services that carry our annotation for the Gateway. They count by it as long as it has their
    /// addresses, and for themselves afterwards.
    bool observe(const Gateway& gateway, bool ours, const services& carriers);
    bool observe(const core_v1::Service& service);
    /// The Gateway is gone.
    void forget_gateway(const object_key& key, const services& carriers);
    void forget_service(const object_key& key);

    /// `settings` are what holds for this Gateway: its pools, and whether its announcer can be asked.
    /// Precondition: the Gateway's class is ours.
    assignment assign(const Gateway& gateway, const options& settings);
    /// Whether `assign` needs no address that the Gateway does not have already.
    bool has_all(const Gateway& gateway, const options& settings) const;

    const ipam::allocator& allocator() const noexcept { return allocator_; }

private:
    std::vector<ipam::claim> claims_of(const Gateway& gateway, bool ours) const;
    std::vector<ipam::claim> claims_of(const core_v1::Service& service) const;
    bool observe_all(const services& carriers, const std::vector<ipam::ip_address>& had);
    void note_asked(const core_v1::Service& service, const std::vector<ipam::claim>& claims);
    bool has_pools() const { return !options_.ipam_config.name.empty(); }
    void remember(const Gateway& gateway, bool ours);
    bool serves_gateway(const core_v1::Service& service, const std::string& address) const;
    bool holds(ipam::request request, const std::string& address);
    bool may_keep(const Gateway& gateway, const std::string& address) const;
    void describe_granted(const Gateway& gateway, const ipam::request& request, const options& settings,
                          addressing& result) const;
    std::vector<std::string> pin(const Gateway& gateway, const ipam::request& request,
                                 const options& settings, verdict& usable);
    assignment leave_to_announcer(const Gateway& gateway, const announcer_profile& profile);
    assignment choose(const Gateway& gateway, const options& settings);
    void release_unused(const Gateway& gateway, const std::vector<std::string>& used);
    verdict explain(const ipam::refusal& refusal, const ipam::request& asked, const std::string& path) const;
    std::string leaving_holder(const ipam::refusal& refusal, const ipam::request& asked) const;
    std::vector<ipam::ip_address> granted_before(const Gateway& gateway) const;
    std::vector<std::string> mistakes(const ipam::refusal& refusal) const;
    std::string recorded_address(const Gateway& gateway) const;
    std::string render_record(const Gateway& gateway, const std::string& allocated, bool is_replaced) const;

    options options_;
    names names_;
    ipam::allocator allocator_;
    std::map<std::string, std::set<std::string>> shown_; ///< what each Gateway of ours says it has
    // By `ipam::claim::holder` of Services:
    std::map<std::string, std::string> leaving_{}; ///< what to say while it is being deleted
    std::map<std::string, std::set<ipam::ip_address>>
        inherited_{}; ///< its Gateway lost it, and it asks for it
    /// What Services ask for and has no claim, by namespace and holder: Gateways beside them leave it to them.
    std::map<std::string, std::map<std::string, std::vector<ipam::ip_address>>> asked_{};
    bool configured_ = false;
    std::set<object_key> concerned_{};
};

} // namespace gwctl::gateway
