#include "table.hpp"

#include "json_util.hpp"
#include "jsonpath.hpp"

#include <gwctl/core/time.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

std::string text_of(const json::value& v) { return v.is_string() ? str(v.get_string()) : canonical(v); }

json::value cell(const json::value& object, const column& c, wall_time now) {
    const auto found = evaluate_json_path(object, c.json_path);
    if (found.empty())
        return json::value();
    if (c.type == "date")
        return json::value(age_of(found[0], now));
    if (c.type == "integer" || c.type == "number" || c.type == "boolean")
        return *found[0];
    std::string out;
    for (const auto* v : found)
        out += (out.empty() ? "" : ",") + text_of(*v);
    return json::value(out);
}

} // namespace

std::string human_duration(std::chrono::seconds d) {
    const auto s = d.count();
    if (s < -1)
        return "<invalid>";
    if (s < 0)
        return "0s";
    if (s < 120)
        return fmt::format("{}s", s);
    const auto m = s / 60;
    if (m < 10)
        return s % 60 ? fmt::format("{}m{}s", m, s % 60) : fmt::format("{}m", m);
    if (m < 180)
        return fmt::format("{}m", m);
    const auto h = s / 3600;
    if (h < 8)
        return m % 60 ? fmt::format("{}h{}m", h, m % 60) : fmt::format("{}h", h);
    if (h < 48)
        return fmt::format("{}h", h);
    if (h < 192)
        return h % 24 ? fmt::format("{}d{}h", h / 24, h % 24) : fmt::format("{}d", h / 24);
    if (h < 24 * 365 * 2)
        return fmt::format("{}d", h / 24);
    const auto days = h / 24;
    if (days < 365 * 8)
        return days % 365 ? fmt::format("{}y{}d", days / 365, days % 365) : fmt::format("{}y", days / 365);
    return fmt::format("{}y", days / 365);
}

std::string age_of(const json::value* timestamp, wall_time now) {
    if (timestamp == nullptr || !timestamp->is_string())
        return "<unknown>";
    const auto t = parse_time(str(timestamp->get_string()));
    if (t.has_error())
        return "<unknown>";
    return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *t));
}

json::object make_partial(const stored& s) {
    json::object out;
    out["kind"] = "PartialObjectMetadata";
    out["apiVersion"] = "meta.k8s.io/v1";
    out["metadata"] = s.object().at("metadata");
    return out;
}

json::object make_table(const cluster& c, const kind_info& kind, std::string_view version,
                        const std::vector<stored_ptr>& objects, std::string_view include_object,
                        bool with_columns) {
    std::vector<column> columns;
    if (kind.custom) {
        columns.push_back({"Name", ".metadata.name", "string", 0});
        for (const auto& extra : kind.version(version)->columns)
            columns.push_back(extra);
    } else {
        columns = builtin_columns(kind);
    }
    json::object table;
    table["kind"] = "Table";
    table["apiVersion"] = "meta.k8s.io/v1";
    json::object metadata;
    metadata["resourceVersion"] =
        objects.size() == 1 ? std::to_string(objects[0]->version()) : std::to_string(c.objects().version());
    table["metadata"] = std::move(metadata);
    json::array definitions;
    if (with_columns)
        for (const auto& col : columns) {
            json::object d;
            d["name"] = col.name;
            d["type"] = col.type;
            d["format"] = col.name == "Name" ? "name" : "";
            d["description"] = col.name == "Name" ? "Name must be unique within a namespace." : "";
            d["priority"] = col.priority;
            definitions.push_back(std::move(d));
        }
    table["columnDefinitions"] = with_columns ? json::value(std::move(definitions)) : json::value();
    json::array rows;
    for (const auto& s : objects) {
        json::object row;
        if (kind.custom) {
            json::array cells;
            const json::value object(s->object());
            for (const auto& col : columns)
                cells.push_back(cell(object, col, c.now()));
            row["cells"] = std::move(cells);
        } else {
            row["cells"] = builtin_cells(kind, s->object(), c.now());
        }
        if (include_object == "Object")
            row["object"] = c.view(kind, version, *s);
        else if (include_object != "None")
            row["object"] = make_partial(*s);
        else
            row["object"] = nullptr;
        rows.push_back(std::move(row));
    }
    table["rows"] = std::move(rows);
    return table;
}

} // namespace gwctl::testing::detail
