// Label and field selectors. An input is the text of a selector, or a LabelSelector as JSON.
#include "testing/selectors.hpp"

#include "fuzz.hpp"
#include "testing/names.hpp"

#include <gwctl/api/meta.hpp>
#include <gwctl/json/codec.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace gwctl;
using namespace gwctl::fuzz;
using testing::detail::field_selector;
using testing::detail::label_selector;
using testing::detail::status_error;

namespace {

using labels = std::map<std::string, std::string>;

json::object as_json(const labels& set) {
    json::object out;
    for (const auto& [key, value] : set)
        out[key] = value;
    return out;
}

/// Labels by which selectors with these keys and values can be told apart.
std::vector<labels> samples(const std::vector<std::string>& keys, const std::vector<std::string>& values) {
    std::vector<labels> out(1);
    for (const auto& value : values) {
        labels all;
        for (const auto& key : keys) {
            all[key] = value;
            out.push_back({{key, value}});
        }
        out.push_back(std::move(all));
    }
    return out;
}

/// What kubectl would be given for it; "" for what has no such form.
std::string printed(const LabelSelector& selector) {
    std::string out;
    const auto add = [&](const std::string& requirement) {
        out.append(out.empty() ? "" : ",").append(requirement);
    };
    const auto writable = [](const std::string& key, const std::vector<std::string>& values) {
        return testing::detail::check_qualified_name(key).empty() &&
               std::all_of(values.begin(), values.end(), [](const std::string& v) {
                   return testing::detail::check_label_value(v).empty();
               });
    };
    for (const auto& [key, value] : selector.matchLabels) {
        if (!writable(key, {value}))
            return "";
        add(key + "=" + value);
    }
    for (const auto& r : selector.matchExpressions) {
        if (!writable(r.key, r.values))
            return "";
        std::string list;
        for (const auto& v : r.values)
            list.append(list.empty() ? "" : ", ").append(v);
        if (r.operator_ == "Exists")
            add(r.key);
        else if (r.operator_ == "DoesNotExist")
            add("!" + r.key);
        else if ((r.operator_ == "In" || r.operator_ == "NotIn") && !r.values.empty() && r.values[0] != "")
            add(r.key + (r.operator_ == "In" ? " in (" : " notin (") + list + ")");
        else
            return "";
    }
    return out;
}

void check_selector(const LabelSelector& selector) {
    std::vector<std::string> keys, values{"", "other"};
    for (const auto& [key, value] : selector.matchLabels) {
        keys.push_back(key);
        values.push_back(value);
    }
    for (const auto& r : selector.matchExpressions) {
        keys.push_back(r.key);
        values.insert(values.end(), r.values.begin(), r.values.end());
    }
    if (keys.size() * values.size() > 1000)
        return;
    const auto served = label_selector::from_json(json::to_value(selector).as_object());
    const std::string line = printed(selector);
    const label_selector read(line);
    for (const auto& sample : samples(keys, values)) {
        const bool wanted = matches(selector, sample);
        require(served.matches(as_json(sample)) == wanted, "controller and server select the same",
                json::encode(selector));
        require(line.empty() || read.matches(as_json(sample)) == wanted,
                "a selector that is printed and read selects the same", line);
    }
}

void check_structured(std::string_view text) {
    const auto selector = json::decode<LabelSelector>(text);
    if (selector.has_error())
        return;
    const std::set<std::string_view> known{"In", "NotIn", "Exists", "DoesNotExist"};
    for (const auto& r : selector->matchExpressions)
        if (!known.contains(r.operator_))
            return; // refused before it is used
    check_selector(*selector);
    // Each requirement alone, since of several one hides the others.
    for (const auto& label : selector->matchLabels) {
        LabelSelector one;
        one.matchLabels.insert(label);
        check_selector(one);
    }
    for (const auto& r : selector->matchExpressions) {
        LabelSelector one;
        one.matchExpressions.push_back(r);
        check_selector(one);
    }
}

void check_labels(std::string_view text) {
    try {
        const label_selector selector(text);
        const label_selector spaced(" " + std::string(text) + " ");
        std::vector<std::string> words{"", "a", "1", "2"};
        for (std::string_view rest = text; !rest.empty() && words.size() < 12;) {
            const auto end = std::min(rest.find_first_of(" ,=!<>()"), rest.size());
            words.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        for (const auto& sample : samples(words, words))
            require(selector.matches(as_json(sample)) == spaced.matches(as_json(sample)),
                    "blanks around a selector mean nothing", text);
    } catch (const status_error& e) {
        require(e.code() == 400, "what is no selector is refused with 400", e.what());
    }
}

void check_fields(std::string_view text) {
    static const auto kinds = testing::detail::builtin_kinds();
    static const json::object sample = [] {
        json::object out, metadata;
        metadata["name"] = "a";
        metadata["namespace"] = 1;
        out["metadata"] = std::move(metadata);
        out["spec"] = nullptr;
        out["type"] = true;
        return out;
    }();
    try {
        (void)field_selector(text, kinds[seed_of(text) % kinds.size()]).matches(sample);
    } catch (const status_error& e) {
        require(e.code() == 400, "what is no selector is refused with 400", e.what());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const exact text(text_of(data, size));
    check_structured(text);
    check_labels(text);
    check_fields(text);
    return 0;
}
