// What the API server fills in and what it refuses, kind by kind, beyond what schemas say.
#pragma once

#include "kinds.hpp"
#include "storage.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace gwctl::testing::detail {

/// Cluster addresses and node ports given out, kept up by watching Services change. Deterministic.
class service_allocator {
public:
    void observe(const change& c);

    /// 10.96.0.0/16, fd00:10:96::/112 for IPv6.
    std::string next_address(bool v6);
    /// 30000-32767; throws `status_error` when all are taken.
    std::int64_t next_port();
    bool taken(const std::string& address) const { return addresses_.contains(address); }
    bool taken(std::int64_t port) const { return ports_.contains(port); }

private:
    std::set<std::string> addresses_;
    std::multiset<std::int64_t> ports_;
    std::uint32_t address_ = 9;
    std::int64_t port_ = 30000;
};

/// Fills in what a kind's own logic sets. `before` is null for a new object.
void fill_in(const kind_info& kind, json::object& object, const json::object* before,
             service_allocator& allocator);

/// Everything wrong with the object; schemas have been checked before. `before` is null for a new object.
void check(const kind_info& kind, const json::object& object, const json::object* before,
           const service_allocator& allocator, field_errors& errors);

// Parts of the above.
void fill_in_service(json::object& object, const json::object* before, service_allocator& allocator);
void check_service(const json::object& object, const json::object* before, const service_allocator& allocator,
                   field_errors& errors);
void check_metadata(const kind_info& kind, const json::object& object, field_errors& errors);

/// RFC 1123 label: at most 63 of [a-z0-9-], no dash at the ends.
bool is_dns_label(std::string_view s);
/// RFC 1123 subdomain: labels joined by dots, at most 253.
bool is_dns_subdomain(std::string_view s);
/// RFC 1035 label: as `is_dns_label`, and starts with a letter.
bool is_dns1035_label(std::string_view s);
/// 4, 6, or 0 when `s` is no IP address.
int ip_family(const std::string& s);

} // namespace gwctl::testing::detail
