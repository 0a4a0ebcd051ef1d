// One entry of a pool's comma list.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/ipam/address.hpp>

#include <string>
#include <string_view>

namespace gwctl::ipam::detail {

enum class entry_form { single, range, cidr };

struct entry {
    entry_form form = entry_form::single;
    // All that the text covers; what the form leaves out is still in it.
    address_range range{};
    int prefix_length = 0; // of a CIDR
    std::string warning{};
};

// Errors and warnings say what is wrong and what to write; the caller knows the key and the number of the
// entry.
result<entry> parse_entry(std::string_view text);

} // namespace gwctl::ipam::detail
