#include "fake_api.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>

#include <fmt/format.h>

namespace gwctl::tests {

namespace asio = boost::asio;

namespace {

class text_response final : public http_response {
public:
    text_response(int status, std::string body) : status_(status), body_(std::move(body)) {}
    int status() const noexcept override { return status_; }
    std::string_view header(std::string_view) const noexcept override { return "application/json"; }
    task<std::string_view> read_some() override {
        if (std::exchange(read_, true))
            co_return std::string_view();
        co_return body_;
    }

private:
    int status_;
    std::string body_;
    bool read_ = false;
};

std::unique_ptr<http_response> status(int code, const std::string& reason, const std::string& message) {
    return std::make_unique<text_response>(
        code, fmt::format(R"({{"kind":"Status","apiVersion":"v1","status":"Failure","code":{},"reason":"{}",)"
                          R"("message":"{}"}})",
                          code, reason, message));
}

/// "Widget" of "widgets", for the kinds of these tests.
std::string kind_of(const std::string& plural) {
    static const std::map<std::string, std::string> longer{
        {"configmaps", "ConfigMap"},
        {"tcproutes", "TCPRoute"},
        {"endpointslices", "EndpointSlice"},
        {"gatewayclasses", "GatewayClass"},
        {"customresourcedefinitions", "CustomResourceDefinition"}};
    if (const auto known = longer.find(plural); known != longer.end())
        return known->second;
    std::string kind = plural.substr(0, plural.size() - 1);
    kind[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(kind[0])));
    return kind;
}

/// "example.com/v1" of "/apis/example.com/v1/widgets".
std::string version_of(const std::string& target) {
    std::vector<std::string> parts;
    for (const auto& s : boost::urls::parse_origin_form(target)->segments())
        parts.emplace_back(s);
    return parts.at(0) == "api" ? parts.at(1) : parts.at(1) + "/" + parts.at(2);
}

/// The answer to a request for objects of `plural`: with kind and version, whether or not a test gave them.
std::unique_ptr<http_response> object_answer(json::object o, const std::string& target,
                                             const std::string& plural) {
    o["kind"] = kind_of(plural) + (o.contains("items") ? "List" : "");
    o["apiVersion"] = version_of(target);
    return std::make_unique<text_response>(200, boost::json::serialize(o));
}

std::string text(const json::object& o, const char* key) {
    const auto* v = o.if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

json::object& meta_of(json::object& o) {
    if (!o.contains("metadata"))
        o["metadata"] = json::object();
    return o["metadata"].as_object();
}

std::string key_of_object(json::object& o) {
    return text(meta_of(o), "namespace") + "/" + text(meta_of(o), "name");
}

void merge(json::object& target, const json::object& change) {
    for (const auto& [key, value] : change) {
        if (value.is_null()) {
            target.erase(key);
        } else if (value.is_object()) {
            if (!target.contains(key) || !target[key].is_object())
                target[key] = json::object();
            merge(target[key].as_object(), value.as_object());
        } else {
            target[key] = value;
        }
    }
}

bool has_finalizers(json::object& o) {
    const auto* f = meta_of(o).if_contains("finalizers");
    return f != nullptr && f->is_array() && !f->as_array().empty();
}

/// As kube-apiserver says it: the details name the object.
std::unique_ptr<http_response> no_object(const std::string& plural, const std::string& name) {
    return std::make_unique<text_response>(
        404, fmt::format(R"({{"kind":"Status","apiVersion":"v1","status":"Failure","code":404,)"
                         R"("reason":"NotFound","message":"{} \"{}\" not found",)"
                         R"("details":{{"name":"{}","kind":"{}"}}}})",
                         plural, name, name, plural));
}

} // namespace

class watch_response final : public http_response {
public:
    watch_response(std::shared_ptr<fake_api> api, std::string plural, std::string ns, std::uint64_t from)
        : api_(std::move(api)), plural_(std::move(plural)), namespace_(std::move(ns)), from_(from),
          epoch_(api_->watch_epoch_) {}
    int status() const noexcept override { return 200; }
    std::string_view header(std::string_view) const noexcept override { return "application/json"; }

    task<std::string_view> read_some() override {
        const auto executor = co_await asio::this_coro::executor;
        while (true) {
            auto self = std::make_shared<fake_api::sleeper>(
                fake_api::sleeper{asio::steady_timer(executor, asio::steady_timer::time_point::max())});
            {
                const std::lock_guard lock(api_->mutex_);
                if (epoch_ != api_->watch_epoch_) {
                    if (const int code =
                            std::exchange(error_left_, api_->epoch_error_ != 0) ? 0 : api_->epoch_error_;
                        code != 0) {
                        line_ =
                            fmt::format(R"({{"type":"ERROR","object":{{"kind":"Status","status":"Failure",)"
                                        R"("code":{},"message":"cannot send"}}}})"
                                        "\n",
                                        code);
                        co_return line_;
                    }
                    if (api_->epoch_broken_)
                        throw api_error(errc::connection_lost, "connection reset by peer");
                    co_return std::string_view();
                }
                if (!api_->held_ && take_lines())
                    co_return line_;
                api_->sleepers_.push_back(self);
            }
            const registration registered{*api_, self};
            boost::system::error_code aborted;
            co_await self->timer.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
        }
    }

private:
    struct registration {
        fake_api& api;
        std::shared_ptr<fake_api::sleeper> sleeper;
        ~registration() {
            const std::lock_guard lock(api.mutex_);
            api.sleepers_.remove(sleeper);
        }
    };

    // Everything new, and for what happened to other kinds a bookmark.
    bool take_lines() {
        line_.clear();
        for (const auto& c : api_->history_)
            if (c.version > from_ && c.plural == plural_ &&
                (namespace_.empty() ||
                 c.line.find("\"namespace\":\"" + namespace_ + "\"") != std::string::npos))
                line_ += c.line + "\n";
        if (api_->version_ > from_)
            line_ += fmt::format(R"({{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{}"}}}}}})"
                                 "\n",
                                 api_->version_);
        from_ = api_->version_;
        return !line_.empty();
    }

    std::shared_ptr<fake_api> api_;
    std::string plural_;
    std::string namespace_;
    std::uint64_t from_;
    std::uint64_t epoch_;
    bool error_left_ = false;
    std::string line_;
};

task<std::unique_ptr<http_response>> fake_api::send(http_request request) {
    // A turn of the loop, as any network gives.
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    std::unique_lock lock(mutex_);
    requests_.push_back(request.method + " " + request.target);
    full_requests_.push_back(request);
    changed_.notify_all();
    if (const fault* f = fault_of(request); f != nullptr && f->meanwhile) {
        const auto meanwhile = f->meanwhile;
        lock.unlock();
        meanwhile();
        lock.lock();
    }
    co_return answer(request);
}

fake_api::parsed_target fake_api::parse(const std::string& target) {
    parsed_target t;
    const auto url = boost::urls::parse_origin_form(target).value();
    std::vector<std::string> parts;
    for (const auto& s : url.segments())
        parts.emplace_back(s);
    for (const auto& p : url.params())
        t.query[std::string(p.key)] = std::string(p.value);
    std::size_t i = parts.at(0) == "api" ? 2 : 3;
    if (parts.size() > i + 2 && parts[i] == "namespaces") {
        t.namespace_ = parts[i + 1];
        i += 2;
    }
    t.plural = parts.size() > i ? parts[i] : "";
    t.name = parts.size() > i + 1 ? parts[i + 1] : "";
    t.subresource = parts.size() > i + 2 ? parts[i + 2] : "";
    return t;
}

fault* fake_api::fault_of(const http_request& r) {
    const auto hits = [&](const fault& f) {
        return f.times != 0 && f.method == r.method && r.target.find(f.target) != std::string::npos;
    };
    const auto found = std::find_if(faults_.begin(), faults_.end(), hits);
    return found == faults_.end() ? nullptr : &*found;
}

std::unique_ptr<http_response> fake_api::answer(const http_request& r) {
    if (fault* const f = fault_of(r)) {
        if (f->times > 0)
            --f->times;
        if (!f->body.empty())
            return std::make_unique<text_response>(f->status, f->body);
        return status(f->status, f->reason, "injected fault");
    }
    if (!page_.empty() && r.target.find(page_) != std::string::npos)
        return std::make_unique<text_response>(404, "404 page not found\n");
    if (r.method == "GET")
        if (auto found = discovery(r.target))
            return found;
    const parsed_target t = parse(r.target);
    if (absent_.count(t.plural) != 0)
        return std::make_unique<text_response>(404, "404 page not found\n");
    if (r.method != "GET")
        return write(r, t);
    if (t.name.empty() && t.query.count("watch") != 0) {
        const std::uint64_t from = std::stoull(t.query.at("resourceVersion"));
        if (from < compacted_)
            return status(410, "Expired", "too old resource version");
        return std::make_unique<watch_response>(shared_from_this(), t.plural, t.namespace_, from);
    }
    if (t.name.empty())
        return list(r, t);
    auto& collection = objects_[t.plural];
    const auto found = collection.find(t.namespace_ + "/" + t.name);
    if (found == collection.end())
        return no_object(t.plural, t.name);
    return object_answer(found->second, r.target, t.plural);
}

std::unique_ptr<http_response> fake_api::discovery(const std::string& target) {
    if (target == "/apis")
        return std::make_unique<text_response>(
            200, R"({"kind":"APIGroupList","groups":[{"name":"apps"},{"name":"example.com"},)"
                 R"({"name":"apiextensions.k8s.io"},{"name":"gateway.networking.k8s.io"}]})");
    const bool core = target == "/api/v1";
    if (!core && (target.rfind("/apis/", 0) != 0 || std::count(target.begin(), target.end(), '/') != 3))
        return nullptr;
    std::string resources;
    for (const char* plural : {"configmaps", "services", "events", "namespaces", "customresourcedefinitions",
                               "leases", "widgets", "tcproutes"})
        if (absent_.count(plural) == 0)
            resources += fmt::format(R"({}{{"name":"{}"}})", resources.empty() ? "" : ",", plural);
    return std::make_unique<text_response>(
        200, fmt::format(R"({{"kind":"APIResourceList","groupVersion":"{}","resources":[{}]}})",
                         target.substr(core ? 5 : 6), resources));
}

std::unique_ptr<http_response> fake_api::list(const http_request& r, const parsed_target& t) {
    std::size_t skip = 0;
    if (t.query.count("continue") != 0)
        skip = std::stoull(t.query.at("continue"));
    // As a real one does: no limit at version 0.
    const auto asked = t.query.find("resourceVersion");
    const bool limited = t.query.count("limit") != 0 && (asked == t.query.end() || asked->second != "0");
    const std::size_t limit = limited ? std::stoull(t.query.at("limit")) : 0;
    json::object out;
    json::object meta;
    json::array items;
    std::size_t n = 0;
    for (auto& [key, o] : objects_[t.plural]) {
        if (!t.namespace_.empty() && text(meta_of(o), "namespace") != t.namespace_)
            continue;
        if (n++ < skip)
            continue;
        if (limit != 0 && items.size() == limit) {
            meta["continue"] = std::to_string(skip + limit);
            break;
        }
        items.push_back(o);
    }
    // As a real one does: with a limit, a version alone means the state of that very version.
    const bool exact = limit != 0 && asked != t.query.end() && t.query.count("resourceVersionMatch") == 0;
    meta["resourceVersion"] = exact ? asked->second : std::to_string(version_);
    out["metadata"] = std::move(meta);
    out["items"] = std::move(items);
    return object_answer(out, r.target, t.plural);
}

std::unique_ptr<http_response> fake_api::write(const http_request& r, const parsed_target& t) {
    auto& collection = objects_[t.plural];
    if (r.method == "POST") {
        json::object o = boost::json::parse(r.body).as_object();
        if (collection.count(key_of_object(o)) != 0)
            return status(409, "AlreadyExists", "exists already");
        return object_answer(store(t.plural, std::move(o)), r.target, t.plural);
    }
    const std::string key = t.namespace_ + "/" + t.name;
    const auto found = collection.find(key);
    std::string type;
    for (const auto& [name, value] : r.headers)
        if (name == "Content-Type")
            type = value;
    if (found == collection.end() && type.find("apply-patch") == std::string::npos)
        return no_object(t.plural, t.name);
    if (r.method == "DELETE") {
        if (has_finalizers(found->second)) {
            json::object o = found->second;
            meta_of(o)["deletionTimestamp"] = "2026-01-31T08:15:00Z";
            return object_answer(store(t.plural, std::move(o)), r.target, t.plural);
        }
        const json::object o = found->second;
        erase(t.plural, key);
        return object_answer(o, r.target, t.plural);
    }
    json::object o = found == collection.end() ? json::object() : found->second;
    const std::string version = found == collection.end() ? "" : text(meta_of(o), "resourceVersion");
    if (type.find("json-patch") != std::string::npos) {
        const json::value operations = boost::json::parse(r.body);
        for (const auto& op : operations.as_array()) {
            const json::object& operation = op.as_object();
            if (text(operation, "op") == "test" && text(operation, "value") != version)
                return status(422, "Invalid", "the test failed");
            if (text(operation, "path") == "/metadata/finalizers")
                meta_of(o)["finalizers"] = operation.at("value");
        }
    } else {
        const json::value parsed = boost::json::parse(r.body);
        const json::object& change = parsed.as_object();
        if (const auto* m = change.if_contains("metadata"))
            if (const std::string wanted = text(m->as_object(), "resourceVersion");
                !wanted.empty() && wanted != version)
                return status(409, "Conflict", "the object has been modified");
        merge(o, change);
    }
    if (found != collection.end() && o == found->second)
        return object_answer(o, r.target, t.plural); // as the real one: a write that changes nothing is none
    if (!text(meta_of(o), "deletionTimestamp").empty() && !has_finalizers(o)) {
        erase(t.plural, key);
        return object_answer(o, r.target, t.plural);
    }
    return object_answer(store(t.plural, std::move(o)), r.target, t.plural);
}

json::object fake_api::store(const std::string& plural, json::object object) {
    auto& collection = objects_[plural];
    const std::string key = key_of_object(object);
    const auto found = collection.find(key);
    json::object& meta = meta_of(object);
    const std::string version = std::to_string(++version_);
    const json::value* old_spec = found != collection.end() ? found->second.if_contains("spec") : nullptr;
    const json::value* new_spec = object.if_contains("spec");
    std::int64_t generation = 1;
    if (found != collection.end()) {
        json::object& old = meta_of(found->second);
        meta["uid"] = old["uid"];
        generation = old["generation"].as_int64();
        const bool same =
            (old_spec == nullptr) == (new_spec == nullptr) && (old_spec == nullptr || *old_spec == *new_spec);
        generation += same ? 0 : 1;
    } else {
        meta["uid"] = "uid-" + version;
    }
    meta["generation"] = generation;
    meta["resourceVersion"] = version;
    json::object event;
    event["type"] = found == collection.end() ? "ADDED" : "MODIFIED";
    event["object"] = object;
    collection[key] = object;
    history_.push_back({version_, plural, boost::json::serialize(event)});
    wake();
    return object;
}

void fake_api::erase(const std::string& plural, const std::string& key) {
    auto& collection = objects_[plural];
    json::object o = collection.at(key);
    collection.erase(key);
    meta_of(o)["resourceVersion"] = std::to_string(++version_);
    json::object event;
    event["type"] = "DELETED";
    event["object"] = std::move(o);
    history_.push_back({version_, plural, boost::json::serialize(event)});
    wake();
}

void fake_api::wake() {
    for (const auto& s : std::exchange(sleepers_, {}))
        asio::post(s->timer.get_executor(), [s] { s->timer.cancel(); });
    changed_.notify_all();
}

std::string fake_api::put(const std::string& plural, const std::string& object) {
    const std::lock_guard lock(mutex_);
    return text(
        meta_of(*std::make_unique<json::object>(store(plural, boost::json::parse(object).as_object()))),
        "resourceVersion");
}

void fake_api::remove(const std::string& plural, const std::string& ns, const std::string& name) {
    const std::lock_guard lock(mutex_);
    erase(plural, ns + "/" + name);
}

json::value fake_api::get(const std::string& plural, const std::string& ns, const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto& collection = objects_[plural];
    const auto found = collection.find(ns + "/" + name);
    return found == collection.end() ? json::value() : json::value(found->second);
}

std::vector<json::value> fake_api::all(const std::string& plural) {
    const std::lock_guard lock(mutex_);
    std::vector<json::value> out;
    for (const auto& [key, o] : objects_[plural])
        out.emplace_back(o);
    return out;
}

void fake_api::set_absent(const std::string& plural, bool absent) {
    const std::lock_guard lock(mutex_);
    if (absent)
        absent_.insert(plural);
    else
        absent_.erase(plural);
}
void fake_api::set_page(const std::string& target) {
    const std::lock_guard lock(mutex_);
    page_ = target;
}
void fake_api::end_watches_with(int code) {
    const std::lock_guard lock(mutex_);
    ++watch_epoch_;
    epoch_broken_ = false;
    epoch_error_ = code;
    wake();
}

void fake_api::add_fault(fault f) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(std::move(f));
}
void fake_api::clear_faults() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
}
void fake_api::hold_watches(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    wake();
}
void fake_api::end_watches(bool broken) {
    const std::lock_guard lock(mutex_);
    ++watch_epoch_;
    epoch_broken_ = broken;
    epoch_error_ = 0;
    wake();
}
void fake_api::compact() {
    const std::lock_guard lock(mutex_);
    compacted_ = ++version_;
    history_.clear();
}
std::vector<std::string> fake_api::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}
bool fake_api::await_request(const std::string& part, std::size_t times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
        std::size_t n = 0;
        for (const std::string& r : requests_)
            n += r.find(part) != std::string::npos ? 1 : 0;
        return n >= times;
    });
}
http_request fake_api::last_request(const std::string& part) {
    const std::lock_guard lock(mutex_);
    for (auto r = full_requests_.rbegin(); r != full_requests_.rend(); ++r)
        if ((r->method + " " + r->target).find(part) != std::string::npos)
            return *r;
    return {};
}
std::string fake_api::version() {
    const std::lock_guard lock(mutex_);
    return std::to_string(version_);
}

} // namespace gwctl::tests
