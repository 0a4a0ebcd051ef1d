#include "services.hpp"

#include <fmt/format.h>

namespace gwctl::benchmarks {
namespace {

constexpr const char* managed_fields =
    R"("managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"v1",)"
    R"("time":"2026-01-31T08:15:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},)"
    R"("f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},"f:app":{},)"
    R"("f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},"f:tier":{}}},"f:spec":{)"
    R"("f:internalTrafficPolicy":{},"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},)"
    R"("f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}},"k:{\"port\":443,\"protocol\":\"TCP\"}":)"
    R"({".":{},"f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:selector":{},)"
    R"("f:sessionAffinity":{},"f:type":{}}}}])";

std::string service(std::size_t i) {
    return fmt::format(
        R"({{"metadata":{{"name":"service-{0}","namespace":"team-{1}","uid":"6a0f3c1e-0000-4000-8000-{0:012}",)"
        R"("resourceVersion":"{2}","creationTimestamp":"2026-01-31T08:15:00Z","labels":{{"app":"app-{0}",)"
        R"("app.kubernetes.io/name":"app-{0}","app.kubernetes.io/part-of":"shop","tier":"backend"}},"annotations":)"
        R"({{"example.com/owner":"team-{1}@example.com","example.com/description":"Serves part {0} of the shop"}},{6})"
        R"(}},"spec":{{"ports":[{{"name":"http","protocol":"TCP","port":80,"targetPort":8080}},{{"name":"https",)"
        R"("protocol":"TCP","port":443,"targetPort":"tls"}}],"selector":{{"app":"app-{0}"}},"clusterIP":"10.{3}.{4}.{5}",)"
        R"("clusterIPs":["10.{3}.{4}.{5}"],"type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],)"
        R"("ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster"}},"status":{{"loadBalancer":{{}}}}}})",
        i, i % 100, 100000 + i, i >> 16, (i >> 8) & 255, i & 255, managed_fields);
}

} // namespace

std::string service_list(std::size_t count) {
    std::string list =
        R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"200000"},"items":[)";
    for (std::size_t i = 0; i < count; ++i)
        list.append(i == 0 ? "" : ",").append(service(i));
    return list + "]}";
}

} // namespace gwctl::benchmarks
