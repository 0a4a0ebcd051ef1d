#include <gwctl/ipam/ledger.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace gwctl::ipam {
namespace {

auto held_by(std::string_view holder) {
    return [holder](const claim& c) { return c.holder == holder; };
}

} // namespace

bool takes_precedence(const claim& a, const claim& b) noexcept {
    return std::tuple(a.kind, a.since, std::string_view(a.holder)) <
           std::tuple(b.kind, b.since, std::string_view(b.holder));
}

bool ledger::record(claim c) {
    std::vector<claim>& claims = by_address_[c.address];
    const bool is_first = claims.empty();
    std::erase_if(claims, held_by(c.holder));
    std::vector<ip_address>& addresses = by_holder_[c.holder];
    const auto at = std::lower_bound(addresses.begin(), addresses.end(), c.address);
    if (at == addresses.end() || *at != c.address) {
        addresses.insert(at, c.address);
    }
    claims.insert(std::upper_bound(claims.begin(), claims.end(), c, takes_precedence), std::move(c));
    return is_first;
}

bool ledger::remove(std::string_view holder, const ip_address& address) {
    const auto it = by_address_.find(address);
    if (it == by_address_.end() || std::erase_if(it->second, held_by(holder)) == 0) {
        return false;
    }
    const auto owner = by_holder_.find(holder);
    std::erase(owner->second, address);
    if (owner->second.empty()) {
        by_holder_.erase(owner);
    }
    if (!it->second.empty()) {
        return false;
    }
    by_address_.erase(it);
    return true;
}

const claim* ledger::holder_of(const ip_address& address) const {
    const auto it = by_address_.find(address);
    return it == by_address_.end() ? nullptr : &it->second.front();
}

const claim* ledger::find(std::string_view holder, const ip_address& address) const {
    const auto it = by_address_.find(address);
    if (it == by_address_.end()) {
        return nullptr;
    }
    const auto c = std::find_if(it->second.begin(), it->second.end(), held_by(holder));
    return c == it->second.end() ? nullptr : &*c;
}

std::vector<ip_address> ledger::addresses_of(std::string_view holder) const {
    const auto it = by_holder_.find(holder);
    return it == by_holder_.end() ? std::vector<ip_address>() : it->second;
}

std::vector<ip_address> ledger::addresses_of_all(std::string_view prefix) const {
    std::vector<ip_address> all;
    for (auto it = by_holder_.lower_bound(prefix); it != by_holder_.end() && it->first.starts_with(prefix);
         ++it) {
        all.insert(all.end(), it->second.begin(), it->second.end());
    }
    return all;
}

std::vector<ip_address> ledger::held_in(const address_range& range) const {
    std::vector<ip_address> all;
    for (auto it = by_address_.lower_bound(range.first); it != by_address_.end() && it->first <= range.last;
         ++it) {
        all.push_back(it->first);
    }
    return all;
}

std::vector<claim> ledger::claims() const {
    std::vector<claim> all;
    for (const auto& [address, claims] : by_address_) {
        all.insert(all.end(), claims.begin(), claims.end());
    }
    return all;
}

std::vector<conflict> ledger::conflicts() const {
    std::vector<conflict> found;
    for (const auto& [address, claims] : by_address_) {
        if (claims.size() > 1) {
            found.push_back({address, claims});
        }
    }
    return found;
}

} // namespace gwctl::ipam
