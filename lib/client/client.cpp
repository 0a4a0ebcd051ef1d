#include "client_state.hpp"
#include "line_framer.hpp"
#include "query.hpp"

#include <gwctl/client/client.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>

namespace gwctl {
namespace {

using detail::query;
using detail::request_subject;

/// The path of an object, or what is wrong with its key.
std::string path_of(const resource_type& type, std::string_view version, const object_key& key,
                    std::string_view subresource = {}) {
    auto path = object_path(type, version, key, subresource);
    if (path.has_error())
        throw api_error(path.error());
    return std::move(*path);
}

request_subject about_object(const resource_type& type, const object_key& key) {
    request_subject s;
    s.text = key.name.empty() ? std::string(type.kind) : describe(type, key);
    s.type = type;
    return s;
}

request_subject about_collection(std::string_view verb, const resource_type& type,
                                 const std::string& namespace_) {
    request_subject s;
    s.text = fmt::format("{} of {}", verb, type.qualified_name());
    if (!namespace_.empty())
        s.text.append(" in ").append(namespace_);
    s.type = type;
    return s;
}

/// The lines of a watch's response.
class response_lines final : public watch_lines {
public:
    response_lines(std::unique_ptr<http_response> response, detail::answer_source source,
                   std::size_t max_object)
        : framer_(max_object + 1024), response_(std::move(response)), source_(std::move(source)) {}

    task<std::optional<std::string_view>> next() override {
        while (true) {
            auto line = framer_.next();
            if (line.has_error())
                throw api_error(line.error().code,
                                fmt::format("{}: {}", source_.subject, line.error().message));
            if (line->has_value())
                co_return *line;
            const std::string_view piece = co_await response_->read_some();
            if (piece.empty())
                co_return std::nullopt;
            if (!begun_ && !is_event(piece)) {
                std::string page(piece);
                co_await read_page(page);
                throw source_.refused("a watch", "not JSON", page);
            }
            framer_.feed(piece);
        }
    }

private:
    /// The object's limit, and room for the members around it.
    detail::line_framer framer_;
    std::unique_ptr<http_response> response_;
    detail::answer_source source_;
    bool begun_ = false;

    /// Whether this can be the beginning of an event. A page, which may have no line, would look like the end
    /// of the watch.
    bool is_event(std::string_view piece) {
        const std::size_t first = piece.find_first_not_of(" \t\r\n");
        begun_ = first != std::string_view::npos;
        return !begun_ || piece[first] == '{';
    }

    /// As much as there is to be shown.
    task<void> read_page(std::string& page) {
        while (page.size() < 256) {
            const std::string_view piece = co_await response_->read_some();
            if (piece.empty())
                break;
            page += piece;
        }
    }
};

} // namespace

client::client(std::shared_ptr<transport> t, client_options options)
    : state_(std::make_shared<state>(std::move(t), std::move(options))) {}

void client::observe_requests(request_observer observer) { state_->observer = std::move(observer); }
const client_options& client::options() const noexcept { return state_->options; }

json::limits client::object_limits() const noexcept {
    const client_options& o = state_->options;
    json::limits l;
    l.depth = o.max_value_depth;
    l.bytes = l.item_bytes = o.max_object_bytes;
    l.string_bytes = o.max_string_bytes;
    return l;
}

json::limits client::list_limits() const noexcept {
    json::limits l = object_limits();
    l.bytes = state_->options.max_response_bytes;
    return l;
}

void client::throw_undecodable(const resource_type& type, const error& e) {
    throw api_error(e.code, fmt::format("{} from the API server: {}", type.kind, e.message));
}

void client::throw_misfit(const resource_type& type, const ObjectMeta& item, const json::detail::misfit& m) {
    throw api_error(errc::decode,
                    item.name.empty()
                        ? fmt::format("list of {}: items[{}].{}", type.qualified_name(), m.item, m.error)
                        : fmt::format("{} from the API server: {}", describe(type, key_of(item)), m.error));
}

task<std::string> client::get_body(resource_type type, object_key key) {
    const auto shared = state_;
    state::request_maker maker = [shared, type, key](std::string_view version) {
        return shared->make_read(type, false, path_of(type, version, key));
    };
    request_subject about = about_object(type, key);
    co_return co_await shared->body(std::move(maker), std::move(about));
}

task<void> client::list_into(resource_type type, list_options options, json::detail::object_decoder& decoder,
                             std::size_t max_bytes) {
    const auto shared = state_;
    state::request_maker maker = [shared, type, options](std::string_view version) {
        query q(collection_path(type, version, options.namespace_));
        q.add("labelSelector", options.label_selector).add("fieldSelector", options.field_selector);
        if (options.limit > 0)
            q.add("limit", std::to_string(options.limit));
        // A continue token carries its resourceVersion; the server refuses both together. With a limit, a
        // version alone would mean the state at exactly that version.
        if (!options.continue_.empty())
            q.add("continue", options.continue_);
        else if (options.resource_version == "0")
            q.add("resourceVersion", "0");
        else if (!options.resource_version.empty())
            q.add("resourceVersion", options.resource_version).add("resourceVersionMatch", "NotOlderThan");
        return shared->make_read(type, true, std::move(q).target());
    };

    request_subject about = about_collection("list", type, options.namespace_);
    const std::string subject = about.text;
    const auto response = co_await shared->open(std::move(maker), std::move(about));
    detail::list_check seen(detail::answer_source(*response, subject, shared->link->host()), type);
    const auto check = [&](const result<void>& step, std::string_view piece) {
        if (step.has_error())
            throw seen.undecodable(step.error(), piece);
    };
    std::size_t size = 0;
    // Each piece is at most a connection's buffer and a turn of the executor, so a list of any size leaves
    // room for other work in between.
    while (true) {
        const std::string_view piece = co_await response->read_some();
        if (piece.empty())
            break;
        if (piece.size() > max_bytes - size)
            throw api_error(errc::too_large,
                            fmt::format("{}: expected an answer of at most {} bytes, got a longer one; set a "
                                        "smaller list_options.limit, or a larger "
                                        "client_options.max_response_bytes",
                                        subject, max_bytes));
        size += piece.size();
        if (seen.take(piece))
            check(decoder.write(piece), piece);
    }
    if (seen.decodes())
        check(decoder.finish(), {});
    seen.finish(decoder.root_text("kind"), decoder.root_text("apiVersion"));
}

task<std::unique_ptr<watch_lines>> client::open_watch(resource_type type, watch_options options) {
    const auto shared = state_;
    state::request_maker maker = [shared, type, options](std::string_view version) {
        query q(collection_path(type, version, options.namespace_));
        q.add_flag("watch", true);
        q.add("labelSelector", options.label_selector).add("fieldSelector", options.field_selector);
        q.add("resourceVersion", options.resource_version);
        q.add("timeoutSeconds", std::to_string(options.server_timeout.count()));
        // The end of the initial events is a bookmark.
        q.add_flag("allowWatchBookmarks", options.bookmarks || options.send_initial_events);
        if (options.send_initial_events)
            q.add_flag("sendInitialEvents", true).add("resourceVersionMatch", "NotOlderThan");
        http_request request = shared->make_read(type, false, std::move(q).target());
        // The server ends the watch by itself before that; a longer silence is a connection that died
        // unnoticed.
        request.idle_timeout = options.server_timeout + std::chrono::seconds(15);
        return request;
    };
    request_subject about = about_collection("watch", type, options.namespace_);
    const std::string subject = about.text;
    auto response = co_await shared->open(std::move(maker), std::move(about));
    detail::answer_source source(*response, subject, shared->link->host());
    std::unique_ptr<watch_lines> lines = std::make_unique<response_lines>(
        std::move(response), std::move(source), shared->options.max_object_bytes);
    co_return lines;
}

task<std::string> client::create_body(resource_type type, object_key key, std::string object) {
    const auto shared = state_;
    request_subject about = about_object(type, key);
    if (type.namespaced == key.namespace_.empty())
        throw api_error(
            errc::precondition,
            fmt::format("{}: metadata.namespace: expected {}", about.text,
                        type.namespaced ? "a namespace" : "none, since the kind is cluster-scoped"));
    state::request_maker maker = [shared, type, key, &object](std::string_view version) {
        query q(collection_path(type, version, key.namespace_));
        q.add("fieldManager", shared->options.field_manager);
        http_request request = shared->make_request("POST", std::move(q).target());
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = detail::with_type(type, version, object);
        return request;
    };
    co_return co_await shared->body(std::move(maker), std::move(about));
}

task<std::string> client::apply_body(resource_type type, object_key key, std::string subresource,
                                     std::string object) {
    const auto shared = state_;
    state::request_maker maker = [shared, type, key, subresource, &object](std::string_view version) {
        query q(path_of(type, version, key, subresource));
        q.add("fieldManager", shared->options.field_manager).add_flag("force", true);
        http_request request = shared->make_request("PATCH", std::move(q).target());
        request.headers.emplace_back("Content-Type", "application/apply-patch+yaml"); // JSON is YAML
        request.body = detail::with_type(type, version, object);
        return request;
    };
    request_subject about = about_object(type, key);
    about.subresource = subresource;
    co_return co_await shared->body(std::move(maker), std::move(about));
}

task<std::string> client::patch_body(resource_type type, object_key key, std::string subresource,
                                     class patch change) {
    const auto shared = state_;
    state::request_maker maker = [shared, type, key, subresource, &change](std::string_view version) {
        query q(path_of(type, version, key, subresource));
        q.add("fieldManager", shared->options.field_manager);
        http_request request = shared->make_request("PATCH", std::move(q).target());
        request.headers.emplace_back("Content-Type", change.content_type());
        request.body = change.body();
        return request;
    };
    request_subject about = about_object(type, key);
    about.subresource = subresource;
    co_return co_await shared->body(std::move(maker), std::move(about));
}

task<void> client::remove_object(resource_type type, object_key key, delete_options options) {
    const auto shared = state_;
    std::string body = R"({"apiVersion":"v1","kind":"DeleteOptions")";
    const auto add = [&body](std::string_view prefix, std::string_view value) {
        body += prefix;
        json::append_quoted(value, body);
    };
    if (!options.uid.empty() || !options.resource_version.empty()) {
        body += R"(,"preconditions":{)";
        if (!options.uid.empty())
            add(R"("uid":)", options.uid);
        if (!options.resource_version.empty())
            add(options.uid.empty() ? R"("resourceVersion":)" : R"(,"resourceVersion":)",
                options.resource_version);
        body += '}';
    }
    if (!options.propagation.empty())
        add(R"(,"propagationPolicy":)", options.propagation);
    body += '}';
    state::request_maker maker = [shared, type, key, &body](std::string_view version) {
        http_request request = shared->make_request("DELETE", path_of(type, version, key));
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = body;
        return request;
    };
    request_subject about = about_object(type, key);
    co_await shared->body(std::move(maker), std::move(about), detail::expected_answer::deletion);
}

task<std::string> client::raw(http_request request) {
    const auto shared = state_;
    request_subject about;
    about.text = fmt::format("{} {}", request.method, request.target);
    co_return co_await shared->body(std::move(request), std::move(about));
}

task<json::value> client::raw_object(http_request request) {
    const auto shared = state_;
    request_subject about;
    about.text = fmt::format("{} {}", request.method, request.target);
    const std::string subject = about.text;
    std::erase_if(request.headers, [](const auto& header) { return header.first == "Accept"; });
    request.headers.emplace_back("Accept", "application/json");
    auto response = co_await shared->open(std::move(request), std::move(about));
    const detail::answer_source source(*response, subject, shared->link->host());
    const std::string body = co_await shared->read_all(std::move(response), subject);
    detail::check_answer(source, body, resource_type(), detail::expected_answer::any);
    boost::system::error_code broken;
    json::value answer = boost::json::parse(body, broken);
    if (broken)
        throw source.refused("an answer of the Kubernetes API", "not JSON", body);
    co_return answer;
}

} // namespace gwctl
