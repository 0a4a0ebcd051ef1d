// What is wrong with an object, field by field.
#include <gwctl/gateway/differences.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <random>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::gateway;

namespace {

json::value yaml(std::string_view text) { return json::parse_yaml(text, "test").value().at(0); }

std::string paths(std::string_view live, std::string_view wanted) {
    return list_paths(differences(yaml(live), yaml(wanted)));
}

json::value random_value(std::mt19937& engine, int depth) {
    const auto roll = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine); };
    switch (depth == 0 ? roll(3) : roll(5)) {
    case 0:
        return roll(3);
    case 1:
        return roll(2) == 0 ? json::value("x") : json::value("y");
    case 2:
        return nullptr;
    case 3: {
        json::array list;
        for (int i = roll(3); i > 0; --i)
            list.push_back(
                roll(2) == 0
                    ? json::value{{"name", std::string(1, static_cast<char>('a' + roll(3)))}, {"v", roll(2)}}
                    : random_value(engine, depth - 1));
        return list;
    }
    default: {
        json::object o;
        for (int i = roll(4); i > 0; --i)
            o[std::string(1, static_cast<char>('a' + roll(4)))] = random_value(engine, depth - 1);
        return o;
    }
    }
}

} // namespace

TEST_CASE("differences name fields, entries of lists and keys of maps") {
    CHECK(paths("{spec: {type: A, more: 1}}", "{spec: {type: A}}").empty());
    CHECK(paths("{spec: {type: A}}", "{spec: {type: B}}") == "spec.type");
    CHECK(paths("{spec: {}}", "{spec: {type: B, ip: x}}") == "spec.type, spec.ip");
    CHECK(paths("{spec: {ports: [{name: a, port: 1}, {name: b, port: 2}]}}",
                "{spec: {ports: [{name: a, port: 1}, {name: b, port: 3}]}}") == "spec.ports[b].port");
    CHECK(paths("{spec: {ports: [{name: a}, {name: c}]}}", "{spec: {ports: [{name: a}, {name: b}]}}") ==
          "spec.ports[b], spec.ports[c]");
    CHECK(paths("{ports: [{name: b}, {name: a}]}", "{ports: [{name: a}, {name: b}]}") ==
          "ports"); // the order
    CHECK(paths("{metadata: {labels: {a: x}}}", "{metadata: {labels: {a: z, example.com/b: z}}}") ==
          "metadata.labels[a], metadata.labels[example.com/b]");
    CHECK(paths("{endpoints: [{addresses: [10.0.0.1]}]}", "{endpoints: [{addresses: [10.0.0.2]}]}") ==
          "endpoints[10.0.0.2], endpoints[10.0.0.1]");
    CHECK(paths("{conditions: [{type: A, status: 'True'}]}", "{conditions: [{type: A, status: 'False'}]}") ==
          "conditions[A].status");
    CHECK(paths("{l: [1, 2]}", "{l: [1, 3]}") == "l");
    CHECK(paths("{a: 1}", "{a: null}") == "a");
    CHECK(paths("{a: []}", "{a: null}").empty());
    CHECK(paths("{}", "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1}") == "a, b, c, d, e, f and 2 more");
}

TEST_CASE("a difference shows both values, shortened between characters") {
    const auto found = differences(yaml("{a: '1'}"), yaml("{a: " + std::string(1000, 'x') + "}"));
    REQUIRE(found.size() == 1);
    CHECK(found[0].live == "\"1\"");
    CHECK(found[0].wanted.size() <= 400);
    CHECK(found[0].wanted.ends_with("..."));
}

TEST_CASE("what a merge patch would change") {
    const json::value live =
        yaml("{metadata: {resourceVersion: '1', labels: {a: x}}, spec: {type: A, ports: [{name: a}]}}");
    const auto changed = [&](std::string_view patch) {
        return list_paths(patch_differences(live, yaml(patch)));
    };
    CHECK(changed("{metadata: {resourceVersion: '0'}}").empty());
    CHECK(changed("{metadata: {labels: {a: x, b: null}}, spec: {type: A}}").empty());
    CHECK(changed("{metadata: {labels: {a: null, b: z}}}") == "metadata.labels[a], metadata.labels[b]");
    CHECK(changed("{spec: {ports: [{name: a}, {name: b}]}}") == "spec.ports[b]");
    CHECK(changed("{spec: {type: B}}") == "spec.type");
}

TEST_CASE("what is new in a patch is shown part by part, and entries of a route's status by their parent") {
    const json::value patch = yaml(R"(
status:
  parents:
  - parentRef: {name: gw, sectionName: web}
    controllerName: example.com/l4
    conditions: [{type: Accepted, status: 'True', observedGeneration: 1, lastTransitionTime: now}]
)");
    const auto parts = patch_differences(yaml("{status: {}}"), patch);
    CHECK(list_paths(parts) ==
          "status.parents[gw/web].parentRef.name, status.parents[gw/web].parentRef.sectionName, "
          "status.parents[gw/web].controllerName, status.parents[gw/web].conditions[Accepted]");
    CHECK(parts.back().wanted == R"({"type":"Accepted","status":"True"})");
    const auto whole = differences(yaml("{status: {parents: []}}"), patch);
    CHECK(list_paths(whole) == "status.parents[gw/web]");
    CHECK(whole[0].wanted ==
          R"({"parentRef":{"name":"gw","sectionName":"web"},"controllerName":"example.com/l4",)"
          R"("conditions":[{"type":"Accepted","status":"True"}]})");
    const auto parent = [](std::string_view reference) {
        return paths("{parents: []}", "{parents: [{parentRef: " + std::string(reference) + "}]}");
    };
    CHECK(parent("{name: gw}") == "parents[gw]");
    CHECK(parent("{namespace: infra, name: gw, port: 80}") == "parents[infra/gw:80]");
    CHECK(parent("{kind: ListenerSet, name: more, sectionName: a}") == "parents[ListenerSet more/a]");
}

TEST_CASE("property: there are differences exactly where an object is not covered") {
    std::mt19937 engine(1);
    for (int i = 0; i < 20'000; ++i) {
        const json::value live = random_value(engine, 3);
        const json::value wanted = random_value(engine, 3);
        if (differences(live, wanted).empty() != covers(live, wanted))
            FAIL(live << " and " << wanted);
    }
}
