// What was judged of Gateways.
#pragma once

#include <gwctl/gateway/parameters.hpp>
#include <gwctl/gateway/plan.hpp>

#include <map>

namespace gwctl::gateway::detail {

/// A Gateway with everything that attaches to it.
struct judged_gateway {
    gateway_settings settings{};
    snapshot state{};
    attachments attached{}; ///< refers to `state`
};

/// Keeps each until something that it depends on changes.
class judged_gateways {
public:
    /// Null when there is none for this very version of the Gateway.
    std::shared_ptr<const judged_gateway> find(const std::shared_ptr<const Gateway>& gateway) const {
        const auto found = all_.find(key_of(*gateway));
        const bool is_known =
            found != all_.end() && found->second.known && found->second.known->state.gateway == gateway;
        return is_known ? found->second.known : nullptr;
    }
    /// Whether somebody is judging it now.
    bool is_under_way(const object_key& gateway) const {
        const auto found = all_.find(gateway);
        return found != all_.end() && found->second.under_way > 0;
    }
    void erase(const object_key& gateway) {
        if (const auto found = all_.find(gateway); found != all_.end())
            forget(found);
    }
    void clear() {
        for (auto at = all_.begin(); at != all_.end();)
            at = forget(at);
    }

    /// A judgement under way, which may pause. What is erased meanwhile is not kept.
    class judgement {
    public:
        judgement(judged_gateways& all, object_key gateway)
            : all_(all), key_(std::move(gateway)), version_(all_.all_[key_].version) {
            ++all_.all_[key_].under_way;
        }
        ~judgement() {
            const auto its = all_.all_.find(key_);
            if (--its->second.under_way == 0 && !its->second.known)
                all_.all_.erase(its);
        }
        judgement(const judgement&) = delete;
        judgement& operator=(const judgement&) = delete;

        void keep(std::shared_ptr<const judged_gateway> judged) {
            if (entry& its = all_.all_[key_]; its.version == version_)
                its.known = std::move(judged);
        }

    private:
        judged_gateways& all_;
        object_key key_;
        std::uint64_t version_;
    };

private:
    struct entry {
        std::shared_ptr<const judged_gateway> known{};
        std::uint64_t version = 0; ///< counts what was erased during a judgement
        unsigned under_way = 0;
    };
    using entries = std::map<object_key, entry>;

    entries::iterator forget(entries::iterator at) {
        if (at->second.under_way == 0)
            return all_.erase(at);
        ++at->second.version;
        at->second.known = nullptr;
        return std::next(at);
    }

    entries all_;
};

} // namespace gwctl::gateway::detail
