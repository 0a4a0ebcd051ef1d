// Sources of which it cannot be told what they have, and what is said of those who wait for them.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/gateway/route_kind.hpp>
#include <gwctl/runtime/object_table.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::gateway::detail {

/// A source, or its part for one namespace, that is starting, denied or failing.
struct unknown_source {
    std::string name{}; ///< "tcproutes.gateway.networking.k8s.io of namespace red"
    store_state state = store_state::starting;
    std::string reason{}; ///< the last error, for people; may be empty
};

/// Of whom waits, such as "Gateway red/web": the source, why it cannot be told, and what to do.
std::string describe_wait(const std::string& who, const unknown_source& source);

/// What one decision reads. Keeps the first source of it that is unknown.
class reading {
public:
    /// Every namespace of the source.
    void all(const gwctl::detail::object_table& table);
    /// The same, but for namespaces that are denied, which count as if the controller were not to read them.
    void all_permitted(const gwctl::detail::object_table& table);
    /// One namespace. Of one that the source does not cover nothing is read.
    void of(const gwctl::detail::object_table& table, std::string_view namespace_);

    bool is_known() const noexcept { return !unknown_; }
    const std::optional<unknown_source>& unknown() const noexcept { return unknown_; }

private:
    void note(const gwctl::detail::object_table& table, std::size_t part);

    std::optional<unknown_source> unknown_{};
};

/// What Programmed says of an object that waits. One that is programmed stays so, and its message says what it waits
/// for; any other is False with `reason`. The generation that was seen stays that of the last decision.
void say_waiting(std::vector<Condition>& conditions, std::int64_t generation, const std::string& reason,
                 const std::string& message, wall_time now);

} // namespace gwctl::gateway::detail
