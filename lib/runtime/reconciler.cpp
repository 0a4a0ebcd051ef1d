#include <gwctl/runtime/controller.hpp>

#include <algorithm>

namespace gwctl {

void object_log::write(log::level l, std::string_view message,
                       std::initializer_list<log::field> fields) const {
    if (!log::enabled(l))
        return;
    std::vector<log::field> all;
    all.reserve(fields.size() + 2);
    all.emplace_back("controller", controller_);
    all.emplace_back("object", object_);
    all.insert(all.end(), fields.begin(), fields.end());
    log::write(l, message, std::move(all));
}

void object_log::debug(std::string_view m, std::initializer_list<log::field> f) const {
    write(log::level::debug, m, f);
}
void object_log::info(std::string_view m, std::initializer_list<log::field> f) const {
    write(log::level::info, m, f);
}
void object_log::warn(std::string_view m, std::initializer_list<log::field> f) const {
    write(log::level::warn, m, f);
}
void object_log::error(std::string_view m, std::initializer_list<log::field> f) const {
    write(log::level::error, m, f);
}

namespace detail {

void unreachable_reconciler() {
    throw api_error(errc::precondition, "a reconciler was asked for a function that it does not have");
}

std::optional<object_key> owner_key(const ObjectMeta& object, const resource_type& owner) {
    const OwnerReference* r = controller_of(object);
    if (r == nullptr || r->kind != owner.kind)
        return std::nullopt;
    // The group decides; the version in a reference is whatever its writer used.
    const std::size_t slash = r->apiVersion.find('/');
    const std::string_view group =
        slash == std::string::npos ? std::string_view() : std::string_view(r->apiVersion).substr(0, slash);
    if (group != owner.group)
        return std::nullopt;
    return object_key(owner.namespaced ? object.namespace_ : std::string(), r->name);
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

} // namespace detail
} // namespace gwctl
