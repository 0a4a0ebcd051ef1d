// What has to hold of the embedded API server whatever it was asked.
#pragma once

#include "fuzz.hpp"
#include "testing/json_util.hpp"
#include "testing/rest.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace gwctl::fuzz {

namespace server = testing::detail;
using server::string_at;

inline std::optional<json::value> read_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 1000;
    boost::system::error_code failed;
    auto v = boost::json::parse({text.data(), text.size()}, failed, {}, options);
    return failed ? std::nullopt : std::optional(std::move(v));
}

inline void check_answer(const server::http_request& r, const server::http_response& answer) {
    require(answer.code >= 200 && answer.code < 600, "an answer has a status of HTTP");
    for (const auto& [name, value] : answer.headers)
        require(value.find_first_of("\r\n") == std::string::npos, "a header is one line", name, value);
    if (answer.watch || !answer.content_type.starts_with("application/json"))
        return;
    const auto body = read_json(answer.body);
    require(body.has_value(), "an answer in JSON is JSON", r.method, r.target, answer.body);
    if (answer.code < 400)
        return;
    require(string_at(*body, {"kind"}) == "Status" && string_at(*body, {"status"}) == "Failure",
            "a refusal is a Status", answer.body);
    require(body->as_object().contains("code") && body->at("code") == answer.code,
            "a refusal's Status has its code", answer.body);
    // What nobody foresaw: rest.cpp makes this of any exception that is no refusal.
    const auto message = string_at(*body, {"message"});
    require(!message.starts_with("Internal error occurred: ") || message.ends_with("range is full"),
            "a request ends in an answer or a refusal", r.method, r.target, message);
}

inline void check_version(const server::http_request& r, const server::http_response& answer,
                          std::uint64_t before, std::uint64_t now) {
    require(before <= now, "versions of resources do not run backwards");
    const bool reads = r.method == "GET" || r.method == "HEAD";
    // A collection is deleted object by object.
    require(before == now || (!reads && (answer.code < 400 || r.method == "DELETE")),
            "reads and refused writes change nothing", r.method, r.target, answer.body);
}

inline void check_objects(const server::cluster& c) {
    std::set<std::string> uids, addresses, ports;
    for (const auto& kind : c.objects().kinds()) {
        std::string before;
        for (const auto& s : c.objects().list(kind, "")) {
            const json::object& object = s->object();
            const std::string name = kind + " " + s->namespace_name() + "/" + s->name();
            require(!s->name().empty() && string_at(object, {"metadata", "name"}) == s->name(),
                    "an object has a name", name);
            require(string_at(object, {"metadata", "namespace"}) == s->namespace_name(),
                    "an object is in its namespace", name);
            require(!s->uid().empty() && uids.insert(s->uid()).second, "no two objects have one uid", name);
            require(s->version() <= c.objects().version() &&
                        string_at(object, {"metadata", "resourceVersion"}) == std::to_string(s->version()),
                    "an object has its version", name);
            require(!string_at(object, {"metadata", "creationTimestamp"}).empty(),
                    "an object says when it was made", name);
            require(c.objects().find(kind, s->namespace_name(), s->name()) == s, "an object can be found",
                    name);
            require(s->namespace_name().empty() || c.objects().find("namespaces", "", s->namespace_name()),
                    "an object's namespace is there", name);
            if (kind != "services")
                continue;
            for (const auto& ip : server::array_at(s->object(), {"spec", "clusterIPs"}))
                require(ip.is_string() &&
                            (ip == "None" || addresses.insert(std::string(ip.get_string())).second),
                        "no two Services have one address", name, boost::json::serialize(object));
            for (const auto& port : server::array_at(s->object(), {"spec", "ports"})) {
                const auto* number = port.as_object().if_contains("nodePort");
                if (number != nullptr && *number != 0)
                    require(
                        ports.insert(string_at(port, {"protocol"}) + boost::json::serialize(*number)).second,
                        "no two Services have one node port", name);
            }
        }
    }
}

/// What has been stored since version `since` can be read, in each version and form.
inline void check_reads(const server::cluster& c, server::rest& api, std::uint64_t since) {
    for (const auto& kind : c.kinds()) {
        const auto all = c.objects().list(kind->storage_key, "");
        if (std::none_of(all.begin(), all.end(), [&](const auto& s) { return s->version() > since; }))
            continue;
        for (const auto& version : kind->versions) {
            if (!version.served || kind->virtual_kind)
                continue;
            const auto api_version = kind->api_version(version.name);
            for (const char* accept : {"application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"}) {
                server::http_request r;
                r.method = "GET";
                r.target = (kind->group.empty() ? "/api/" : "/apis/") + api_version + "/" + kind->plural;
                r.accept = accept;
                const auto answer = api.handle(r);
                require(answer.code == 200, "what is stored can be listed", r.target, answer.body);
                check_answer(r, answer);
            }
        }
    }
}

inline void check_frames(const server::cluster& c, server::rest& api, server::watch_start& w) {
    const auto check = [](const std::string& frame) {
        require(frame.empty() || (frame.find('\n') == frame.size() - 1 && read_json(frame)),
                "an event is JSON on a line of its own", frame);
    };
    for (const auto& s : w.initial)
        check(api.frame(w, "ADDED", *s));
    for (auto version = w.from + 1; version <= c.objects().version(); ++version)
        if (const auto* change = c.objects().at(version))
            check(api.frame(w, *change));
    check(api.bookmark(w, c.objects().version(), true));
}

} // namespace gwctl::fuzz
