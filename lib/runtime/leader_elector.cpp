#include "leader_elector.hpp"

#include "task_group.hpp"

#include <gwctl/core/log.hpp>

namespace gwctl::detail {

using coordination_v1::Lease;

namespace {

class fenced_transport final : public transport {
public:
    fenced_transport(std::shared_ptr<transport> inner, std::shared_ptr<write_fence> fence, clock& time)
        : inner_(std::move(inner)), fence_(std::move(fence)), time_(time) {}

    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (request.method != "GET" && request.method != "HEAD" && !fence_->allows(time_.now()))
            throw api_error(errc::precondition,
                            request.method + " " + request.target + ": not sent, leadership was lost");
        return inner_->send(std::move(request));
    }
    std::string_view host() const noexcept override { return inner_->host(); }

private:
    std::shared_ptr<transport> inner_;
    std::shared_ptr<write_fence> fence_;
    clock& time_;
};

client_options options_for(const leader_election_options& o, std::string user_agent) {
    client_options c;
    c.user_agent = std::move(user_agent);
    c.field_manager = "leader-election";
    // As controller-runtime: a request that hangs must leave time for another try.
    c.timeout = std::max<std::chrono::milliseconds>(std::chrono::seconds(1), o.renew_deadline / 2);
    return c;
}

/// Conditional on the version that was looked at; a merge patch leaves fields we do not know alone.
class patch lease_patch(const Lease& lease) {
    std::string body = R"({"metadata":{"resourceVersion":)";
    json::append_quoted(lease.metadata.resourceVersion, body);
    body += R"(},"spec":)" + json::encode(lease.spec) + "}";
    return patch::merge_patch(std::move(body));
}

} // namespace

std::shared_ptr<transport> make_fenced_transport(std::shared_ptr<transport> inner,
                                                 std::shared_ptr<write_fence> fence, clock& time) {
    return std::make_shared<fenced_transport>(std::move(inner), std::move(fence), time);
}

leader_elector::leader_elector(leader_election_options options, std::shared_ptr<transport> network,
                               clock& time, std::shared_ptr<write_fence> fence,
                               std::function<void()> on_elected, std::function<void()> on_lost,
                               std::string user_agent)
    : fsm_(std::move(options)), api_(std::move(network), options_for(fsm_.options(), std::move(user_agent))),
      time_(time), fence_(std::move(fence)), on_elected_(std::move(on_elected)),
      on_lost_(std::move(on_lost)) {}

void leader_elector::release() {
    releasing_ = true;
    releasing_changed_.notify_all();
}

void leader_elector::say(const std::string& what) {
    const auto& o = fsm_.options();
    log::info(what,
              {{"lease", o.namespace_ + "/" + o.name}, {"identity", o.identity}, {"holder", fsm_.holder()}});
}

task<void> leader_elector::run() {
    say("competing for the lease");
    while (!releasing_) {
        lease_fsm::todo todo = fsm_.next(time_.now(), time_.wall_now());
        if (todo.what == lease_fsm::step::lost) {
            fence_->allow_until(time_.now());
            say("lost the lease");
            on_lost_();
            co_return;
        }
        if (todo.what == lease_fsm::step::wait) {
            if (!fsm_.leading() && fsm_.holder() != known_holder_) {
                known_holder_ = fsm_.holder();
                say("another process holds the lease");
            }
            co_await sleep_or_notified(time_, todo.until, releasing_changed_);
            continue;
        }
        co_await attempt(std::move(todo));
        if (fsm_.leading()) {
            fence_->allow_until(fsm_.valid_until());
            if (!std::exchange(elected_, true)) {
                say("acquired the lease");
                on_elected_();
            }
        }
    }
    co_await hand_over();
}

task<void> leader_elector::attempt(lease_fsm::todo todo) {
    const object_key key(fsm_.options().namespace_, fsm_.options().name);
    const steady_time sent = time_.now();
    std::exception_ptr failure;
    errc code = errc::internal_error;
    try {
        if (todo.what == lease_fsm::step::get) {
            Lease lease = co_await api_.get<Lease>(key);
            fsm_.got(std::move(lease), time_.now());
        } else if (todo.what == lease_fsm::step::create) {
            Lease lease = co_await api_.create<Lease>(std::move(todo.lease));
            fsm_.wrote(std::move(lease), sent, time_.now());
        } else {
            class patch change = lease_patch(todo.lease);
            Lease lease = co_await api_.patch<Lease>(key, std::move(change));
            fsm_.wrote(std::move(lease), sent, time_.now());
        }
    } catch (const api_error& e) {
        code = e.code();
        failure = std::current_exception();
    }
    if (!failure)
        co_return;
    if (code == errc::not_found && todo.what == lease_fsm::step::get) {
        fsm_.got_nothing();
    } else if (code == errc::conflict || code == errc::already_exists || code == errc::not_found) {
        fsm_.conflicted(time_.now());
    } else {
        log::warn("a request for the lease failed",
                  {{"lease", to_string(key)}, {"error", what_of(failure)}, {"leading", fsm_.leading()}});
        fsm_.failed(time_.now());
    }
}

task<void> leader_elector::hand_over() {
    const object_key key(fsm_.options().namespace_, fsm_.options().name);
    // A conflict can only come from a renewal whose answer we never got, so a second look settles it.
    for (int tries = 0; tries < 3; ++tries) {
        std::optional<Lease> released = fsm_.release(time_.wall_now());
        if (!released)
            co_return;
        fence_->allow_until(time_.now());
        std::exception_ptr failure;
        bool conflict = false;
        try {
            class patch change = lease_patch(*released);
            co_await api_.patch<Lease>(key, std::move(change));
        } catch (const api_error& e) {
            failure = std::current_exception();
            conflict = e.code() == errc::conflict;
        }
        if (!failure) {
            say("released the lease");
            co_return;
        }
        if (!conflict) {
            log::warn("the lease could not be released; it runs out by itself",
                      {{"error", what_of(failure)}});
            co_return;
        }
        try {
            Lease now = co_await api_.get<Lease>(key);
            fsm_.got(std::move(now), time_.now());
        } catch (const api_error& e) {
            log::warn("the lease could not be released; it runs out by itself", {{"error", e.what()}});
            co_return;
        }
    }
}

} // namespace gwctl::detail
