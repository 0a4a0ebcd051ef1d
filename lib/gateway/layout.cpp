#include "layout.hpp"

#include "endpoint_limit.hpp"

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using discovery_v1::EndpointSlice;

/// Slices that lose most of their endpoints are kept, since an endpoint that moves is written twice; with more slices
/// than this they are packed. It is more than the limit of endpoints needs: a slice for each port and family of 1,064
/// listeners, 1,000 for target ports and 300 full ones.
constexpr std::size_t most_loose_slices = 4000;

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 6 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

layout::layout(std::vector<slot> slots, std::set<std::size_t> taken, bool tightly)
    : slots_(std::move(slots)), taken_(std::move(taken)), tightly_(tightly) {
    if (tightly_)
        std::stable_sort(slots_.begin(), slots_.end(),
                         [](const slot& a, const slot& b) { return a.before.size() > b.before.size(); });
}

std::set<std::string_view> layout::addresses_before(std::int32_t target_port,
                                                    const std::string& owner) const {
    std::set<std::string_view> all;
    for (const slot& s : slots_)
        if (s.target_port == target_port && s.owner == owner)
            all.insert(s.before.begin(), s.before.end());
    return all;
}

std::size_t layout::places_before() const {
    std::size_t endpoints = 0;
    std::set<std::pair<std::int32_t, std::string_view>> groups;
    for (const slot& s : slots_)
        if (!s.before.empty()) {
            endpoints += s.before.size();
            groups.emplace(s.target_port, s.owner);
        }
    return places_for(endpoints, groups.size());
}

void layout::place(const endpoint_groups& groups, const std::vector<std::string>& owners) {
    for (std::size_t i = 0; i < groups.size(); ++i)
        keep(groups[i], owners[i]);
    for (std::size_t i = 0; i < groups.size(); ++i)
        fill(groups[i], owners[i]);
    if (tightly_ && slots_.size() > 1) {
        const auto is_empty = [&](const slot& s) { return s.group == nullptr && &s != &slots_.front(); };
        std::vector<slot> used;
        for (slot& s : slots_)
            if (!is_empty(s))
                used.push_back(std::move(s));
        slots_ = std::move(used);
    }
    for (slot& s : slots_)
        if (s.group == nullptr)
            s.owner.clear(); // it has nothing, so it is no one's
}

void layout::keep(const endpoint_group& g, const std::string& owner) {
    std::set<std::string_view>& placed = placed_[&g];
    std::size_t needed =
        tightly_ ? (g.endpoints.size() + endpoints_per_slice - 1) / endpoints_per_slice : slots_.size();
    for (slot& s : slots_) {
        if (s.group != nullptr || s.target_port != g.target_port || s.owner != owner || needed == 0)
            continue;
        s.group = &g;
        --needed;
        for (const std::string_view address : s.before)
            if (s.room() > 0 && g.find(address) != nullptr && placed.insert(address).second) {
                s.addresses.insert(address);
                ++s.kept;
            }
    }
}

void layout::fill(const endpoint_group& g, const std::string& owner) {
    const std::set<std::string_view>& placed = placed_[&g];
    std::vector<std::string_view> missing;
    for (const Endpoint* e : g.endpoints)
        if (!placed.contains(address_of(*e)))
            missing.push_back(address_of(*e));
    for (std::size_t i = 0; i < missing.size();) {
        slot& s = slot_for(g, owner, missing.size() - i);
        for (; i < missing.size() && s.room() > 0; ++i)
            s.addresses.insert(missing[i]);
    }
}

/// A slice with room: one that changes anyway, else the fullest that holds all `missing`, else the emptiest, else one
/// that is free or new.
slot& layout::slot_for(const endpoint_group& g, const std::string& owner, std::size_t missing) {
    slot* best = nullptr;
    const auto rank = [&](const slot& s) {
        const bool fits = s.room() >= missing;
        const std::size_t fullness = s.addresses.size();
        return std::tuple(s.is_written(), fits, fits ? fullness : s.room());
    };
    for (slot& s : slots_)
        if (s.group == &g && s.room() > 0 && (best == nullptr || rank(*best) < rank(s)))
            best = &s;
    if (best != nullptr)
        return *best;
    const auto unused =
        std::find_if(slots_.begin(), slots_.end(), [](const slot& s) { return s.group == nullptr; });
    slot& s = unused == slots_.end() ? add() : *unused;
    s.group = &g;
    s.target_port = g.target_port;
    s.owner = owner;
    return s;
}

slot& layout::add() {
    while (!taken_.insert(next_).second)
        ++next_;
    slots_.emplace_back().number = next_;
    return slots_.back();
}

existing_slices::existing_slices(const std::vector<std::shared_ptr<const EndpointSlice>>& live) {
    for (const auto& slice : live) {
        ++in_namespace_[slice->metadata.namespace_];
        const std::string_view name = slice->metadata.name;
        const std::size_t dash = name.rfind('-');
        if (dash == name.npos || !is_number(name.substr(dash + 1)))
            continue;
        const std::size_t number = std::stoul(std::string(name.substr(dash + 1)));
        by_prefix_[{slice->metadata.namespace_, name.substr(0, dash + 1)}].push_back({number, slice.get()});
    }
    for (auto& [prefix, numbers] : by_prefix_)
        std::stable_sort(numbers.begin(), numbers.end(),
                         [](const numbered& a, const numbered& b) { return a.number < b.number; });
}

layout existing_slices::slots_of(const std::string& namespace_, const std::string& prefix,
                                 std::string_view family, std::int32_t port, const names& n) const {
    std::vector<slot> slots;
    std::set<std::size_t> taken;
    if (const auto found = by_prefix_.find({namespace_, prefix}); found != by_prefix_.end())
        for (const auto& [number, old] : found->second) {
            const bool is_first = taken.insert(number).second;
            if (!is_first || old->addressType != family || old->ports.empty())
                continue;
            slot& s = slots.emplace_back();
            s.number = number;
            s.target_port = old->ports.front().port.value_or(port);
            if (const auto owner = old->metadata.annotations.find(n.backend());
                owner != old->metadata.annotations.end())
                s.owner = owner->second;
            if (old->endpoints)
                for (const Endpoint& e : *old->endpoints)
                    if (!e.addresses.empty())
                        s.before.insert(address_of(e));
        }
    if (slots.empty()) {
        slot& s = slots.emplace_back();
        while (!taken.insert(s.number).second)
            ++s.number;
        s.target_port = port;
    }
    const auto beside = in_namespace_.find(namespace_);
    const bool tightly = beside != in_namespace_.end() && beside->second > most_loose_slices;
    return {std::move(slots), std::move(taken), tightly};
}

} // namespace gwctl::gateway::detail
