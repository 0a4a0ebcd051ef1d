/// Bearer tokens that are rotated under us.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/core/error.hpp>

#include <string>

namespace gwctl::detail {

/// A token, given or in a file that a kubelet or an agent rewrites.
class token_source {
public:
    /// Bound service account tokens live for an hour and are rewritten at 80 % of that; client-go re-reads
    /// them each minute.
    static constexpr std::chrono::seconds max_age{60};

    /// `file` wins over `text`, as in client-go. Neither: no token.
    token_source(std::string text, std::string file);

    /// Reads the file for the first time. Errors, unless there is a text to go on with: `errc::config` naming
    /// the file.
    result<void> load(steady_time now);

    /// The token for a request now. A file that is empty or unreadable leaves the token before.
    const std::string& current(steady_time now);
    /// The server refused `used`: whether there is another token to try.
    bool replaced(const std::string& used, steady_time now);

private:
    result<void> read(steady_time now);

    std::string token_;
    std::string file_;
    steady_time read_at_{};
    bool told_ = false; ///< that it cannot be read
};

} // namespace gwctl::detail
