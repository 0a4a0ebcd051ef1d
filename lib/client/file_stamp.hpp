/// Noticing that a file was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace gwctl::detail {

/// What tells one content of a file from the next; that of a file that is not there is its own.
struct file_stamp {
    std::filesystem::file_time_type modified{};
    std::uintmax_t size = 0;

    static file_stamp of(const std::string& path) {
        std::error_code ignored;
        file_stamp s;
        s.modified = std::filesystem::last_write_time(path, ignored);
        s.size = std::filesystem::file_size(path, ignored);
        return s;
    }
    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

} // namespace gwctl::detail
