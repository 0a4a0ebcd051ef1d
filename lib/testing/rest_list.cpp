// Lists in pages, and watches.
#include "json_util.hpp"
#include "rest.hpp"
#include "table.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <charconv>

namespace gwctl::testing::detail {

namespace {

// How many unfinished paged lists stay readable.
constexpr std::size_t most_snapshots = 64;

constexpr const char* token_expired = "The provided continue parameter is too old to display a consistent "
                                      "list result. You must start a new list without "
                                      "the continue parameter.";

std::uint64_t parse_version(const std::string& text) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (!text.empty() && (error != std::errc() || end != text.data() + text.size()))
        throw bad_request(fmt::format("invalid resource version: resourceVersion: Invalid value: \"{0}\": "
                                      "strconv.ParseUint: parsing \"{0}\": invalid syntax",
                                      text));
    return n;
}

void refuse_if_any(const field_errors& errors) {
    if (!errors.empty())
        throw invalid("meta.k8s.io", "ListOptions", "", errors);
}

// How many items a list may have; 0 for any number. kube-apiserver's cache, of which resourceVersion 0 asks,
// knows no limit; Events have no cache (apiserver 1.36, cacher.go: computeListLimit; kubernetes,
// DefaultWatchCacheSizes).
std::size_t limit_of(const query& q, const kind_info& kind) {
    const auto limit = q.number("limit").value_or(0);
    const bool cached = kind.storage_key != "events";
    return limit < 0 || (cached && q.get("resourceVersion") == "0") ? 0 : static_cast<std::size_t>(limit);
}

// The options of lists and watches that contradict each other.
void check_options(const query& q, bool watch) {
    field_errors errors;
    const auto match = q.get("resourceVersionMatch");
    const auto forbid = [&](const char* field, const char* why) {
        errors.push_back(forbidden_field(field, why));
    };
    const bool initial = q.has("sendInitialEvents");
    const bool continued = !q.get("continue").empty();
    const auto version = q.get("resourceVersion");
    if (watch) {
        if (initial && match != "NotOlderThan")
            forbid("resourceVersionMatch",
                   "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (!match.empty() && !initial)
            forbid("resourceVersionMatch",
                   "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (!match.empty() && match != "NotOlderThan")
            errors.push_back(unsupported("resourceVersionMatch", json::value(match), {"NotOlderThan"}));
    } else if (!match.empty()) {
        if (version.empty())
            forbid("resourceVersionMatch",
                   "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (match != "Exact" && match != "NotOlderThan")
            errors.push_back(
                unsupported("resourceVersionMatch", json::value(match), {"Exact", "NotOlderThan", ""}));
        if (match == "Exact" && version == "0")
            forbid("resourceVersionMatch",
                   "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if (!match.empty() && continued)
        forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    if (initial && !watch)
        forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
    refuse_if_any(errors);
}

status_error too_new(std::uint64_t asked, std::uint64_t current) {
    json::object cause;
    cause["reason"] = "ResourceVersionTooLarge";
    cause["message"] = "Too large resource version";
    json::object details;
    details["causes"] = json::array({json::value(std::move(cause))});
    details["retryAfterSeconds"] = 1;
    status_error e(504, "Timeout", fmt::format("Too large resource version: {}, current: {}", asked, current),
                   std::move(details));
    e.retry_after = 1;
    return e;
}

// The index into a snapshot: "s<snapshot>.<offset>".
bool parse_token(const std::string& token, std::uint64_t& id, std::size_t& offset) {
    const auto dot = token.find('.');
    if (token.empty() || token[0] != 's' || dot == std::string::npos)
        return false;
    auto number = [&](std::size_t from, std::size_t to, auto& out) {
        const auto [end, error] = std::from_chars(token.data() + from, token.data() + to, out);
        return error == std::errc() && end == token.data() + to && from < to;
    };
    return number(1, dot, id) && number(dot + 1, token.size(), offset);
}

} // namespace

namespace {

void check_include_object(const std::string& policy) {
    if (!policy.empty() && policy != "Metadata" && policy != "Object" && policy != "None")
        throw bad_request(
            fmt::format("Unable to convert to Table as requested: includeObject: Invalid value: \"{}\": "
                        "must be 'Metadata', 'Object', 'None', or empty",
                        policy));
}

} // namespace

http_response rest::list(const http_request& r, const resource_path& p, const kind_ptr& kind,
                         const query& q) {
    const auto as = accepted_form(r.accept, kind->custom);
    q.number("timeoutSeconds");
    const auto limit = limit_of(q, *kind);
    const label_selector labels(q.get("labelSelector"));
    const auto token = q.get("continue");
    const auto match = q.get("resourceVersionMatch");
    check_options(q, false);
    const field_selector fields(q.get("fieldSelector"), *kind);
    const auto asked = parse_version(q.get("resourceVersion"));
    if (!token.empty() && asked != 0)
        throw bad_request("specifying resource version is not allowed when using continue");
    const bool exact = asked != 0 && (match == "Exact" || (match.empty() && limit > 0));

    std::vector<stored_ptr> all;
    auto version = cluster_.objects().version();
    std::size_t offset = 0;
    std::uint64_t id = 0;
    if (!token.empty()) {
        if (!parse_token(token, id, offset))
            throw bad_request("continue key is not valid: illegal base64 data");
        for (const auto& s : snapshots_)
            if (s.id == id) {
                all = s.objects;
                version = s.version;
            }
        if (all.empty() || offset >= all.size())
            throw expired(token_expired);
    } else {
        if (asked > version)
            throw too_new(asked, version);
        if (exact && asked < cluster_.objects().oldest())
            throw expired("The resourceVersion for the provided list is too old.");
        all = cluster_.objects().list(kind->storage_key, p.ns);
        if (exact && asked < version) {
            // Undo what happened since, newest first.
            std::map<std::string, stored_ptr> at;
            for (const auto& s : cluster_.objects().list(kind->storage_key, p.ns))
                at[s->namespace_name() + "/" + s->name()] = s;
            for (auto v = version; v > asked; --v) {
                const auto* c = cluster_.objects().at(v);
                if (c == nullptr)
                    throw expired("The resourceVersion for the provided list is too old.");
                if (c->kind != kind->storage_key || (!p.ns.empty() && c->now->namespace_name() != p.ns))
                    continue;
                const auto key = c->now->namespace_name() + "/" + c->now->name();
                if (c->before)
                    at[key] = c->before;
                else
                    at.erase(key);
            }
            all.clear();
            for (const auto& [key, s] : at)
                all.push_back(s);
            version = asked;
        }
    }

    // A page ends with as many as were asked for, even where no other follows that is selected.
    std::vector<stored_ptr> page;
    std::size_t end = offset;
    for (; end < all.size() && (limit == 0 || page.size() < limit); ++end)
        if (labels.matches(all[end]->labels()) && fields.matches(all[end]->object()))
            page.push_back(all[end]);
    std::string next;
    if (end < all.size()) {
        if (id == 0) {
            id = next_snapshot_++;
            snapshots_.push_back({id, version, all});
            if (snapshots_.size() > most_snapshots)
                snapshots_.pop_front();
        }
        next = fmt::format("s{}.{}", id, end);
    }
    json::object metadata;
    metadata["resourceVersion"] = std::to_string(version);
    // Lists of custom resources always have the field.
    if (!next.empty() || (kind->custom && as == form::object))
        metadata["continue"] = next;
    if (!next.empty()) {
        if (labels.empty() && fields.empty())
            metadata["remainingItemCount"] = all.size() - end;
    }
    if (as == form::table) {
        check_include_object(q.get("includeObject"));
        auto table = make_table(cluster_, *kind, p.version, page, q.get("includeObject"), true);
        table["metadata"] = std::move(metadata);
        return answer(200, table);
    }
    const bool partial = as == form::partial;
    if (partial && page.empty()) {
        json::object empty;
        empty["kind"] = "PartialObjectMetadataList";
        empty["apiVersion"] = "meta.k8s.io/v1";
        empty["metadata"] = std::move(metadata);
        empty["items"] = nullptr;
        return answer(200, empty);
    }
    http_response out;
    auto& body = out.body;
    body = fmt::format("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{},\"items\":[",
                       partial ? "PartialObjectMetadata" : kind->kind,
                       partial ? "meta.k8s.io/v1" : kind->api_version(p.version),
                       boost::json::serialize(metadata));
    std::size_t size = body.size() + 4;
    if (!partial)
        for (const auto& s : page)
            size += s->tail().size() + 80;
    body.reserve(size);
    for (const auto& s : page) {
        if (&s != &page.front())
            body += ',';
        body += partial ? boost::json::serialize(make_partial(*s)) : item(*kind, p.version, *s, true);
    }
    body += "]}\n";
    return out;
}

http_response rest::watch(const http_request& r, const resource_path& p, const kind_ptr& kind,
                          const query& q) {
    watch_start w;
    w.kind = kind;
    w.version = p.version;
    w.ns = p.ns;
    if (const auto t = q.number("timeoutSeconds"); t && *t > 0)
        w.timeout = std::chrono::seconds(*t);
    q.number("limit");
    w.labels = label_selector(q.get("labelSelector"));
    auto fields = q.get("fieldSelector");
    if (!p.name.empty())
        fields += (fields.empty() ? "metadata.name=" : ",metadata.name=") + p.name;
    w.as = accepted_form(r.accept, kind->custom);
    w.include_object = q.get("includeObject");
    w.bookmarks = q.flag("allowWatchBookmarks");
    const auto text = q.get("resourceVersion");
    check_options(q, true);
    w.fields = field_selector(fields, *kind);
    check_version(text);
    const auto asked = parse_version(text);
    const auto current = cluster_.objects().version();
    const bool initial = q.flag("sendInitialEvents");
    if (asked > current)
        throw too_new(asked, current);
    if (initial || (asked == 0 && !q.has("sendInitialEvents"))) {
        for (auto& s : cluster_.objects().list(kind->storage_key, p.ns))
            if (w.labels.matches(s->labels()) && w.fields.matches(s->object()))
                w.initial.push_back(std::move(s));
        w.from = current;
        w.mark_initial_end = w.bookmarks;
    } else {
        // From a version that is too old the stream has an error in it.
        w.from = asked == 0 ? current : asked;
    }
    http_response out;
    out.watch = std::move(w);
    return out;
}

std::string rest::frame(watch_start& w, std::string_view type, const stored& s) {
    std::string body;
    if (w.as == form::object) {
        body = item(*w.kind, w.version, s, false);
    } else if (w.as == form::partial) {
        body = boost::json::serialize(make_partial(s));
    } else {
        // The first table names the columns; the later ones do not repeat them.
        const bool first = !w.columns_sent;
        w.columns_sent = true;
        body = boost::json::serialize(make_table(
            cluster_, *w.kind, w.version, {std::make_shared<const stored>(s)}, w.include_object, first));
    }
    return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, body);
}

std::string rest::frame(watch_start& w, const change& c) {
    if (c.kind != w.kind->storage_key || (!w.ns.empty() && c.now->namespace_name() != w.ns))
        return {};
    auto seen = [&](const stored& s) { return w.labels.matches(s.labels()) && w.fields.matches(s.object()); };
    const bool before = c.before && seen(*c.before);
    const bool now = c.type != change_type::deleted && seen(*c.now);
    if (now)
        return frame(w, before ? "MODIFIED" : "ADDED", *c.now);
    if (!before)
        return {};
    if (c.type == change_type::deleted)
        return frame(w, "DELETED", *c.now);
    // It left the selection: its last selected state, at the version at which it left.
    auto last = c.before->object();
    last.at("metadata").as_object()["resourceVersion"] = std::to_string(c.version);
    return frame(w, "DELETED", stored(std::move(last), c.version));
}

std::string rest::bookmark(watch_start& w, std::uint64_t version, bool initial_end) {
    json::object metadata;
    metadata["resourceVersion"] = std::to_string(version);
    if (initial_end)
        make_object(metadata, "annotations")["k8s.io/initial-events-end"] = "true";
    json::object object;
    if (w.as == form::table) {
        // A table with a row for the object that the bookmark is.
        object["metadata"] = std::move(metadata);
        return frame(w, "BOOKMARK", stored(std::move(object), version));
    }
    object["kind"] = w.as == form::partial ? "PartialObjectMetadata" : w.kind->kind;
    object["apiVersion"] = w.as == form::object ? w.kind->api_version(w.version) : "meta.k8s.io/v1";
    object["metadata"] = std::move(metadata);
    return fmt::format("{{\"type\":\"BOOKMARK\",\"object\":{}}}\n", boost::json::serialize(object));
}

std::string rest::next_frames(watch_start& w, bool& end) {
    constexpr std::size_t batch = 256 * 1024;
    std::string out;
    const storage& objects = cluster_.objects();
    const bool served = cluster_.find_served(w.kind->group, w.version, w.kind->plural) != nullptr;
    for (; w.initial_sent < w.initial.size() && out.size() < batch; ++w.initial_sent)
        out += frame(w, "ADDED", *w.initial[w.initial_sent]);
    if (w.initial_sent < w.initial.size())
        return out;
    w.initial.clear();
    w.initial_sent = 0;
    if (w.mark_initial_end) {
        w.mark_initial_end = false;
        out += bookmark(w, w.from, true);
    }
    while (w.from < objects.version() && out.size() < batch) {
        const change* c = objects.at(w.from + 1);
        if (c == nullptr) {
            const auto gone =
                expired(fmt::format("too old resource version: {} ({})", w.from, objects.oldest()));
            out += error_frame(gone.status());
            end = true;
            break;
        }
        out += frame(w, *c);
        ++w.from;
    }
    if (!served && w.from == objects.version())
        end = true;
    return out;
}

std::string rest::error_frame(const json::object& status) {
    return fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", boost::json::serialize(status));
}

} // namespace gwctl::testing::detail
