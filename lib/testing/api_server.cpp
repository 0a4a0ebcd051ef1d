#include "http_server.hpp"
#include "json_util.hpp"
#include "stand_ins.hpp"

#include <gwctl/testing/api_server.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace gwctl::testing {

using namespace detail;

namespace {

errc code_of(const status_error& e) {
    switch (e.code()) {
    case 400:
        return errc::bad_request;
    case 403:
        return errc::forbidden;
    case 404:
        return errc::not_found;
    case 405:
        return errc::method_not_allowed;
    case 409:
        return string_at(e.status(), {"reason"}) == "AlreadyExists" ? errc::already_exists : errc::conflict;
    case 410:
        return errc::gone;
    case 413:
        return errc::too_large;
    case 415:
        return errc::unsupported_media_type;
    case 422:
        return errc::invalid;
    default:
        return errc::internal_error;
    }
}

cluster_options options_of(const api_server_options& o) {
    cluster_options out;
    out.history_limit = std::max<std::size_t>(o.history, 1);
    if (o.time)
        out.now = [time = o.time] { return time->wall_now(); };
    out.garbage_collection = o.garbage_collection;
    out.not_served = o.not_served;
    return out;
}

} // namespace

class api_server::impl {
public:
    explicit impl(api_server_options o)
        : options(std::move(o)), state(options_of(options), options.read_history),
          server(state, options.bookmark_interval) {
        server.listen(options.bind, options.port);
        if (options.workloads)
            stand_ins.push_back(make_workloads());
        if (options.announcer)
            stand_ins.push_back(make_announcer(options.node_addresses));
        state.objects.on_change = [this](const change& c) {
            for (auto& s : stand_ins)
                s->observe(c);
            if (!stand_ins.empty() && !scheduled) {
                scheduled = true;
                server.post([this] { run_stand_ins(); });
            }
            server.wake_watches();
            state.tick();
        };
        server.start();
    }

    // On the server's thread, one round at a time, so that requests are served in between.
    void run_stand_ins() {
        std::lock_guard lock(state.guard);
        if (stopping)
            return;
        for (auto& s : stand_ins)
            s->run(state.objects);
        scheduled = !idle();
        if (scheduled)
            server.post([this] { run_stand_ins(); });
        state.tick();
    }

    bool idle() const {
        return std::all_of(stand_ins.begin(), stand_ins.end(), [](const auto& s) { return s->idle(); });
    }

    kind_ptr kind_named(std::string_view name) const {
        for (const auto& k : state.objects.kinds())
            if (k->key() == name)
                return k;
        return nullptr;
    }

    /// The apply of `object` as the manager "fixture".
    result<write_request> fixture(const json::value& object) const {
        if (!object.is_object())
            return error{errc::bad_request, "an object must be a JSON object"};
        const auto api_version = string_at(object, {"apiVersion"});
        const auto kind_name = string_at(object, {"kind"});
        if (api_version.empty() || kind_name.empty())
            return error{errc::bad_request,
                         fmt::format("expected apiVersion and kind, got apiVersion \"{}\" and kind \"{}\"",
                                     api_version, kind_name)};
        const auto slash = api_version.find('/');
        const auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
        write_request r;
        r.kind = state.objects.find_kind(group, kind_name);
        r.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
        const auto* version = r.kind ? r.kind->version(r.version) : nullptr;
        if (!version || !version->served)
            return error{
                errc::not_found,
                fmt::format("no matches for kind \"{}\" in version \"{}\", which this server does not "
                            "serve; apply its CustomResourceDefinition, or correct apiVersion and kind",
                            kind_name, api_version)};
        if (r.kind->namespaced)
            r.ns = string_at(object, {"metadata", "namespace"});
        if (r.kind->namespaced && r.ns.empty())
            r.ns = "default";
        r.name = string_at(object, {"metadata", "name"});
        r.manager = r.user_agent = "fixture";
        r.force = true;
        if (r.name.empty())
            return error{errc::invalid, fmt::format("{}: metadata.name is required", kind_name)};
        return r;
    }

    result<json::value> apply(const write_request& r, const json::value& object) {
        try {
            const auto done = state.objects.patch(r, patch_type::apply, object);
            return json::value(state.objects.view(*r.kind, r.version, *done.object));
        } catch (const status_error& e) {
            return error{code_of(e), e.what()};
        }
    }

    result<json::value> apply_status(write_request r, const json::value& status) {
        if (!state.objects.objects().find(r.kind->storage_key, r.ns, r.name))
            return error{errc::not_found, not_found(r.kind->resource(), r.name).what()};
        json::object only;
        only["apiVersion"] = r.kind->api_version(r.version);
        only["kind"] = r.kind->kind;
        auto& metadata = make_object(only, "metadata");
        metadata["name"] = r.name;
        if (!r.ns.empty())
            metadata["namespace"] = r.ns;
        only["status"] = status;
        r.subresource = "status";
        return apply(r, only);
    }

    api_server_options options;
    shared_state state;
    http_server server;
    std::vector<std::unique_ptr<stand_in>> stand_ins;
    bool scheduled = false;
    bool stopping = false;
};

api_server::api_server(api_server_options options) : impl_(std::make_unique<impl>(std::move(options))) {}
api_server::~api_server() {
    {
        std::lock_guard lock(impl_->state.guard);
        impl_->stopping = true;
    }
    impl_->server.stop();
}

std::uint16_t api_server::port() const { return impl_->server.port(); }

std::string api_server::url() const {
    const bool v6 = impl_->options.bind.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(v6 ? "http://[{}]:{}" : "http://{}:{}"),
                       impl_->options.bind == "0.0.0.0" ? "127.0.0.1" : impl_->options.bind, port());
}

std::string api_server::kubeconfig() const {
    return fmt::format(R"(apiVersion: v1
kind: Config
clusters:
- name: gwctl
  cluster:
    server: {}
users:
- name: gwctl
  user: {{}}
contexts:
- name: gwctl
  context:
    cluster: gwctl
    user: gwctl
    namespace: default
current-context: gwctl
)",
                       url());
}

std::vector<std::string> api_server::served_kinds() {
    auto kinds = builtin_kinds();
    for (const auto& definition : gateway_api_definitions())
        kinds.push_back(kind_from_definition(definition.get_object()));
    std::map<std::string, std::set<std::string>> versions;
    for (const auto& kind : kinds)
        for (const auto& v : kind.versions)
            if (v.served)
                versions[kind.api_version(v.name)].insert(kind.kind);
    std::vector<std::string> out;
    for (const auto& [version, names] : versions)
        out.push_back(fmt::format("{}: {}", version, fmt::join(names, ", ")));
    return out;
}

result<json::value> api_server::apply(const json::value& object) {
    std::lock_guard lock(impl_->state.guard);
    auto request = impl_->fixture(object);
    if (request.has_error())
        return request.error();
    // What writes of the object itself would drop has a write of its own.
    const auto* status = object.get_object().if_contains("status");
    const bool separate = request->kind->has_status && request->kind->kind != "CustomResourceDefinition";
    if (status == nullptr || status->is_null() || !separate)
        return impl_->apply(*request, object);
    auto rest = object;
    rest.get_object().erase("status");
    if (auto done = impl_->apply(*request, rest); done.has_error())
        return done;
    return impl_->apply_status(std::move(*request), *status);
}

result<json::value> api_server::apply_status(const json::value& object) {
    std::lock_guard lock(impl_->state.guard);
    auto request = impl_->fixture(object);
    if (request.has_error())
        return request.error();
    const auto* status = object.get_object().if_contains("status");
    const auto name = fmt::format("{} {}", request->kind->kind, request->name);
    if (status == nullptr)
        return error{errc::invalid, fmt::format("{}: status: there is none to apply", name)};
    if (!request->kind->has_status)
        return error{errc::invalid,
                     fmt::format("{}: status: {} has no subresource status; put what it has by apply()", name,
                                 request->kind->key())};
    return impl_->apply_status(std::move(*request), *status);
}

std::vector<json::value> api_server::objects(std::string_view kind) const {
    std::vector<json::value> out;
    std::lock_guard lock(impl_->state.guard);
    const auto& objects = impl_->state.objects;
    for (const auto& key : objects.objects().kinds()) {
        if (!kind.empty() && key != kind)
            continue;
        for (const auto& s : objects.objects().list(key, ""))
            if (!objects.is_initial(*s))
                out.emplace_back(s->object());
    }
    return out;
}

std::optional<json::value> api_server::get(std::string_view kind, std::string_view ns,
                                           std::string_view name) const {
    std::lock_guard lock(impl_->state.guard);
    const auto s = impl_->state.objects.objects().find(kind, ns, name);
    if (!s)
        return std::nullopt;
    return json::value(s->object());
}

bool api_server::remove(std::string_view kind, std::string_view ns, std::string_view name,
                        std::string_view propagation) {
    std::lock_guard lock(impl_->state.guard);
    write_request r;
    r.kind = impl_->kind_named(kind);
    if (!r.kind || !impl_->state.objects.objects().find(r.kind->storage_key, ns, name))
        return false;
    r.version = r.kind->storage_version;
    r.ns = ns;
    r.name = name;
    r.manager = r.user_agent = "fixture";
    delete_options o;
    o.propagation = propagation;
    impl_->state.objects.remove(r, o);
    return true;
}

std::vector<write_record> api_server::writes() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->state.objects.writes();
}

std::vector<read_record> api_server::reads() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->state.reads.all();
}

std::uint64_t api_server::resource_version() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->state.objects.objects().version();
}

std::size_t api_server::open_watches() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->state.open_watches;
}

std::uint64_t api_server::requests() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->state.requests;
}

bool api_server::settled() const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->idle();
}

bool api_server::wait_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto& state = impl_->state;
    while (true) {
        std::uint64_t seen = 0;
        {
            std::lock_guard lock(state.guard);
            seen = state.ticks;
        }
        if (done())
            return true;
        std::unique_lock lock(state.guard);
        if (!state.changed.wait_until(lock, deadline, [&] { return state.ticks != seen; })) {
            lock.unlock();
            return done();
        }
    }
}

void api_server::compact() {
    std::lock_guard lock(impl_->state.guard);
    impl_->state.objects.compact();
    impl_->state.api.forget_snapshots();
}

void api_server::inject(fault f) {
    std::lock_guard lock(impl_->state.guard);
    impl_->state.faults.push_back(std::move(f));
}

void api_server::clear_faults() {
    std::lock_guard lock(impl_->state.guard);
    impl_->state.faults.clear();
}

void api_server::drop_connections() {
    impl_->server.post([this] { impl_->server.drop_connections(); });
}

bool api_server::serve(std::string_view kind, std::string_view version, bool served) {
    std::lock_guard lock(impl_->state.guard);
    const bool known = impl_->state.objects.serve(kind, version, served);
    impl_->server.wake_watches();
    return known;
}

} // namespace gwctl::testing
