// What is said of objects that somebody else changed, and of what would be written if we might.
#include <gwctl/core/log.hpp>
#include <gwctl/json/yaml.hpp>

#include <gateway/change_log.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::detail;
using namespace std::chrono_literals;

namespace {

json::value yaml(std::string_view text) { return json::parse_yaml(text, "test").value().at(0); }

std::vector<std::string> would(std::string_view verb, std::string_view live, std::string_view patch) {
    std::vector<std::string> lines;
    add_would(lines, verb, "TCPRoute default/web", patch_differences(yaml(live), yaml(patch)));
    return lines;
}

using lines = std::vector<std::string>;

drift drift_of(std::vector<std::string> paths) {
    drift d;
    d.type = core_v1::Service::type;
    d.key = {"default", "web-l4"};
    for (std::string& path : paths)
        d.fields.push_back({std::move(path), "1", "2"});
    return d;
}

std::vector<std::string> numbered(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i)
        all.push_back("delete Service default/" + std::to_string(i));
    return all;
}

/// A change log, and what it logs.
struct observed {
    observed() {
        log::configure({.minimum = log::level::info});
        log::redirect([this](const log::record& r) {
            std::string line(r.message);
            for (const log::field& f : r.fields)
                line += " " + f.key + "=" + f.value;
            logged.push_back(line);
        });
    }
    ~observed() {
        log::redirect({});
        log::configure({});
    }
    observed(const observed&) = delete;
    observed& operator=(const observed&) = delete;

    lines would(const std::string& id, std::vector<std::string> changes) {
        logged.clear();
        changed.would(object_log("gateway", "default/web"), id, std::move(changes));
        return logged;
    }
    bool counts(int pending) const {
        return counted.text().find("\ngwctl_pending_changes " + std::to_string(pending) + "\n") !=
               std::string::npos;
    }

    lines logged{};
    metrics counted{};
    change_log changed{counted};
};

} // namespace

TEST_CASE("what would be written is one line for each field, as it is and as it would be") {
    CHECK(would("patch", "{spec: {type: A, port: 1}}", "{spec: {type: B, port: null, ip: x}}") ==
          lines{R"(patch TCPRoute default/web: spec.type: "A" -> "B")",
                "patch TCPRoute default/web: spec.port: 1 -> nothing",
                R"(patch TCPRoute default/web: spec.ip: nothing -> "x")"});
    lines created;
    add_would(created, "create", "Service default/web", {});
    CHECK(created == lines{"create Service default/web"});
}

TEST_CASE("what would be written of a status leaves out times and generations, which change with the rest") {
    const char* live = R"({status: {conditions: [
        {type: Accepted, status: 'True', observedGeneration: 1, lastTransitionTime: a, reason: Accepted}]}})";
    CHECK(
        would("patch status of", live, R"({status: {conditions: [
        {type: Accepted, status: 'False', observedGeneration: 2, lastTransitionTime: b, reason: NoMatch},
        {type: ResolvedRefs, status: 'True', observedGeneration: 2, lastTransitionTime: b}]}})") ==
        lines{
            R"(patch status of TCPRoute default/web: status.conditions[Accepted].status: "True" -> "False")",
            R"(patch status of TCPRoute default/web: status.conditions[Accepted].reason: "Accepted" -> )"
            R"("NoMatch")",
            "patch status of TCPRoute default/web: status.conditions[ResolvedRefs]: nothing -> "
            R"({"type":"ResolvedRefs","status":"True"})"});
    CHECK(would("patch status of", live, R"({status: {conditions: [
        {type: Accepted, status: 'True', observedGeneration: 2, lastTransitionTime: a, reason: Accepted}]}})")
              .empty());
}

TEST_CASE("what would be written is logged once, and counted until it is less") {
    observed o;
    const lines first =
        o.would("Gateway default/web", {"delete Service default/a", "delete Service default/b"});
    CHECK(first ==
          lines{"would write controller=gateway object=default/web change=delete Service default/a",
                "would write controller=gateway object=default/web change=delete Service default/b"});
    CHECK(o.counts(2));
    CHECK(o.would("Gateway default/web", {"delete Service default/a", "delete Service default/b"}).empty());
    CHECK(o.would("TCPRoute default/web", {"delete Service default/a"}).size() == 1); // of another object
    CHECK(o.counts(3));
    CHECK(o.would("Gateway default/web", {"delete Service default/b", "delete Service default/c"}) ==
          lines{"would write controller=gateway object=default/web change=delete Service default/c"});
    CHECK(o.would("Gateway default/web", {}) ==
          lines{"nothing to write any more controller=gateway object=default/web"});
    CHECK(o.counts(1));
    o.changed.forget("TCPRoute default/web");
    CHECK(o.counts(0));
}

TEST_CASE("of many changes at once the first twenty are logged, and how many more there are") {
    observed o;
    const lines said = o.would("Gateway default/web", numbered(23));
    REQUIRE(said.size() == 21);
    CHECK(said[19] == "would write controller=gateway object=default/web change=delete Service default/19");
    CHECK(said[20] == "would write more controller=gateway object=default/web changes=3");
    CHECK(o.would("Gateway default/web", numbered(24)).size() == 1); // those that were not named are known
    CHECK(o.counts(24));
}

TEST_CASE("a drift says what was put back, who changed it, and what to do instead") {
    CHECK(describe_drift(drift_of({"spec.type", "spec.ports[tcp-80].port"}), "kubectl-edit") ==
          "Service default/web-l4: spec.type, spec.ports[tcp-80].port put back, changed by kubectl-edit; "
          "change the Gateway or its routes instead");
    CHECK(describe_drift(drift_of({"spec.type"}), "") ==
          "Service default/web-l4: spec.type put back; change the Gateway or its routes instead");
    CHECK(describe_drift(drift_of({}), "") ==
          "Service default/web-l4: made again, since it had been deleted; delete the Gateway instead");
    drift status = drift_of({"status.conditions[Accepted].status"});
    status.of_status = true;
    CHECK(describe_drift(status, "argocd") == "Service default/web-l4: status.conditions[Accepted].status "
                                              "put back, changed by argocd; leave status "
                                              "to this controller");
}

TEST_CASE("a repair that waits says for how many seconds, rounded up") {
    options o;
    o.controller_name = "example.com/l4";
    CHECK(describe_rest(std::nullopt, o).empty());
    CHECK(describe_rest(1001ms, o) ==
          "; it is changed again each time, so the next repair waits 2 s: end what changes it, such as a "
          "second controller of the name example.com/l4 with other flags");
}

TEST_CASE("who changed a field is who was last to own one like it, and not ourselves") {
    const json::value object = yaml(R"(
metadata:
  managedFields:
  - {manager: last, time: "2026-01-01T00:00:02Z", fieldsV1: {"f:spec": {"f:type": {}, "f:ports": {}}}}
  - {manager: first, time: "2026-01-01T00:00:01Z", fieldsV1: {"f:spec": {"f:type": {}}}}
  - {manager: elsewhere, time: "2026-01-01T00:00:03Z", fieldsV1: {"f:metadata": {"f:labels": {}}}}
  - {manager: us, time: "2026-01-01T00:00:04Z", fieldsV1: {"f:spec": {"f:type": {}}}}
)");
    CHECK(find_changer(object, drift_of({"spec.type"}), "us") == "last");
    CHECK(find_changer(object, drift_of({"spec.ports[tcp-80].port"}), "us") == "last");
    CHECK(find_changer(object, drift_of({"metadata.labels[a]", "spec.type"}), "us") == "elsewhere");
    CHECK(find_changer(object, drift_of({"endpoints[10.0.0.1]"}), "us").empty());
    CHECK(find_changer(json::value(), drift_of({"spec.type"}), "us").empty()); // it is gone
}

TEST_CASE("an object that is wrong was changed by somebody else when the same is wanted as before") {
    metrics counted;
    change_log changed(counted);
    applied_object o;
    o.type = core_v1::Service::type;
    o.key = {"default", "web-l4"};
    o.digest = "1";
    o.exists = true;
    o.is_written = true;
    const object_key gateway("default", "web");
    const auto drifts = [&] { return changed.find_drift(gateway, {o}).size(); };
    CHECK(drifts() == 0); // new to this process, and its digest is an older one or none
    o.has_digest = true;
    CHECK(drifts() == 1); // it says itself that the same was wanted
    o.has_digest.reset();
    changed.settled(gateway, {o});
    CHECK(drifts() == 1); // gone, or its digest with the rest
    o.digest = "2";
    CHECK(drifts() == 0); // the wish has changed
    o.is_written = false;
    changed.settled(gateway, {o}); // another Service has its port
    o.is_written = true;
    CHECK(drifts() == 0); // it is the first time that it can be written
    o.digest = "1";
    CHECK(drifts() == 1);
    o.is_written = false;
    CHECK(drifts() == 0); // nothing is put back
    o.is_written = true;
    changed.forget_objects_of(gateway);
    CHECK(drifts() == 0);
    o.has_digest = true;
    o.is_right = true;
    CHECK(drifts() == 0);
}
