/// What `/healthz` and `/readyz` answer.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace gwctl {

/// Named checks, each in order or with a problem, `without_secrets` of their texts. Thread safe.
class health {
public:
    /// An empty `problem` means: in order. A `remark` is shown with a check that is in order.
    void set_live(std::string_view check, std::string problem);
    void set_ready(std::string_view check, std::string problem, std::string remark = {});

    struct answer {
        bool ok = true;
        bool remarks = false; ///< somebody should know of something, though all is in order
        /// One line per check as in Kubernetes' own: "[+]name ok", "[+]name ok: remark", "[-]name failed:
        /// problem".
        std::string verbose{};
    };
    answer live() const;
    answer ready() const;

private:
    struct check_state {
        std::string problem{};
        std::string remark{};
    };
    using checks = std::map<std::string, check_state, std::less<>>;
    static answer ask(const checks& all);
    mutable std::mutex mutex_;
    checks live_;
    checks ready_;
};

} // namespace gwctl
