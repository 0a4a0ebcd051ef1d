/// Request targets with a query.
#pragma once

#include <string>
#include <string_view>

namespace gwctl::detail {

/// Appends "?name=value" or "&name=value" with both percent-encoded; nothing for an empty value.
class query {
public:
    explicit query(std::string path) : target_(std::move(path)) {}

    query& add(std::string_view name, std::string_view value);
    query& add_flag(std::string_view name, bool value) { return add(name, value ? "true" : ""); }
    std::string target() && { return std::move(target_); }

private:
    std::string target_;
    char separator_ = '?';
};

} // namespace gwctl::detail
