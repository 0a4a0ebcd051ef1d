/// What `/healthz`, `/livez` and `/readyz` answer.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace gwctl {

/// Named checks, each in order or with a problem, `without_secrets` of their texts. Thread safe.
///
/// The manager serves them: `/readyz` all that `set_ready` was told, `/healthz` and `/livez`, which are the same, all
/// that `set_live` was told. 200 with "ok" means in order, 503 that a check failed, and names it. With `?verbose` every
/// check is named; `?exclude=NAME`, any number of times, leaves checks out. `/readyz/NAME` is one check: 200, 500 with
/// its problem, or 404 where there is none of that name.
class health {
public:
    using names = std::set<std::string, std::less<>>;

    /// An empty `problem` means: in order. A `remark` is shown with a check that is in order.
    void set_live(std::string_view check, std::string problem);
    void set_ready(std::string_view check, std::string problem, std::string remark = {});

    struct answer {
        bool ok = true;
        bool remarks = false; ///< somebody should know of something, though all is in order
        /// One line per check as in Kubernetes' own: "[+]name ok", "[+]name ok: remark", "[+]name excluded: ok",
        /// "[-]name failed: problem"; and one for names that were to be excluded and are not there.
        std::string verbose{};
    };
    /// All checks but those of these names.
    answer live(const names& excluded = {}) const;
    answer ready(const names& excluded = {}) const;

    /// The problem of one check, empty when it is in order; nothing when there is no check of that name.
    std::optional<std::string> live_problem(std::string_view check) const;
    std::optional<std::string> ready_problem(std::string_view check) const;

private:
    struct check_state {
        std::string problem{};
        std::string remark{};
    };
    using checks = std::map<std::string, check_state, std::less<>>;
    static answer ask(const checks& all, const names& excluded);
    static std::optional<std::string> problem_of(const checks& all, std::string_view check);
    mutable std::mutex mutex_;
    checks live_;
    checks ready_;
};

} // namespace gwctl
