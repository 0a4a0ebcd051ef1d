// What apply and apply_status send of an object: a choice of its members, made on the tables of its type.

#include <gwctl/client/apply_check.hpp>

#include <span>
#include <vector>

namespace gwctl::detail {
namespace {

using json::detail::member_info;
using json::detail::shape;
using json::detail::type_info;

/// A type like `whole`, with these members only.
type_info narrowed(const type_info& whole, std::span<const member_info> members) {
    type_info t = whole;
    t.members = members;
    return t;
}

std::string encoded(const type_info& type, const void* object) {
    std::string out;
    json::detail::append_encoded(type, object, out);
    return out;
}

std::string status_of(const type_info& kind, const void* object) {
    std::vector<member_info> status;
    for (const member_info& m : kind.members)
        if (m.name == "status")
            status.push_back(m);
    return encoded(narrowed(kind, status), object);
}

/// metadata with what names an object, and nothing that an author decides.
const type_info& naming_metadata() noexcept {
    static const std::vector<member_info> members = [] {
        std::vector<member_info> kept;
        for (const member_info& m : json::detail::type_of<ObjectMeta>().members)
            if (m.name == "name" || m.name == "namespace")
                kept.push_back(m);
        return kept;
    }();
    static const type_info info = narrowed(json::detail::type_of<ObjectMeta>(), members);
    return info;
}

} // namespace

std::string applied_json(const type_info& kind, const void* object, const void* untouched) {
    const bool reports = status_of(kind, object) != status_of(kind, untouched);
    std::vector<member_info> sent;
    for (const member_info& m : kind.members)
        if (reports || m.name != "status")
            sent.push_back(m);
    return encoded(narrowed(kind, sent), object);
}

std::string applied_status_json(const type_info& kind, const void* object) {
    std::vector<member_info> sent;
    for (const member_info& m : kind.members)
        if (m.name == "metadata") {
            sent.push_back(m);
            sent.back().type = &naming_metadata;
        } else if (m.name == "status") {
            sent.push_back(m);
        }
    return encoded(narrowed(kind, sent), object);
}

} // namespace gwctl::detail
