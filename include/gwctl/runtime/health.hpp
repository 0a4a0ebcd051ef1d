/// What `/healthz` and `/readyz` answer.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace gwctl {

/// Named checks, each in order or with a problem. Thread safe.
class health {
public:
    /// An empty `problem` means: in order.
    void set_live(std::string_view check, std::string problem);
    void set_ready(std::string_view check, std::string problem);

    struct answer {
        bool ok = true;
        /// One line per check as in Kubernetes' own: "[+]name ok", "[-]name failed: problem".
        std::string verbose{};
    };
    answer live() const;
    answer ready() const;

private:
    using checks = std::map<std::string, std::string, std::less<>>;
    static answer ask(const checks& all);
    mutable std::mutex mutex_;
    checks live_;
    checks ready_;
};

} // namespace gwctl
