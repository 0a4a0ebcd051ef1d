#include <gwctl/testing/mishap.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

namespace gwctl::testing {

const std::vector<mishap_kind>& all_mishaps() {
    static const std::vector<mishap_kind> all{
        mishap_kind::slow_network,   mishap_kind::broken_connections, mishap_kind::half_open,
        mishap_kind::server_restart, mishap_kind::server_error,       mishap_kind::strange_answer,
        mishap_kind::cut_body,       mishap_kind::late_write,         mishap_kind::crash,
        mishap_kind::pause,          mishap_kind::lease_deletion,     mishap_kind::compaction};
    return all;
}

std::string_view to_string(mishap_kind kind) noexcept {
    constexpr std::array<std::string_view, 12> names{
        "slow network",   "broken connections", "half-open watches", "server restart", "server error",
        "strange answer", "cut body",           "late write",        "crash",          "pause",
        "Lease deletion", "compaction"};
    return names.at(static_cast<std::size_t>(kind));
}

std::vector<mishap> draw_mishaps(std::uint64_t seed, std::size_t count, std::chrono::milliseconds during,
                                 const std::vector<mishap_kind>& kinds) {
    std::mt19937_64 random(seed ^ 0x6d697368617073U); // not the numbers that the simulation itself draws
    std::vector<mishap> all(count);
    for (mishap& m : all) {
        m.kind = kinds[random() % kinds.size()];
        m.at = std::chrono::milliseconds(
            random() % static_cast<std::uint64_t>(std::max<std::int64_t>(during.count(), 1)));
        m.replica = static_cast<unsigned>(random() % 16);
        m.dice = static_cast<std::uint32_t>(random());
    }
    std::sort(all.begin(), all.end(), [](const mishap& a, const mishap& b) { return a.at < b.at; });
    return all;
}

std::string describe(const mishap& m) {
    return fmt::format("at {:.3f} s: {}, replica {}, dice {}", std::chrono::duration<double>(m.at).count(),
                       to_string(m.kind), static_cast<char>('a' + m.replica % 26), m.dice);
}

} // namespace gwctl::testing
