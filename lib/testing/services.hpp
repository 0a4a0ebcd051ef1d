// What the server gives to Services: cluster addresses, families and node ports.
#pragma once

#include "status.hpp"
#include "storage.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace gwctl::testing::detail {

/// Cluster addresses and node ports given out, kept up by watching Services change. Deterministic. The lower
/// parts of the ranges are left to those who ask for an address or a port of their own.
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
    std::uint32_t address_ = 0x100;
    std::int64_t port_ = 30086;
};

/// Adopts what the server gave out before, settles the families, and allocates. `before` is null for a new
/// Service. Throws `status_error` (422) when what is asked for cannot be had. A dry run is shown the address
/// of the network.
void allocate_for_service(json::object& object, const json::object* before, service_allocator& allocator,
                          bool dry_run);

/// On an update, drops what a change of type has made meaningless and the writer left alone.
void drop_stale_service_fields(json::object& object, const json::object& before);

/// Drops from a Service to be stored what reads of its type do not show.
void hide_unread_service_fields(json::object& object);

/// What is said about a Service although it is accepted.
std::vector<std::string> service_warnings(const json::object& object);

void check_service(const json::object& object, const json::object* before, field_errors& errors);
void check_service_status(const json::object& object, field_errors& errors);
/// Addresses and families that contradict each other: before anything is allocated, and again afterwards.
void check_service_families(const json::object& object, field_errors& errors);

} // namespace gwctl::testing::detail
