#include <gwctl/client/timer.hpp>

#include <support/in_process_api.hpp>
#include <testing/status.hpp>

namespace gwctl::tests {

namespace server = testing::detail;

namespace {

server::cluster_options with_system_clock() {
    server::cluster_options o;
    o.now = [] { return system_clock().wall_now(); };
    return o;
}

struct uncounted {
    explicit uncounted(in_process_api& api) : api_(api) { api_.begins(); }
    ~uncounted() { api_.ends(); }
    uncounted(const uncounted&) = delete;
    uncounted& operator=(const uncounted&) = delete;

private:
    in_process_api& api_;
};

} // namespace

class in_process_api::whole_response final : public http_response {
public:
    explicit whole_response(server::http_response r) : response_(std::move(r)) {}
    int status() const noexcept override { return response_.code; }
    std::string_view header(std::string_view name) const noexcept override {
        return name == "Content-Type" ? std::string_view(response_.content_type) : std::string_view();
    }
    task<std::string_view> read_some() override {
        if (std::exchange(read_, true))
            co_return std::string_view();
        co_return response_.body;
    }

private:
    server::http_response response_;
    bool read_ = false;
};

class in_process_api::watch_response final : public http_response {
public:
    watch_response(std::shared_ptr<in_process_api> api, server::watch_start watch)
        : api_(std::move(api)), watch_(std::move(watch)) {}
    int status() const noexcept override { return 200; }
    std::string_view header(std::string_view name) const noexcept override {
        return name == "Content-Type" ? "application/json" : "";
    }
    task<std::string_view> read_some() override {
        while (true) {
            frames_ = api_->frames(watch_, bookmarked_);
            if (!frames_.empty())
                co_return frames_;
            co_await api_->changed_.wait();
        }
    }

private:
    std::shared_ptr<in_process_api> api_;
    server::watch_start watch_;
    std::uint64_t bookmarked_ = 0;
    std::string frames_;
};

in_process_api::in_process_api()
    : objects_(with_system_clock()), api_(objects_), announcer_(server::make_announcer({})) {
    objects_.on_change = [this](const server::change& c) {
        announcer_->observe(c);
        changed_.notify_all();
    };
}

task<std::unique_ptr<http_response>> in_process_api::send(http_request request) { co_return answer(request); }

std::unique_ptr<http_response> in_process_api::answer(const http_request& request) {
    const uncounted work(*this);
    ++requests_;
    server::http_request r;
    r.method = request.method;
    if (r.method != "GET")
        ++writes_asked_;
    r.target = request.target;
    r.body = request.body;
    r.user_agent = "controller";
    for (const auto& [name, value] : request.headers) {
        if (name == "Content-Type")
            r.content_type = value;
        else if (name == "Accept")
            r.accept = value;
    }
    server::http_response response = api_.handle(r);
    run_stand_ins();
    if (!response.watch)
        return std::make_unique<whole_response>(std::move(response));
    return std::make_unique<watch_response>(shared_from_this(), std::move(*response.watch));
}

std::string in_process_api::frames(server::watch_start& watch, std::uint64_t& bookmarked) {
    const uncounted work(*this);
    ++requests_;
    std::string out;
    for (; watch.initial_sent < watch.initial.size(); ++watch.initial_sent)
        out += api_.frame(watch, "ADDED", *watch.initial[watch.initial_sent]);
    while (watch.from < version())
        out += api_.frame(watch, *objects_.objects().at(++watch.from));
    if (watch.bookmarks && std::exchange(bookmarked, bookmarks_up_to_) < bookmarks_up_to_)
        out += api_.bookmark(watch, bookmarks_up_to_, false);
    return out;
}

void in_process_api::run_stand_ins() {
    while (announces_ && !announcer_->idle())
        announcer_->run(objects_);
}

server::write_request in_process_api::request_for(const json::value& object) const {
    const std::string_view api_version = object.at("apiVersion").as_string();
    const std::size_t slash = api_version.find('/');
    const json::object& metadata = object.at("metadata").as_object();
    server::write_request r;
    r.kind = objects_.find_kind(slash == api_version.npos ? "" : api_version.substr(0, slash),
                                object.at("kind").as_string());
    r.version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
    r.ns = metadata.contains("namespace") ? metadata.at("namespace").as_string().c_str() : "";
    r.name = metadata.at("name").as_string();
    r.manager = r.user_agent = "fixture";
    r.force = true;
    return r;
}

void in_process_api::apply(const json::value& object) {
    const uncounted work(*this);
    const server::write_request r = request_for(object);
    try {
        objects_.patch(r, server::patch_type::apply, object);
    } catch (const server::status_error& e) {
        throw api_error(errc::invalid, r.name + ": " + e.what());
    }
    run_stand_ins();
}

void in_process_api::remove(const json::value& object) {
    const uncounted work(*this);
    const server::write_request r = request_for(object);
    try {
        objects_.remove(r, {});
    } catch (const server::status_error& e) {
        throw api_error(errc::invalid, r.name + ": " + e.what());
    }
    run_stand_ins();
}

void in_process_api::withdraw(const std::string& ns, const std::string& service) {
    const uncounted work(*this);
    announces_ = false;
    server::write_request r = server::stand_in_request(objects_, "", "Service", ns, service, "kube-vip");
    r.subresource = "status";
    objects_.patch(r, server::patch_type::merge, {{"status", {{"loadBalancer", nullptr}}}});
}

void in_process_api::announce() {
    const uncounted work(*this);
    announces_ = true;
    run_stand_ins();
}

void in_process_api::send_bookmarks() {
    bookmarks_up_to_ = version();
    changed_.notify_all();
}

} // namespace gwctl::tests
