#include "write_guard.hpp"

#include <fmt/format.h>

namespace gwctl::gateway::detail {
namespace {

bool is_refusal(const api_error& e) {
    return !is_transient(e.code()) && e.code() != errc::conflict && e.code() != errc::not_found;
}

} // namespace

void write_guard::note_failure() {
    if (!first_)
        first_ = std::current_exception();
}

void write_guard::failed(const api_error& e) {
    note_failure();
    if (other_reason_.empty() && is_refusal(e))
        other_reason_ = e.what();
}

void write_guard::failed_for(const object_key& service, const api_error& e) {
    note_failure();
    if (is_refusal(e))
        refuse(service, e, "change what it names, such as a quota or an admission policy");
}

void write_guard::refuse(const object_key& service, const api_error& e, std::string_view remedy) {
    refusals_.try_emplace(
        service, fmt::format("Service {}: the API server refuses what the Gateway needs of it: {}; {}",
                             to_string(service), e.what(), remedy));
}

void write_guard::hold_up(const object_key& service) {
    if (stuck_.empty() && refusals_.empty())
        return; // whoever has the port failed in a way that is tried again
    refusals_.try_emplace(
        service, fmt::format("Service {}: spec.ports: another Service has to give up a port first: {}",
                             to_string(service), stuck_.empty() ? refusals_.begin()->second : stuck_));
}

} // namespace gwctl::gateway::detail
