#include "messages.hpp"

#include <fmt/format.h>

#include <regex>
#include <support/catch.hpp>

namespace gwctl::tests {
namespace {

// A field of the object that the condition is on, or an object by kind and name; the Gateway API's
// definitions are many, and named together.
const std::regex& where() {
    static const std::regex pattern(
        R"(\b(spec|status|metadata|data)[.\[]|externalTrafficPolicy|the Gateway API CRDs)"
        R"(|\b(Service|ConfigMap|Secret|Gateway|GatewayClass|ListenerSet|TCPRoute|UDPRoute) [a-z0-9.-]+(/[a-z0-9.-]+)?)");
    return pattern;
}

// A clause that begins with what to do; not one of a list of words, such as "one of merge, create".
const std::regex& what_to_do() {
    static const std::regex pattern(
        R"((^|[;:.] (or |and )?|, (or|and) )(add|allow|ask|attach|change|check|choose|correct|create|delete|give|label|leave|let|make|move|name|)"
        R"(raise|refer|remove|rename|scale|serve|set|shorten|use|wait|widen)\b)");
    return pattern;
}

bool says_no(const Condition& c) {
    if (c.message == "Waiting for controller")
        return false; // the CRD's default, before anyone looked at the object
    return c.type == "Conflicted" ? c.status == "True" : c.status != "True";
}

} // namespace

std::string lacks(const std::string& message) {
    std::string missing;
    if (!std::regex_search(message, where()))
        missing = "a field or an object";
    if (!std::regex_search(message, what_to_do()))
        missing += missing.empty() ? "a remedy" : " and a remedy";
    return missing;
}

void check_messages(const std::vector<Condition>& conditions) {
    for (const Condition& c : conditions) {
        if (!says_no(c))
            continue;
        INFO(fmt::format("{}={} {}: {}", c.type, c.status, c.reason, c.message));
        CHECK(lacks(c.message) == "");
    }
}

void check_message(const std::string& message) {
    INFO(message);
    CHECK(lacks(message) == "");
}

} // namespace gwctl::tests
