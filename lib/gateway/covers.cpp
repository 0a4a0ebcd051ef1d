#include <gwctl/gateway/differences.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace gwctl::gateway {
namespace {

/// API servers write empty lists as null, or not at all.
bool is_empty(const json::value& v) {
    return v.is_null() || (v.is_array() && v.get_array().empty()) ||
           (v.is_object() && v.get_object().empty());
}

const json::value& member_of(const json::value* object, std::string_view key) {
    static const json::value nothing;
    const auto* o = object == nullptr ? nullptr : object->if_object();
    const json::value* found = o == nullptr ? nullptr : o->if_contains(key);
    return found == nullptr ? nothing : *found;
}

/// Takes away what comes with every condition and says nothing of it.
void clear_times(json::value& v) {
    if (auto* list = v.if_array())
        for (json::value& entry : *list)
            clear_times(entry);
    auto* object = v.if_object();
    if (object == nullptr)
        return;
    for (const std::string_view key : {"lastTransitionTime", "observedGeneration"})
        object->erase(key);
    for (auto& member : *object)
        clear_times(member.value());
}

std::string text_of(json::value v) {
    constexpr std::size_t longest = 400;
    if (v.is_null())
        return {};
    clear_times(v);
    std::string text = boost::json::serialize(v);
    if (text.size() <= longest)
        return text;
    std::size_t end = longest - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end; // not within a UTF-8 character
    return text.substr(0, end) + "...";
}

std::string join(const std::string& path, std::string_view key) {
    if (path.empty())
        return std::string(key);
    // Keys of labels and annotations have dots of their own.
    if (key.find_first_of("./") != key.npos || path.ends_with("labels") || path.ends_with("annotations") ||
        path.ends_with("selector"))
        return fmt::format("{}[{}]", path, key);
    return fmt::format("{}.{}", path, key);
}

std::string string_member(const json::value& object, std::string_view key) {
    const auto* text = member_of(&object, key).if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

/// "demo-gateway/web", "infra/demo-gateway", "ListenerSet more/web:80".
std::string parent_name(const json::value& reference) {
    std::string text;
    if (const std::string kind = string_member(reference, "kind"); !kind.empty() && kind != "Gateway")
        text = kind + " ";
    if (const std::string namespace_ = string_member(reference, "namespace"); !namespace_.empty())
        text += namespace_ + "/";
    text += string_member(reference, "name");
    if (const std::string section = string_member(reference, "sectionName"); !section.empty())
        text += "/" + section;
    if (const json::value& port = member_of(&reference, "port"); !port.is_null())
        text += ":" + boost::json::serialize(port);
    return text;
}

/// What tells an entry of a list from the others; empty when nothing does.
std::string entry_name(const json::value& entry) {
    if (const json::value& parent = member_of(&entry, "parentRef"); parent.is_object())
        return parent_name(parent);
    for (const std::string_view key : {"name", "type", "ip", "value"})
        if (std::string text = string_member(entry, key); !text.empty())
            return text;
    if (const auto* addresses = member_of(&entry, "addresses").if_array();
        addresses != nullptr && !addresses->empty() && addresses->front().is_string())
        return std::string(addresses->front().get_string());
    return {};
}

bool has_parts(const json::value& entry) {
    const auto* o = entry.if_object();
    return o != nullptr && std::any_of(o->begin(), o->end(), [](const auto& member) {
               return member.value().is_array() || member.value().is_object();
           });
}

class comparison {
public:
    /// `in_parts`: what is new and has lists or objects in it is shown part by part, not as one field.
    explicit comparison(bool in_parts) : in_parts_(in_parts) {}

    void compare(const std::string& path, const json::value& live, const json::value& wanted) {
        if (covers(live, wanted))
            return;
        const auto* w = wanted.if_object();
        if (w != nullptr && !w->empty() && (live.is_object() || live.is_null())) {
            for (const auto& member : *w)
                compare(join(path, member.key()), member_of(&live, member.key()), member.value());
            return;
        }
        if (const auto* list = wanted.if_array()) {
            static const json::array nothing;
            const auto* before = in_parts_ && live.is_null() ? &nothing : live.if_array();
            if (before != nullptr && compare_lists(path, *before, *list))
                return;
        }
        found.push_back({path, text_of(live), text_of(wanted)});
    }

    std::vector<field_difference> found{};

private:
    /// By the names of the entries; false when they have none, or when only the order differs.
    bool compare_lists(const std::string& path, const json::array& live, const json::array& wanted) {
        const auto by_name = [](const json::array& list) {
            std::map<std::string, const json::value*> all;
            for (const json::value& entry : list)
                if (std::string name = entry_name(entry); name.empty() || !all.emplace(name, &entry).second)
                    return std::map<std::string, const json::value*>();
            return all;
        };
        const auto has = by_name(live);
        const auto needs = by_name(wanted);
        if (has.size() != live.size() || needs.size() != wanted.size())
            return false;
        const std::size_t before = found.size();
        for (const auto& [name, entry] : needs) {
            const auto other = has.find(name);
            const std::string at = fmt::format("{}[{}]", path, name);
            if (other != has.end())
                compare(at, *other->second, *entry);
            else if (in_parts_ && has_parts(*entry))
                compare(at, nullptr, *entry);
            else
                found.push_back({at, {}, text_of(*entry)});
        }
        for (const auto& [name, entry] : has)
            if (!needs.contains(name))
                found.push_back({fmt::format("{}[{}]", path, name), text_of(*entry), {}});
        return found.size() > before;
    }

    bool in_parts_;
};

void compare_patch(const std::string& path, const json::value& live, const json::value& patch,
                   std::vector<field_difference>& found) {
    if (path == "metadata.resourceVersion")
        return;
    if (const auto* p = patch.if_object()) {
        for (const auto& member : *p)
            compare_patch(join(path, member.key()), member_of(&live, member.key()), member.value(), found);
        return;
    }
    if (live == patch || (is_empty(live) && is_empty(patch)))
        return;
    comparison c(true);
    if (!patch.is_null())
        c.compare(path, live, patch);
    if (c.found.empty()) // only the order, or members that the patch takes away
        c.found.push_back({path, text_of(live), text_of(patch)});
    std::move(c.found.begin(), c.found.end(), std::back_inserter(found));
}

} // namespace

bool covers(const json::value& live, const json::value& wanted) {
    if (is_empty(wanted))
        return is_empty(live);
    if (const auto* w = wanted.if_object()) {
        const bool comparable = live.is_object() || live.is_null();
        return comparable && std::all_of(w->begin(), w->end(), [&](const auto& member) {
                   return covers(member_of(&live, member.key()), member.value());
               });
    }
    if (const auto* w = wanted.if_array()) {
        const auto* l = live.if_array();
        return l != nullptr &&
               std::equal(w->begin(), w->end(), l->begin(), l->end(),
                          [](const auto& mine, const auto& theirs) { return covers(theirs, mine); });
    }
    return live == wanted;
}

std::vector<field_difference> differences(const json::value& live, const json::value& wanted) {
    comparison c(false);
    c.compare({}, live, wanted);
    return std::move(c.found);
}

std::vector<field_difference> patch_differences(const json::value& live, const json::value& patch) {
    std::vector<field_difference> found;
    compare_patch({}, live, patch, found);
    return found;
}

std::string list_paths(const std::vector<field_difference>& fields) {
    constexpr std::size_t most = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, fields.size()); ++i)
        text += (i == 0 ? "" : ", ") + (fields[i].path.empty() ? std::string("everything") : fields[i].path);
    if (fields.size() > most)
        text += fmt::format(" and {} more", fields.size() - most);
    return text;
}

} // namespace gwctl::gateway
