// How a test learns that a manager has nothing left to do.

#include "list_page.hpp"
#include "manager_core.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace gwctl {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

/// How long one list may be waited for before a newer one takes its place.
constexpr milliseconds list_lifetime(1000);

/// Rounded up, so that a wait for as long ends no sooner than the deadline.
milliseconds until(std::chrono::steady_clock::time_point deadline) {
    const auto left = deadline - std::chrono::steady_clock::now();
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

settled_report unsettled(std::string why) {
    settled_report r;
    r.waiting_for.push_back(std::move(why));
    return r;
}

} // namespace

manager::core::cache_goal manager::core::has_seen(std::string resource_version) {
    return [version = std::move(resource_version)](const cached_kind& k) {
        return k.table->has_seen(version)
                   ? std::string()
                   : fmt::format("{}: at resourceVersion {}, not yet at {}", k.kind->type.qualified_name(),
                                 k.table->resource_version(), version);
    };
}

settled_report manager::wait_settled(std::string resource_version, milliseconds timeout) {
    return core_->wait_settled(core::has_seen(std::move(resource_version)), timeout);
}

settled_report manager::wait_settled(milliseconds timeout) {
    if (core_->ended_)
        return unsettled("the manager has ended");
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    settled_report r = unsettled(
        "the manager's lists of its kinds have not come: it does not run, or the API server is slow");
    do {
        auto done = std::make_shared<std::promise<std::vector<core::fresh_list>>>();
        auto answer = done->get_future();
        asio::post(core_->main_, [c = core_.get(), done = std::move(done)] {
            if (!c->draining_)
                c->listings_.spawn("lists for wait_settled", c->list_caches(done));
        });
        if (answer.wait_for(until(deadline)) != std::future_status::ready)
            break;
        std::vector<core::fresh_list> lists;
        try {
            lists = answer.get();
        } catch (const std::future_error&) { // nobody made them
            return unsettled("the manager has ended");
        }
        const auto goal = [lists = std::move(lists)](const core::cached_kind& k) {
            for (const core::fresh_list& l : lists) {
                if (l.kind != &k || k.table->state() == store_state::not_served)
                    continue;
                if (l.failure.empty() && k.table->has_caught_up(l.objects, l.resource_version))
                    continue;
                const std::string kind = k.kind->type.qualified_name();
                return l.failure.empty() ? fmt::format("{}: at resourceVersion {}, a list showed {}", kind,
                                                       k.table->resource_version(), l.resource_version)
                                         : fmt::format("{}: {}", kind, l.failure);
            }
            return std::string();
        };
        r = core_->wait_settled(goal, std::min(until(deadline), list_lifetime));
    } while (!r.settled && !core_->ended_ && until(deadline) > milliseconds(0));
    return r;
}

settled_report manager::core::wait_settled(cache_goal goal, milliseconds timeout) {
    if (ended_)
        return unsettled("the manager has ended");
    auto request = std::make_shared<settle_request>();
    request->goal = std::move(goal);
    auto answer = request->done.get_future();
    asio::post(main_, [this, request] {
        settle_requests_.push_back(request);
        progress();
    });
    if (answer.wait_for(timeout) == std::future_status::ready)
        return answer.get();

    if (ended_)
        return unsettled("the manager has ended");
    // Too late: say what is missing, if the manager still runs.
    auto state = std::make_shared<std::promise<settled_report>>();
    auto now = state->get_future();
    asio::post(main_, [this, request, state] {
        std::erase(settle_requests_, request);
        state->set_value(report(request->goal));
    });
    if (now.wait_for(std::chrono::seconds(5)) == std::future_status::ready)
        return now.get();
    return unsettled("the manager does not run, or its thread is blocked");
}

task<void> manager::core::list_caches(std::shared_ptr<std::promise<std::vector<fresh_list>>> done) {
    std::vector<fresh_list> lists;
    for (std::size_t i = 0; i < caches_.size(); ++i) { // by position: more may come meanwhile
        fresh_list l;
        l.kind = caches_[i].get();
        try {
            co_await list_cache(l);
        } catch (const api_error& e) {
            l.failure = e.what();
        }
        lists.push_back(std::move(l));
    }
    done->set_value(std::move(lists));
}

task<void> manager::core::list_cache(fresh_list& into) {
    const detail::kind_ops& kind = *into.kind->kind;
    const detail::object_table& table = *into.kind->table;
    const cache_scope& scope = table.scope();
    std::string next_page;
    std::size_t part = 0;
    do {
        list_options options;
        options.namespace_ = table.namespace_of(part);
        options.label_selector = scope.label_selector;
        options.field_selector = scope.field_selector;
        options.continue_ = std::move(next_page);
        const ListMeta meta = co_await detail::list_page(api_, kind, std::move(options), into.objects);
        into.resource_version = meta.resourceVersion;
        next_page = meta.continue_;
        part += next_page.empty() ? 1 : 0;
    } while (part < table.parts());
}

settled_report manager::core::report(const cache_goal& goal) const {
    settled_report r;
    if (!controlling_)
        r.waiting_for.push_back(draining_ ? "the manager is stopping" : "controllers have not started");
    for (const auto& k : caches_) {
        const store_state state = k->table->state();
        if (k->optional && (state == store_state::denied || state == store_state::failing))
            continue;
        if (state == store_state::denied && k->table->usable())
            continue;
        std::string missing = k->table->synced() ? goal(*k) : state_of(*k);
        if (!missing.empty())
            r.waiting_for.push_back(std::move(missing));
    }
    for (const auto& c : controllers_)
        c->report(r);
    if (!events_.idle())
        r.waiting_for.push_back("Events: some are still to be written");
    r.settled = r.waiting_for.empty();
    return r;
}

void manager::core::progress() {
    publish_readiness();
    // A goal may look at every object, so it comes last: this is called after every reconcile.
    const auto busy = [](const auto& c) { return c->is_busy(); };
    if (!events_.idle() || std::any_of(controllers_.begin(), controllers_.end(), busy))
        return;
    for (std::size_t i = 0; i < settle_requests_.size();) {
        settled_report r = report(settle_requests_[i]->goal);
        if (!r.settled) {
            ++i;
            continue;
        }
        settle_requests_[i]->done.set_value(std::move(r));
        settle_requests_.erase(settle_requests_.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

} // namespace gwctl
