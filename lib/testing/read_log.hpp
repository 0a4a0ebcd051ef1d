// The newest reads that the embedded API server was asked for.
#pragma once

#include "request.hpp"

#include <gwctl/testing/read_record.hpp>

#include <cstddef>
#include <deque>
#include <vector>

namespace gwctl::testing::detail {

/// Forgets the oldest beyond `limit`.
class read_log {
public:
    explicit read_log(std::size_t limit) : limit_(limit) {}

    /// Nothing when the request is no read.
    void note(const http_request& r);
    std::vector<read_record> all() const { return {records_.begin(), records_.end()}; }

private:
    std::size_t limit_;
    std::deque<read_record> records_{};
};

} // namespace gwctl::testing::detail
