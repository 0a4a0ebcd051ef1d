// What apply and apply_status put into their bodies, read as the API server reads them.

#include "client_fixture.hpp"

#include <gwctl/api/apps_v1.hpp>
#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/http_routes_v1.hpp>
#include <gwctl/api/listener_sets_v1.hpp>
#include <gwctl/api/routes_v1.hpp>

#include <boost/describe/enum.hpp>

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;

namespace {

enum class shade { light, dark };
BOOST_DESCRIBE_ENUM(shade, light, dark)

struct Lamp {
    struct Bulb {
        std::string socket;
        std::optional<std::int32_t> watts;
        std::optional<bool> dimmable;
        std::optional<shade> tint;
        std::vector<std::int32_t> hours; // elements are what the author put there
    };
    struct Spec {
        std::string colour;
        std::optional<double> height;
        std::vector<Bulb> bulbs;
        std::map<std::string, Bulb> spare;
        json::value raw;
    };
    struct Report {
        std::int32_t burning = 0;
        bool warm = false;
        shade tint = shade::light;
    };
    struct Status {
        std::int64_t observed = 0;
        std::vector<Report> rooms;
    };
    Lamp() = default;
    static constexpr resource_type type{"example.com", "v1", "Lamp", "lamps"};
    ObjectMeta metadata;
    Spec spec;
    Status status;
};
BOOST_DESCRIBE_STRUCT(Lamp::Bulb, (), (socket, watts, dimmable, tint, hours))
BOOST_DESCRIBE_STRUCT(Lamp::Spec, (), (colour, height, bulbs, spare, raw))
BOOST_DESCRIBE_STRUCT(Lamp::Report, (), (burning, warm, tint))
BOOST_DESCRIBE_STRUCT(Lamp::Status, (), (observed, rooms))
BOOST_DESCRIBE_STRUCT(Lamp, (), (metadata, spec, status))

/// A kind whose schema requires its numbers.
struct Scale {
    Scale() = default;
    static constexpr resource_type type{"example.com", "v1", "Scale", "scales"};
    static constexpr bool owns_all_fields = true;
    ObjectMeta metadata;
    std::int32_t weight = 0;
};
BOOST_DESCRIBE_STRUCT(Scale, (), (metadata, weight))

template <class T>
T named() {
    T object;
    object.metadata.namespace_ = "default";
    object.metadata.name = "desk";
    return object;
}

/// What the API server answers.
template <class T>
std::string shown() {
    return encode_object(named<T>());
}

/// The body without what every object has.
template <class T>
std::string applied(const T& object) {
    fixture f;
    f.will_answer(200, shown<T>());
    result_of(f, f.api.apply(object));
    return "{" + f.link->last.body.substr(f.link->last.body.find(R"("metadata")"));
}

constexpr const char* desk = R"({"metadata":{"name":"desk","namespace":"default"})";

} // namespace

TEST_CASE(
    "pitfall 43: apply sends what the author set, neither managedFields nor what the server filled in") {
    Lamp lamp = named<Lamp>();
    CHECK(applied(lamp) == std::string(desk) + "}");
    // What the server shows is more than what was applied: whoever sent it back would own it.
    const std::string shown_by_server =
        R"({"apiVersion":"example.com/v1","kind":"Lamp","metadata":{"name":"desk","namespace":"default",)"
        R"("managedFields":[{"manager":"other","operation":"Apply"}]},"spec":{}})";
    CHECK(applied(json::decode<Lamp>(shown_by_server).value()).find("managedFields") == std::string::npos);
    lamp.spec.colour = "blue";
    lamp.spec.bulbs.emplace_back().socket = "E27";
    lamp.spec.spare["left"].hours = {0};
    CHECK(applied(lamp) ==
          std::string(desk) +
              R"(,"spec":{"colour":"blue","bulbs":[{"socket":"E27"}],"spare":{"left":{"hours":[0]}}}})");
    lamp.spec = {};
    lamp.spec.height = 0;
    Lamp::Bulb& bulb = lamp.spec.bulbs.emplace_back();
    bulb.watts = 0;
    bulb.dimmable = false;
    bulb.tint = shade::light;
    CHECK(applied(lamp) ==
          std::string(desk) +
              R"(,"spec":{"height":0,"bulbs":[{"watts":0,"dimmable":false,"tint":"light"}]}})");
}

TEST_CASE("apply sends a status in which something was set, and then whole") {
    Lamp lamp = named<Lamp>();
    lamp.status.rooms.emplace_back();
    CHECK(applied(lamp) ==
          std::string(desk) +
              R"(,"status":{"observed":0,"rooms":[{"burning":0,"warm":false,"tint":"light"}]}})");
}

TEST_CASE("apply of a kind that owns all its fields sends them") {
    CHECK(applied(named<Scale>()) == std::string(desk) + R"(,"weight":0})");
}

TEST_CASE(
    "pitfall 43: a status is applied by itself: name, namespace and status, zeros included, nothing else") {
    Lamp lamp = named<Lamp>();
    lamp.metadata.labels["a"] = "b";
    lamp.metadata.uid = "u";
    lamp.metadata.resourceVersion = "7";
    lamp.metadata.generation = 2;
    lamp.spec.colour = "blue";
    fixture f;
    f.will_answer(200, shown<Lamp>());
    result_of(f, f.api.apply_status(lamp));
    CHECK(f.sent() ==
          "PATCH /apis/example.com/v1/namespaces/default/lamps/desk/status?fieldManager=test&force=true");
    CHECK(f.link->last.body ==
          R"({"apiVersion":"example.com/v1","kind":"Lamp",)"
          R"("metadata":{"name":"desk","namespace":"default"},"status":{"observed":0}})");
}

namespace {

/// Every plain number, boolean, enum and scalar of a type, outside of metadata and status, by its path.
void collect(const json::detail::type_info& type, const std::string& path, bool plain,
             std::set<std::string>& into) {
    using json::detail::shape;
    switch (type.what) {
    case shape::string:
    case shape::any:
        return;
    case shape::optional:
    case shape::array:
    case shape::map:
        return collect(type.element(), path, false, into);
    case shape::object:
        for (const auto& m : type.members)
            if (!path.empty() || (m.name != "metadata" && m.name != "status"))
                collect(m.type(), path + "." + std::string(m.name), true, into);
        return;
    default:
        if (plain)
            into.insert(path);
    }
}

template <class T>
void collect_kind(std::set<std::string>& into) {
    std::set<std::string> found;
    collect(json::detail::type_of<T>(), {}, false, found);
    for (const std::string& path : found)
        into.insert(std::string(T::type.kind) + path);
    CHECK(found.empty() != json::detail::OwnsAllFields<T>);
}

} // namespace

TEST_CASE("the plain members of bundled kinds are those that the schemas require") {
    std::set<std::string> found;
    collect_kind<core_v1::ConfigMap>(found);
    collect_kind<core_v1::Namespace>(found);
    collect_kind<core_v1::Service>(found);
    collect_kind<core_v1::Event>(found);
    collect_kind<apps_v1::Deployment>(found);
    collect_kind<coordination_v1::Lease>(found);
    collect_kind<discovery_v1::EndpointSlice>(found);
    collect_kind<gateway_v1::GatewayClass>(found);
    collect_kind<gateway_v1::Gateway>(found);
    collect_kind<gateway_v1::ListenerSet>(found);
    collect_kind<gateway_v1::TCPRoute>(found);
    collect_kind<gateway_v1::UDPRoute>(found);
    collect_kind<gateway_v1::ReferenceGrant>(found);
    collect_kind<gateway_v1::HTTPRoute>(found);
    // ServicePort.port and ContainerPort.containerPort of Kubernetes' OpenAPI documents, and `port` of listeners in
    // the Gateway API's CRDs, all of them in the `required` of their objects.
    CHECK(found == std::set<std::string>{"Deployment.spec.template.spec.containers.ports.containerPort",
                                         "Gateway.spec.listeners.port", "ListenerSet.spec.listeners.port",
                                         "Service.spec.ports.port"});
}
