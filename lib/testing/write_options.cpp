#include "write_options.hpp"

#include "bodies.hpp"
#include "go_values.hpp"
#include "json_util.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t longest_manager = 128;

// "kubectl/v1.32.4 (linux/amd64)" is the manager "kubectl".
std::string default_manager(std::string_view user_agent) {
    std::string name;
    for (char c : user_agent.substr(0, user_agent.find('/')))
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && name.size() < longest_manager)
            name += c;
    return name.empty() ? "unknown" : name;
}

void check_dry_run(const std::vector<std::string>& given, field_errors& errors) {
    json::array list;
    for (const auto& d : given)
        list.push_back(json::value(d));
    if (std::any_of(given.begin(), given.end(), [](const auto& d) { return d != "All"; }))
        errors.push_back(unsupported("dryRun", list, {"All"}));
}

void check_manager(const std::string& name, field_errors& errors) {
    if (name.size() > longest_manager)
        errors.push_back({"fieldManager", "FieldValueTooLong",
                          fmt::format("Too long: may not be more than {} bytes", longest_manager)});
    for (std::size_t i = 0; i < name.size(); ++i)
        if (static_cast<unsigned char>(name[i]) < 0x20 || name[i] == 0x7f) {
            errors.push_back(invalid_value("fieldManager", json::value(name),
                                           fmt::format("invalid character U+{:04X} (at position {})",
                                                       static_cast<unsigned char>(name[i]), i)));
            break;
        }
}

void check_patch_options(const http_request& r, const query& q, field_errors& errors) {
    const bool apply = media_type(r.content_type) == "application/apply-patch+yaml";
    if (apply && q.get("fieldManager").empty())
        errors.push_back(required("fieldManager", "is required for apply patch"));
    if (!apply && q.has("force"))
        errors.push_back(forbidden_field("force", "may not be specified for non-apply patch"));
}

json::value as_delete_options(const json::value& body) {
    if (!body.is_object())
        throw bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal it into Go value of type "
            "struct");
    const auto kind = string_at(body, {"kind"}), version = string_at(body, {"apiVersion"});
    if (!kind.empty() && kind != "DeleteOptions")
        throw bad_request(
            fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme", kind, version));
    auto read = body;
    go_findings found;
    decode_as_go(read, *builtin_schema("", "DeleteOptions"), "DeleteOptions", found);
    if (!found.wrong.empty())
        throw bad_request(found.wrong);
    return read;
}

} // namespace

write_request request_for(const http_request& r, const resource_path& p, const kind_ptr& kind,
                          const query& q) {
    write_request w;
    w.kind = kind;
    w.version = p.version;
    w.ns = p.ns;
    w.name = p.name;
    w.subresource = p.subresource;
    w.user_agent = r.user_agent;
    w.manager = q.get("fieldManager").empty() ? default_manager(r.user_agent) : q.get("fieldManager");
    const char* options = r.method == "POST"    ? "CreateOptions"
                          : r.method == "PUT"   ? "UpdateOptions"
                          : r.method == "PATCH" ? "PatchOptions"
                                                : "DeleteOptions";
    field_errors errors;
    const auto dry_run = q.all("dryRun");
    check_dry_run(dry_run, errors);
    w.dry_run = !dry_run.empty();
    const auto validation = q.get("fieldValidation");
    if (r.method != "DELETE") {
        check_manager(q.get("fieldManager"), errors);
        if (!validation.empty() && validation != "Strict" && validation != "Warn" && validation != "Ignore")
            errors.push_back(
                unsupported("fieldValidation", json::value(validation), {"", "Ignore", "Strict", "Warn"}));
    }
    if (r.method == "PATCH")
        check_patch_options(r, q, errors);
    if (!errors.empty())
        throw invalid("meta.k8s.io", options, "", errors);
    w.validation = validation == "Strict"   ? field_validation::strict
                   : validation == "Ignore" ? field_validation::ignore
                                            : field_validation::warn;
    return w;
}

delete_options delete_options_of(const http_request& r, const query& q) {
    delete_options o;
    std::vector<std::string> dry_run = q.all("dryRun");
    std::optional<bool> orphan;
    if (r.body.find_first_not_of(" \t\r\n") == std::string::npos) {
        o.propagation = q.get("propagationPolicy");
        if (q.has("orphanDependents"))
            orphan = q.flag("orphanDependents");
        q.number("gracePeriodSeconds");
    } else {
        const auto body = as_delete_options(parse_body(r, "v1", "DeleteOptions"));
        o.propagation = string_at(body, {"propagationPolicy"});
        if (const auto* v = find(body, {"preconditions", "uid"}))
            o.uid = str(v->as_string());
        if (const auto* v = find(body, {"preconditions", "resourceVersion"}))
            o.resource_version = str(v->as_string());
        if (const auto* v = find(body, {"orphanDependents"}))
            orphan = *v == json::value(true);
        dry_run.clear();
        for (const auto& d : array_at(body.get_object(), {"dryRun"}))
            dry_run.push_back(str(d.as_string()));
    }
    field_errors errors;
    if (!o.propagation.empty() && orphan)
        errors.push_back(invalid_value("propagationPolicy", json::value(o.propagation),
                                       "orphanDependents and deletionPropagation cannot be both set"));
    if (!o.propagation.empty() && o.propagation != "Background" && o.propagation != "Foreground" &&
        o.propagation != "Orphan")
        errors.push_back(unsupported("propagationPolicy", json::value(o.propagation),
                                     {"Foreground", "Background", "Orphan", "nil"}));
    check_dry_run(dry_run, errors);
    if (!errors.empty())
        throw invalid("meta.k8s.io", "DeleteOptions", "", errors);
    if (orphan)
        o.propagation = *orphan ? "Orphan" : "Background";
    o.dry_run = !dry_run.empty();
    return o;
}

} // namespace gwctl::testing::detail
