/// Who holds which address.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/ipam/address.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::ipam {

/// How an address came to its holder; earlier ones win over later ones.
enum class claim_kind {
    granted, ///< we gave it and the holder's status shows it: it is in use, and stays
    foreign, ///< in use by what we do not manage: another controller's Service, a Node
    pinned,  ///< the user named it, and we gave it
    dynamic, ///< we chose it
    wish,    ///< somebody else asks for it: it is not handed out, and nobody loses it
};

/// One fact: an address is in use by a holder. Wishes that were not granted are no claims.
struct claim {
    ip_address address{};
    /// Kind and name, as messages show it: "Gateway default/web". A Service of ours claims for its Gateway.
    std::string holder{};
    claim_kind kind = claim_kind::dynamic;
    /// Since when; the holder's creation time does.
    wall_time since{};

    friend bool operator==(const claim&, const claim&) = default;
};

/// True when `a` keeps the address that both claim: by kind, so that no one can take away by asking what
/// another has got; then the older one; then by holder, so that there is always one answer.
bool takes_precedence(const claim& a, const claim& b) noexcept;

/// An address with more than one holder, the rightful one first.
struct conflict {
    ip_address address{};
    std::vector<claim> claims{};
};

/// All claims, by address and by holder. Its contents depend on what was recorded, not in which order.
class ledger {
public:
    /// Records a claim; one holder has one claim on an address, the last recorded. True when nobody held the
    /// address.
    bool record(claim c);

    /// True when it was the last claim on the address.
    bool remove(std::string_view holder, const ip_address& address);

    /// The claim that has the address, or nullptr. Valid until the next change.
    const claim* holder_of(const ip_address& address) const;
    /// This holder's claim on the address, rightful or not, or nullptr.
    const claim* find(std::string_view holder, const ip_address& address) const;
    /// What a holder claims, in ascending order, rightful or not.
    std::vector<ip_address> addresses_of(std::string_view holder) const;

    /// The addresses in use of a range, ascending. O(log n), and as many as there are.
    std::vector<ip_address> held_in(const address_range& range) const;

    /// The addresses of all whose names begin so, each holder's ascending. O(log n), and as many as there are.
    std::vector<ip_address> addresses_of_all(std::string_view prefix) const;

    /// The number of addresses in use.
    std::size_t size() const noexcept { return by_address_.size(); }
    /// All claims in the order of their addresses, the rightful one of each first.
    std::vector<claim> claims() const;
    /// The addresses that several hold, ascending.
    std::vector<conflict> conflicts() const;

private:
    std::map<ip_address, std::vector<claim>> by_address_; // each sorted by precedence, never empty
    std::map<std::string, std::vector<ip_address>, std::less<>> by_holder_; // each sorted, never empty
};

} // namespace gwctl::ipam
