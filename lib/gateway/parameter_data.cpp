#include "parameter_data.hpp"

#include <gwctl/gateway/parameters.hpp>

namespace gwctl::gateway {
namespace {

using json::detail::shape;
using json::detail::type_info;

/// A value that is too long stays so.
bool assign(void* target, std::string_view text) {
    const std::string_view value = trimmed(text);
    std::string kept(value.substr(0, longest_parameter));
    if (value.size() > longest_parameter)
        kept += "...";
    *static_cast<std::string*>(target) = std::move(kept);
    return true;
}
bool refuse(void*, std::int64_t) { return false; }
void append(const void* source, std::string& out) {
    json::append_quoted(*static_cast<const std::string*>(source), out);
}

const type_info& value_info() noexcept {
    static constexpr type_info info{shape::scalar, {},      nullptr, nullptr,   nullptr,
                                    &assign,       &refuse, &append, "a string"};
    return info;
}

void* emplace(void* container, std::string_view key) {
    auto& data = *static_cast<parameter_data*>(container);
    if (is_parameter(key))
        return &data.values.try_emplace(std::string(key)).first->second;
    // In the order of keys, in which API servers write them, these are the ones that a message names.
    if (++data.unknown > most_parameter_mistakes)
        ++data.omitted;
    else
        data.values.try_emplace(std::string(key));
    return nullptr;
}

void visit(const void* container, void* context, json::detail::element_visitor f) {
    for (const auto& [key, value] : static_cast<const parameter_data*>(container)->values)
        f(context, key, &value);
}

} // namespace

std::string_view trimmed(std::string_view s) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = s.find_first_not_of(blanks);
    return first == s.npos ? std::string_view() : s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

parameter_map parameters_in(const core_v1::ConfigMap& map) {
    return json::decode<parameter_map>(json::encode(map)).value();
}

} // namespace gwctl::gateway

namespace gwctl::json::detail {

const type_info table<gateway::parameter_data>::info{
    shape::map, {}, &gateway::value_info, &gateway::emplace, &gateway::visit};

} // namespace gwctl::json::detail
