#include "selectors.hpp"

#include "json_util.hpp"
#include "names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace gwctl::testing::detail {

namespace {

std::string trim(std::string_view s) {
    while (!s.empty() && s.front() == ' ')
        s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ')
        s.remove_suffix(1);
    return std::string(s);
}

// Splits at commas outside parentheses.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    std::string at;
    int depth = 0;
    for (char c : text) {
        if (c == '(')
            ++depth;
        if (c == ')')
            --depth;
        if (c == ',' && depth == 0) {
            out.push_back(trim(at));
            at.clear();
        } else {
            at += c;
        }
    }
    out.push_back(trim(at));
    return out;
}

status_error unparsable(std::string_view why) {
    return bad_request(fmt::format("unable to parse requirement: {}", why));
}

void check_key(const std::string& key) {
    if (const auto found = check_qualified_name(key); !found.empty())
        throw unparsable(fmt::format("<nil>: Invalid value: \"{}\": {}", key, found[0]));
}

void check_value(const std::string& value) {
    if (const auto found = check_label_value(value); !found.empty())
        throw unparsable(fmt::format("<nil>: Invalid value: \"{}\": {}", value, found[0]));
}

const std::map<std::string, std::set<std::string>>& selectable_fields() {
    static const std::map<std::string, std::set<std::string>> fields = {
        {"events.events.k8s.io",
         {"regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
          "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type"}},
        {"pods",
         {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
          "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"}},
        {"events",
         {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
          "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
          "reportingComponent", "source", "type"}},
        {"secrets", {"type"}},
        {"services", {"spec.clusterIP", "spec.type"}},
        {"namespaces", {"status.phase", "name"}},
        {"nodes", {"spec.unschedulable"}},
        {"replicasets", {"status.replicas"}},
    };
    return fields;
}

} // namespace

label_selector::label_selector(std::string_view text) {
    if (trim(text).empty())
        return;
    for (const auto& part : split(text)) {
        requirement r;
        if (part.empty())
            throw unparsable("found ',', expected: identifier");
        const auto open = part.find('(');
        if (open != std::string::npos) {
            if (part.back() != ')')
                throw unparsable("expected: ')'");
            auto head = trim(part.substr(0, open));
            const auto space = head.rfind(' ');
            const auto word = space == std::string::npos ? std::string() : head.substr(space + 1);
            if (word != "in" && word != "notin")
                throw unparsable(fmt::format("found '{}', expected: in, notin", word));
            r.what = word == "in" ? op::in : op::not_in;
            r.key = trim(head.substr(0, space));
            for (const auto& v : split(part.substr(open + 1, part.size() - open - 2)))
                r.values.push_back(v);
        } else if (part[0] == '!') {
            r.what = op::absent;
            r.key = trim(part.substr(1));
        } else if (const auto at = part.find_first_of("=!<>"); at != std::string::npos) {
            r.key = trim(part.substr(0, at));
            auto rest = part.substr(at);
            if (rest.compare(0, 2, "!=") == 0 || rest.compare(0, 2, "==") == 0) {
                r.what = rest[0] == '!' ? op::not_in : op::in;
                rest = rest.substr(2);
            } else {
                if (rest[0] == '!')
                    throw unparsable("found '!', expected: !=");
                r.what = rest[0] == '>' ? op::greater : rest[0] == '<' ? op::less : op::in;
                rest = rest.substr(1);
            }
            r.values.push_back(trim(rest));
        } else {
            r.key = part;
        }
        check_key(r.key);
        for (const auto& v : r.values)
            check_value(v);
        requirements_.push_back(std::move(r));
    }
}

label_selector label_selector::from_json(const json::object& selector) {
    label_selector out;
    for (const auto& m : object_at(selector, {"matchLabels"}))
        if (m.value().is_string())
            out.requirements_.push_back({std::string(m.key()), op::in, {str(m.value().get_string())}});
    for (const auto& item : array_at(selector, {"matchExpressions"})) {
        requirement r;
        r.key = string_at(item, {"key"});
        const auto word = string_at(item, {"operator"});
        r.what = word == "In"             ? op::in
                 : word == "NotIn"        ? op::not_in
                 : word == "DoesNotExist" ? op::absent
                                          : op::exists;
        if (const auto* values = find(item, {"values"}); values && values->is_array())
            for (const auto& v : values->get_array())
                if (v.is_string())
                    r.values.push_back(str(v.get_string()));
        out.requirements_.push_back(std::move(r));
    }
    return out;
}

bool label_selector::matches(const json::object& labels) const {
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const requirement& r) {
        const auto* v = labels.if_contains(r.key);
        const bool there = v && v->is_string();
        const auto value = there ? str(v->get_string()) : std::string();
        const bool listed = there && std::find(r.values.begin(), r.values.end(), value) != r.values.end();
        switch (r.what) {
        case op::in:
            return listed;
        case op::not_in:
            return !listed;
        case op::exists:
            return there;
        case op::absent:
            return !there;
        case op::greater:
        case op::less: {
            if (!there || r.values.empty())
                return false;
            const auto a = std::strtoll(value.c_str(), nullptr, 10),
                       b = std::strtoll(r.values[0].c_str(), nullptr, 10);
            return r.what == op::greater ? a > b : a < b;
        }
        }
        return false;
    });
}

field_selector::field_selector(std::string_view text, const kind_info& kind) {
    if (trim(text).empty())
        return;
    for (const auto& part : split(text)) {
        const auto at = part.find_first_of("=!");
        if (at == std::string::npos || part.compare(at, 2, "!") == 0)
            throw bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
        term t;
        t.equal = part[at] != '!';
        const auto key = trim(part.substr(0, at));
        const auto sign = part.compare(at, 2, "==") == 0 || part[at] == '!' ? 2u : 1u;
        if (part[at] == '!' && part.compare(at, 2, "!=") != 0)
            throw bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
        t.value = trim(part.substr(at + sign));
        const auto it = selectable_fields().find(kind.group == "events.k8s.io" ? kind.key() : kind.plural);
        const bool known = key == "metadata.name" || (key == "metadata.namespace" && kind.namespaced) ||
                           (it != selectable_fields().end() && !kind.custom && it->second.contains(key));
        if (!known) {
            if (kind.custom || it != selectable_fields().end())
                throw bad_request(fmt::format("field label not supported: {}", key));
            throw bad_request(fmt::format("\"{}\" is not a known field selector: only \"metadata.name\", "
                                          "\"metadata.namespace\"",
                                          key));
        }
        std::string step;
        // Events are stored as those of core.
        const auto field = key == "name"                   ? std::string("metadata.name")
                           : key == "source"               ? "source.component"
                           : key == "reportingController"  ? "reportingComponent"
                           : key.starts_with("regarding.") ? "involvedObject" + key.substr(key.find('.'))
                                                           : key;
        for (char c : field) {
            if (c == '.') {
                t.path.push_back(step);
                step.clear();
            } else {
                step += c;
            }
        }
        t.path.push_back(step);
        terms_.push_back(std::move(t));
    }
}

bool field_selector::matches(const json::object& object) const {
    return std::all_of(terms_.begin(), terms_.end(), [&](const term& t) {
        const json::value* v = nullptr;
        const auto* o = &object;
        for (const auto& step : t.path) {
            v = o ? o->if_contains(step) : nullptr;
            o = v ? v->if_object() : nullptr;
        }
        std::string value;
        if (v && v->is_string())
            value = str(v->get_string());
        else if (v && (v->is_number() || v->is_bool()))
            value = canonical(*v);
        return (value == t.value) == t.equal;
    });
}

} // namespace gwctl::testing::detail
