#include "fixtures.hpp"
#include "http_server.hpp"
#include "stand_ins.hpp"

#include <gwctl/testing/api_server.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace gwctl::testing {

using namespace detail;

namespace {

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

    api_server_options options;
    shared_state state;
    fixtures users{state.objects};
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
    return impl_->users.apply(object);
}

result<json::value> api_server::apply_status(const json::value& object) {
    std::lock_guard lock(impl_->state.guard);
    return impl_->users.apply_status(object);
}

std::vector<json::value> api_server::objects(std::string_view kind) const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->users.objects(kind);
}

std::optional<json::value> api_server::get(std::string_view kind, std::string_view ns,
                                           std::string_view name) const {
    std::lock_guard lock(impl_->state.guard);
    return impl_->users.get(kind, ns, name);
}

bool api_server::remove(std::string_view kind, std::string_view ns, std::string_view name,
                        std::string_view propagation) {
    std::lock_guard lock(impl_->state.guard);
    return impl_->users.remove(kind, ns, name, propagation);
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
