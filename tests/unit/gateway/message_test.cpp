// Every message that says no names a field or an object, and what to do. The world of gateway_world.hpp holds
// that for every status and event of every test of this suite, and tests/embedded for those over HTTP; here
// is what counts as such a message.
#include <support/catch.hpp>
#include <support/messages.hpp>

using namespace gwctl;
using gwctl::tests::lacks;

TEST_CASE("a message that says no names a field, or an object, and a remedy") {
    CHECK(lacks("spec.listeners[0].port: expected a port between 1 and 65535, got 0; correct it") == "");
    CHECK(lacks("spec.parentRefs: Gateway default/web has no listener; add it") == "");
    CHECK(lacks("ConfigMap default/pools does not exist; create it") == "");
    CHECK(lacks("Service default/web waits for the load balancer; check that it is running") == "");
}

TEST_CASE("messages that leave one of the two out are found") {
    CHECK(lacks("It is not ready") == "a field or an object and a remedy");
    CHECK(lacks("listener a does not take TCPRoutes; refer to another") == "a field or an object");
    CHECK(lacks("spec.listeners[0].port: expected a port between 1 and 65535, got 0") == "a remedy");
    CHECK(lacks("Service default/web was moved; removed ports are gone") ==
          "a remedy"); // a verb alone is none
    CHECK(lacks("metadata.labels[x]: expected one of merge, create, update, got \"y\"") == "a remedy");
    CHECK(lacks("") == "a field or an object and a remedy");
}
