#include <gwctl/gateway/client_address.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway {

verdict judge_client_address(const options& o, std::size_t services, const std::vector<merged_port>& merged) {
    if (!o.keep_client_address)
        return {};
    const announcer_profile& profile = profile_of(o.announced_by);
    const auto refuse = [](std::string message) {
        return verdict{false, "InvalidParameters", "externalTrafficPolicy: Local " + std::move(message)};
    };
    if (services > 1 && !profile.shares_when_local)
        return refuse(
            fmt::format("does not work for the {} Services of this Gateway: {} lets none of them share "
                        "an address under it; serve all listeners by behaviour merge, use one Gateway "
                        "for each Service, or use Cluster",
                        services, profile.title));
    const bool has_several_slices =
        merged.size() > 1 || std::any_of(merged.begin(), merged.end(), [](const auto& m) {
            return std::count_if(m.backends.begin(), m.backends.end(),
                                 [](const backend& b) { return b.usable(); }) > 1;
        });
    if (profile.one_slice_when_local && has_several_slices)
        return refuse(
            fmt::format("does not work for a Service with several EndpointSlices: {} would look at one of "
                        "them only; use one Gateway for each listener, with one backendRef, or use "
                        "Cluster",
                        profile.title));
    return {};
}

} // namespace gwctl::gateway
