// Several candidates and a server that takes its time.
#include "lease_candidate.hpp"

#include <list>
#include <random>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

/// One Lease on a server that takes its time, also for requests whose senders have given up.
struct slow_server {
    struct request {
        lease_fsm::todo todo{};
        boot_time applied_at{};
        bool done = false;
        bool refused = false;
        std::optional<Lease> answer{};
    };
    std::optional<Lease> lease{};
    int version = 0;
    int uids = 0;
    std::list<std::shared_ptr<request>> under_way{};

    void carry_out(boot_time now) {
        under_way.remove_if([&](const auto& r) {
            if (now < r->applied_at)
                return false;
            carry_out(*r);
            return true;
        });
    }

private:
    void carry_out(request& r) {
        r.done = true;
        if (r.todo.what == step::create && !lease) {
            lease = r.todo.lease;
            lease->metadata.uid = std::to_string(++uids);
        } else if (r.todo.what == step::update && lease &&
                   r.todo.lease.metadata.resourceVersion == lease->metadata.resourceVersion) {
            lease->spec = r.todo.lease.spec;
        } else {
            r.refused = r.todo.what != step::get;
            r.answer = lease;
            return;
        }
        lease->metadata.resourceVersion = std::to_string(++version);
        r.answer = lease;
    }
};

} // namespace

TEST_CASE("never two leaders, whatever fails, however slow the answers are, and whoever deletes the Lease") {
    const auto seed = GENERATE(range(1u, 41u));
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };

    // Candidates that run by the same monotonic time but each with a calendar of its own.
    slow_server server;
    int leaderships = 0;
    struct process {
        candidate c;
        bool was_leading = false;
        std::shared_ptr<slow_server::request> sent{};
        boot_time sent_at{};
        boot_time answered{};
    };
    std::vector<std::unique_ptr<process>> all;
    int born = 0;
    const auto make = [&] {
        auto p = std::make_unique<process>(process{candidate("p" + std::to_string(++born))});
        p->c.wall += std::chrono::hours(pick(1000) - 500);
        return p;
    };
    for (int i = 0; i < 3; ++i)
        all.push_back(make());

    const boot_time start = boot_time() + 1h;
    for (int tick = 0; tick < 6000; ++tick) {
        const boot_time now = start + tick * 100ms;
        server.carry_out(now);
        for (auto& p : all) {
            p->c.wall += 100ms;
            p->c.now = now;
            if (p->sent) {
                if (now < p->answered)
                    continue;
                const auto r = std::exchange(p->sent, nullptr);
                if (!r->done || pick(10) == 0) // the answer is late, or lost
                    p->c.fsm.failed(now);
                else if (r->refused)
                    p->c.fsm.conflicted(now);
                else if (r->todo.what != step::get)
                    p->c.fsm.wrote(*r->answer, p->sent_at, now);
                else
                    r->answer ? p->c.fsm.got(*r->answer, now) : p->c.fsm.got_nothing();
                continue;
            }
            const auto todo = p->c.next();
            if (todo.what == step::wait)
                continue;
            if (todo.what == step::lost) {
                p = make(); // the process exits and is started again
                continue;
            }
            p->sent = std::make_shared<slow_server::request>();
            p->sent->todo = todo;
            p->sent_at = now;
            p->answered = now + std::chrono::milliseconds(pick(20) == 0 ? pick(5000) : pick(300));
            p->sent->applied_at = now + std::chrono::milliseconds(pick(20) == 0 ? pick(40000) : pick(200));
            if (pick(15) != 0) // else the request never arrives
                server.under_way.push_back(p->sent);
        }
        int leading = 0;
        for (auto& p : all) {
            const bool leads = p->c.fsm.leading() && now < p->c.fsm.valid_until();
            leaderships += leads && !p->was_leading ? 1 : 0;
            p->was_leading = leads;
            leading += leads ? 1 : 0;
        }
        REQUIRE(leading <= 1);
        if (pick(600) == 0) // a crash
            all[static_cast<std::size_t>(pick(3))] = make();
        if (pick(400) == 0) // somebody cleans up
            server.lease.reset();
    }
    CHECK(leaderships > 0);
}
