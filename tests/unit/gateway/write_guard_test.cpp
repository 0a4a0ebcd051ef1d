// What becomes of writes that fail, for statuses and for what is remembered as written.
#include <gateway/write_guard.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using gwctl::gateway::detail::write_guard;

namespace {

const object_key web("default", "web");
const object_key other("default", "other");

void fail(write_guard& guard, errc code) {
    try {
        throw api_error(code, "PATCH it: no");
    } catch (const api_error& e) {
        guard.failed_for(web, e);
    }
}

} // namespace

TEST_CASE("a write that is refused is told of its Service, one that is tried again is not") {
    const errc code =
        GENERATE(errc::forbidden, errc::invalid, errc::conflict, errc::not_found, errc::service_unavailable);
    const bool is_refusal = code == errc::forbidden || code == errc::invalid;
    write_guard guard;
    CHECK(guard.is_clean());
    fail(guard, code);
    CHECK_FALSE(guard.is_clean());
    CHECK(guard.refusals().contains(web) == is_refusal);
    CHECK_THROWS_AS(guard.rethrow(), api_error);
    guard.hold_up(other); // by whatever it was
    CHECK(guard.refusals().contains(other) == is_refusal);
}

TEST_CASE("a write that another Service's port holds up is not done, and says why") {
    write_guard guard;
    guard.keep_ports("Service default/web: spec.ports is left as it is; end what changes it");
    CHECK(guard.is_clean()); // until one wants them
    guard.hold_up(other);
    CHECK_FALSE(guard.is_clean());
    CHECK(guard.refusals().at(other) == "Service default/other: spec.ports: another Service has to give up a "
                                        "port first: Service default/web: "
                                        "spec.ports is left as it is; end what changes it");
    CHECK_NOTHROW(guard.rethrow());
}
