#include "leader_elector.hpp"

#include "../client/status_error.hpp"
#include "task_group.hpp"

#include <gwctl/core/log.hpp>

namespace gwctl::detail {

using coordination_v1::Lease;

namespace {

client_options options_for(const leader_election_options& o, std::string user_agent, clock& time) {
    client_options c;
    c.time = &time;
    c.user_agent = std::move(user_agent);
    c.field_manager = "leader-election";
    // A request that hangs must leave time for another try. As controller-runtime, but never longer than the deadline.
    c.timeout = std::max(o.renew_deadline / 2, std::min<std::chrono::milliseconds>(std::chrono::seconds(1),
                                                                                   o.renew_deadline * 3 / 4));
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

leader_elector::leader_elector(leader_election_options options, std::shared_ptr<transport> network,
                               clock& time, std::shared_ptr<write_fence> fence, callbacks tell,
                               std::string user_agent)
    : fsm_(std::move(options)),
      api_(std::move(network), options_for(fsm_.options(), std::move(user_agent), time)), time_(time),
      fence_(std::move(fence)), tell_(std::move(tell)) {}

void leader_elector::release() {
    releasing_ = true;
    releasing_changed_.notify_all();
}

void leader_elector::say(const std::string& what) {
    const auto& o = fsm_.options();
    log::info(what,
              {{"lease", o.namespace_ + "/" + o.name}, {"identity", o.identity}, {"holder", fsm_.holder()}});
}

/// Moves the fence to where the state machine is.
void leader_elector::publish() {
    if (fsm_.waits_to_lead() && !std::exchange(told_of_waiting_, true))
        say("created the lease; acting when a former holder's time is over, which may not have noticed yet "
            "that "
            "its lease is gone");
    if (!fsm_.leading())
        return;
    if (fsm_.in_doubt()) {
        fence_->hold_until(fsm_.valid_until());
    } else {
        fence_->open_until(fsm_.valid_until());
    }
    if (!std::exchange(elected_, true)) {
        say("acquired the lease");
        tell_.elected();
    }
}

task<void> leader_elector::run() {
    say("competing for the lease");
    while (!releasing_) {
        const boot_time now = time_.boot_now();
        lease_fsm::todo todo = fsm_.next(now, time_.wall_now());
        if (todo.what == lease_fsm::step::lost) {
            fence_->close(now);
            say("lost the lease");
            tell_.lost();
            co_return;
        }
        publish();
        if (todo.what == lease_fsm::step::wait) {
            if (!fsm_.leading() && fsm_.holder() != known_holder_) {
                known_holder_ = fsm_.holder();
                if (fsm_.held_by_another())
                    say("another process holds the lease");
            }
            co_await sleep_or_notified(time_, time_.now() + (todo.until - now), releasing_changed_);
            continue;
        }
        co_await attempt(std::move(todo));
    }
    co_await hand_over();
}

task<Lease> leader_elector::ask(lease_fsm::todo todo) {
    const object_key key(fsm_.options().namespace_, fsm_.options().name);
    Lease answer;
    if (todo.what == lease_fsm::step::get) {
        answer = co_await api_.get<Lease>(key);
    } else if (todo.what == lease_fsm::step::create) {
        answer = co_await api_.create<Lease>(std::move(todo.lease));
    } else {
        class patch change = lease_patch(todo.lease);
        answer = co_await api_.patch<Lease>(key, std::move(change));
    }
    fsm_.check(answer).value();
    co_return answer;
}

task<void> leader_elector::attempt(lease_fsm::todo todo) {
    const boot_time sent = time_.boot_now();
    const lease_fsm::step what = todo.what;
    std::optional<api_error> failure;
    bool is_gone = false;
    try {
        Lease answer = co_await ask(std::move(todo));
        if (what == lease_fsm::step::get)
            fsm_.got(std::move(answer), time_.boot_now());
        else if (answer.spec.holderIdentity == fsm_.options().identity)
            fsm_.wrote(std::move(answer), sent, time_.boot_now());
        else
            fsm_.conflicted(time_.boot_now());
    } catch (const object_missing_error& e) {
        failure = e;
        is_gone = e.name == fsm_.options().name;
    } catch (const api_error& e) {
        failure = e;
    }
    if (!failure) {
        succeeded(what);
        co_return;
    }
    // A 404 that does not name the Lease says nothing about it: a proxy's page, a namespace that is gone.
    if (what == lease_fsm::step::get && is_gone)
        fsm_.got_nothing();
    else if (what == lease_fsm::step::create && failure->code() == errc::already_exists)
        fsm_.conflicted(time_.boot_now());
    else if (what == lease_fsm::step::update && (is_gone || failure->code() == errc::conflict))
        fsm_.conflicted(time_.boot_now());
    else
        failed(*failure);
}

/// Told once, and again after a success: it is tried every few seconds.
void leader_elector::failed(const api_error& e) {
    fsm_.failed(time_.boot_now());
    if (!fsm_.leading())
        tell_.blind(e.what());
    if (told_.insert(e.code()).second)
        log::warn("a request for the lease failed; trying again",
                  {{"lease", fsm_.options().namespace_ + "/" + fsm_.options().name}, {"error", e.what()}});
}

void leader_elector::succeeded(lease_fsm::step what) {
    if (what == lease_fsm::step::get && !fsm_.held_by_another())
        return; // whether it can be taken is yet to be seen
    told_.clear();
    tell_.blind({});
}

task<void> leader_elector::hand_over() {
    const object_key key(fsm_.options().namespace_, fsm_.options().name);
    // A conflict can only come from a renewal whose answer we never got, so a second look settles it.
    for (int tries = 0; tries < 3; ++tries) {
        std::optional<Lease> released = fsm_.release(time_.wall_now());
        if (!released)
            co_return;
        fence_->close(time_.boot_now());
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
            fsm_.check(now).value();
            fsm_.got(std::move(now), time_.boot_now());
        } catch (const api_error& e) {
            log::warn("the lease could not be released; it runs out by itself", {{"error", e.what()}});
            co_return;
        }
    }
}

} // namespace gwctl::detail
