#include "merged_patch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace gwctl::gateway::detail {
namespace {

void merge(boost::json::value& into, const boost::json::value& from) {
    if (!into.is_object() || !from.is_object()) {
        into = from;
        return;
    }
    for (const auto& [key, value] : from.get_object())
        merge(into.get_object()[key], value);
}

} // namespace

std::string merged_patch(const std::string& first, const std::string& second) {
    if (first.empty() || second.empty())
        return first + second;
    boost::json::value both = boost::json::parse(first);
    merge(both, boost::json::parse(second));
    return boost::json::serialize(both);
}

} // namespace gwctl::gateway::detail
