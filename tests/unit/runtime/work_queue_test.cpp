#include <algorithm>
#include <map>
#include <random>
#include <runtime/work_queue.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;

namespace {

const object_key a("ns", "a");
const object_key b("ns", "b");
const object_key c("ns", "c");

steady_time at(std::chrono::nanoseconds t) {
    return steady_time() + 1h + std::chrono::duration_cast<steady_time::duration>(t);
}

object_key pop_key(work_queue& q, steady_time now) {
    const auto item = q.pop(now);
    REQUIRE(item);
    return item->key;
}

} // namespace

TEST_CASE("first in, first out within a priority, higher priorities first") {
    work_queue q;
    q.add(a, at(0s), work_queue::low_priority);
    q.add(b, at(0s));
    q.add(c, at(0s));
    CHECK(pop_key(q, at(0s)) == b);
    CHECK(pop_key(q, at(0s)) == c);
    const auto last = q.pop(at(2s));
    REQUIRE(last);
    CHECK(last->key == a);
    CHECK(last->priority == work_queue::low_priority);
    CHECK(last->waited == 2s);
}

TEST_CASE("namespaces take turns, so that a thousand keys of one keep no other waiting") {
    work_queue q;
    for (int i = 0; i < 1000; ++i)
        q.add({"evil", std::to_string(i)}, at(0s));
    CHECK(pop_key(q, at(0s)).name == "0");
    q.add({"good", "a"}, at(0s));
    q.add({"good", "b"}, at(0s));
    q.add({"other", "c"}, at(0s));
    std::vector<std::string> names;
    for (int i = 0; i < 6; ++i)
        names.push_back(pop_key(q, at(0s)).name);
    // In each round one of each namespace, by age; those of one namespace in their order.
    CHECK(names == std::vector<std::string>{"1", "a", "c", "2", "b", "3"});
    q.add({"late", "d"}, at(0s)); // it has missed its turns before, and is not owed them
    q.add({"late", "e"}, at(0s));
    q.add({"late", "f"}, at(0s));
    names.clear();
    for (int i = 0; i < 4; ++i)
        names.push_back(pop_key(q, at(0s)).name);
    CHECK(names == std::vector<std::string>{"4", "d", "5", "e"});
    // A higher priority still comes first, whosever it is.
    q.add({"evil", "999"}, at(0s), 1);
    CHECK(pop_key(q, at(0s)).name == "999");
    CHECK(pop_key(q, at(0s)).name == "6");
}

TEST_CASE("pitfall 25: a key never runs twice at once, and adds while it runs give one rerun") {
    work_queue q;
    q.add(a, at(0s));
    CHECK(pop_key(q, at(0s)) == a);
    for (int i = 0; i < 5; ++i)
        q.add(a, at(1s));
    CHECK_FALSE(q.pop(at(2s)));
    q.done(a, at(2s));
    CHECK(pop_key(q, at(2s)) == a);
    q.done(a, at(2s));
    CHECK_FALSE(q.pop(at(3s)));
}

TEST_CASE("pitfall 26: an add collapses a pending delay, and of two delays the earlier stays") {
    work_queue q;
    q.add_after(a, 10s, at(0s));
    q.add_after(a, 5s, at(0s));
    q.add_after(a, 20s, at(0s));
    CHECK(q.next_due() == at(5s));
    CHECK_FALSE(q.pop(at(4s)));
    q.add(a, at(4s));
    CHECK(pop_key(q, at(4s)) == a);
    q.done(a, at(4s));
    CHECK_FALSE(q.pop(at(1h)));

    SECTION("also while the key is out") {
        q.add(a, at(1h));
        CHECK(pop_key(q, at(1h)) == a);
        q.add_after(a, 5s, at(1h));
        q.add(a, at(1h));
        q.done(a, at(1h));
        CHECK(pop_key(q, at(1h)) == a);
        q.done(a, at(1h));
        CHECK_FALSE(q.next_due());
    }
}

TEST_CASE("pitfall 27: forget makes the next failure the first") {
    work_queue q;
    q.add(a, at(0s));
    steady_time now = at(0s);
    for (int i = 0; i < 4; ++i) {
        CHECK(pop_key(q, now) == a);
        q.retry(a, now);
        q.done(a, now);
        now = *q.next_due();
    }
    CHECK(q.failures(a) == 4);
    CHECK(pop_key(q, now) == a);
    q.forget(a);
    q.done(a, now);
    CHECK(q.failures(a) == 0);
    q.add(a, now);
    CHECK(pop_key(q, now) == a);
    q.retry(a, now);
    q.done(a, now);
    CHECK(q.next_due() == now + 5ms);
}

TEST_CASE("pitfall 28: the delay doubles from 5 ms, stops at 1000 s, and never overflows") {
    work_queue q;
    q.add(a, at(0s));
    steady_time now = at(0s);
    std::chrono::nanoseconds expected = 5ms;
    for (int i = 0; i < 3000; ++i) {
        REQUIRE(q.pop(now));
        q.retry(a, now);
        q.done(a, now);
        REQUIRE(q.next_due());
        REQUIRE(*q.next_due() - now == expected);
        now = *q.next_due();
        expected = std::min<std::chrono::nanoseconds>(expected * 2, 1000s);
    }
    CHECK(q.failures(a) == 3000);

    SECTION("and neither does a delay beyond the clock's end") {
        q.add_after(b, std::chrono::nanoseconds::max(), now);
        CHECK(q.pop(now)->key == a);
        CHECK_FALSE(q.pop(now + 24h));
    }
}

TEST_CASE("pitfall 29: runs that something else triggers early do not raise the failure count") {
    work_queue q(backoff_policy{1s, 1000s, 2.0, 0.0});
    q.add(a, at(0s));
    CHECK(pop_key(q, at(0s)) == a);
    q.retry(a, at(0s));
    q.done(a, at(0s));
    for (int i = 1; i <= 9; ++i) {
        const steady_time early = at(i * 100ms);
        q.add(a, early);
        CHECK(pop_key(q, early) == a);
        q.retry(a, early);
        q.done(a, early);
        CHECK(q.failures(a) == 1);
        CHECK(q.next_due() == at(1s));
    }
    CHECK(pop_key(q, at(1s)) == a);
    q.retry(a, at(1s));
    q.done(a, at(1s));
    CHECK(q.failures(a) == 2);
    CHECK(q.next_due() == at(3s));
}

TEST_CASE("pitfall 30: a changed priority moves the key, and every key has its own delay") {
    work_queue q;
    q.add(a, at(0s), work_queue::low_priority);
    q.add(b, at(0s), work_queue::low_priority);
    q.add(b, at(1s), 0);
    q.add(b, at(1s), work_queue::low_priority); // must not sink again
    CHECK(q.depth() == 2);
    CHECK(q.depth_by_priority().at(0) == 1);
    CHECK(q.depth_by_priority().at(work_queue::low_priority) == 1);
    CHECK(pop_key(q, at(1s)) == b);
    CHECK(pop_key(q, at(1s)) == a);
    CHECK(q.depth() == 0);
    CHECK(q.depth_by_priority().at(0) == 0);

    work_queue delays;
    delays.add_after(a, 1s, at(0s));
    delays.add_after(b, 2s, at(0s));
    delays.add(c, at(0s));
    CHECK(pop_key(delays, at(0s)) == c);
    CHECK(delays.next_due() == at(1s));
    CHECK(pop_key(delays, at(1s)) == a);
    CHECK(delays.next_due() == at(2s));
}

TEST_CASE("a retry keeps the priority its run had") {
    work_queue q;
    q.add(a, at(0s), work_queue::low_priority);
    CHECK(q.pop(at(0s))->priority == work_queue::low_priority);
    q.retry(a, at(0s));
    q.done(a, at(0s));
    CHECK(q.pop(at(1s))->priority == work_queue::low_priority);
}

TEST_CASE("pitfall 31: depth counts ready keys only") {
    work_queue q;
    q.add_after(a, 5s, at(0s));
    CHECK(q.depth() == 0);
    q.add(a, at(0s));
    q.add(a, at(0s));
    CHECK(q.depth() == 1);
    CHECK(pop_key(q, at(0s)) == a);
    CHECK(q.depth() == 0);
    q.add(a, at(0s));
    CHECK(q.depth() == 0);
    q.done(a, at(0s));
    CHECK(q.depth() == 1);
    CHECK(pop_key(q, at(0s)) == a);
    q.done(a, at(0s));
    q.done(a, at(0s)); // once too often
    CHECK(q.depth() == 0);
    CHECK(q.running() == 0);
}

TEST_CASE("pitfall 32: after shut_down nothing comes out, and what is out can be done") {
    work_queue q;
    q.add(a, at(0s));
    q.add(b, at(0s));
    CHECK(pop_key(q, at(0s)) == a);
    q.shut_down();
    q.add(c, at(0s));
    CHECK_FALSE(q.pop(at(0s)));
    CHECK_FALSE(q.next_due());
    q.retry(a, at(0s));
    q.done(a, at(0s));
    CHECK_FALSE(q.pop(at(1h)));
    CHECK(q.running() == 0);
}

TEST_CASE("settled: delays that were asked for do not count, retries do until the given failure") {
    work_queue q;
    CHECK(q.settled(3, at(0s)));
    q.add(a, at(0s));
    CHECK_FALSE(q.settled(3, at(0s)));
    CHECK(pop_key(q, at(0s)) == a);
    CHECK_FALSE(q.settled(3, at(0s)));
    q.add_after(a, 5min, at(0s));
    q.done(a, at(0s));
    CHECK(q.settled(3, at(0s)));
    CHECK_FALSE(q.settled(3, at(6min)));

    steady_time now = at(6min);
    for (unsigned i = 1; i <= 3; ++i) {
        CHECK(pop_key(q, now) == a);
        q.retry(a, now);
        q.done(a, now);
        CHECK(q.settled(3, now) == (i == 3));
        now = *q.next_due();
    }
    CHECK(q.failing(3) == std::vector<std::pair<object_key, unsigned>>{{a, 3}});
}

namespace {

// The queue's contract with none of its data structures: one record per key, searched linearly. Of the order
// within a priority it knows nothing.
struct model {
    struct record {
        std::optional<steady_time> ready{}; // since
        std::optional<steady_time> due{};
        int priority = 0;
        bool out = false;
        int run_priority = 0;
        unsigned failures = 0;
        steady_time retry_at{};
    };
    std::map<object_key, record> keys;

    void add(const object_key& k, steady_time now, int p) {
        record& r = keys[k];
        const bool pending = r.ready || r.due;
        r.priority = pending ? std::max(r.priority, p) : p;
        r.due.reset();
        if (!r.ready)
            r.ready = now;
    }
    void add_after(const object_key& k, std::chrono::nanoseconds d, steady_time now, int p) {
        record& r = keys[k];
        if (r.ready)
            return;
        const steady_time due = now + std::chrono::duration_cast<steady_time::duration>(d);
        r.priority = r.due ? std::max(r.priority, p) : p;
        r.due = r.due ? std::min(*r.due, due) : due;
    }
    void promote(steady_time now) {
        std::vector<std::pair<steady_time, object_key>> due;
        for (auto& [k, r] : keys)
            if (!r.out && r.due && *r.due <= now)
                due.emplace_back(*r.due, k);
        for (auto& [t, k] : due) {
            record& r = keys[k];
            r.ready = r.due;
            r.due.reset();
        }
    }
    // All keys that may come out next: those of the highest priority.
    std::vector<object_key> candidates() const {
        std::optional<int> best;
        for (const auto& [k, r] : keys)
            if (r.ready && !r.out)
                best = best ? std::max(*best, r.priority) : r.priority;
        std::vector<object_key> out;
        for (const auto& [k, r] : keys)
            if (r.ready && !r.out && r.priority == best)
                out.push_back(k);
        return out;
    }
};

} // namespace

TEST_CASE("a key that has been ready for a minute goes before higher ones, but never two such in a row") {
    work_queue q;
    const object_key d("ns", "d");
    q.add(a, at(0s), work_queue::low_priority);
    q.add(b, at(1s), work_queue::low_priority);
    q.add(c, at(59s), 5);
    q.add(d, at(59s), 5);
    CHECK(pop_key(q, at(59s)) == c);
    CHECK(pop_key(q, at(61s)) == a);
    CHECK(pop_key(q, at(61s)) == d); // b is overdue, too, and a backlog of such would hold up d for long
    q.add(object_key("ns", "e"), at(61s), 5);
    CHECK(pop_key(q, at(61s)) == b);
    CHECK(pop_key(q, at(61s)) == object_key("ns", "e"));
    CHECK_FALSE(q.pop(at(61s)));
}

TEST_CASE("how long a key has been ready counts from the first add, at whatever priority") {
    work_queue q;
    q.add(a, at(0s), work_queue::low_priority);
    q.add(a, at(30s), -1);
    q.add(b, at(60s));
    CHECK(pop_key(q, at(60s)) == a);
}

TEST_CASE("a first list's backlog is over when each of its keys has run") {
    work_queue q;
    q.add_to_backlog(a, at(0s));
    q.add_to_backlog(a, at(0s)); // by two sources
    q.add_to_backlog(b, at(0s));
    q.add(c, at(0s));
    CHECK(q.backlog() == 2);
    CHECK(pop_key(q, at(0s)) == c);
    q.leave_backlog(c); // never was in it
    q.done(c, at(0s));
    CHECK(q.backlog() == 2);
    CHECK(q.pop(at(0s))->priority == work_queue::low_priority);
    q.done(a, at(0s)); // of a run that does not count, such as one that waits for a store
    CHECK(q.backlog() == 2);
    q.leave_backlog(a);
    CHECK(q.backlog() == 1);
    CHECK(pop_key(q, at(0s)) == b);
    q.leave_backlog(b);
    q.leave_backlog(b);
    q.done(b, at(0s));
    CHECK(q.backlog() == 0);
}

TEST_CASE("a retry comes back at its own priority, or at the one it is given") {
    work_queue q;
    q.add(a, at(0s), 3);
    CHECK(pop_key(q, at(0s)) == a);
    q.retry(a, at(0s));
    q.done(a, at(0s));
    CHECK(q.pop(at(5ms))->priority == 3);
    q.retry(a, at(5ms), -100);
    q.done(a, at(5ms));
    CHECK(q.pop(at(15ms))->priority == -100);
}

TEST_CASE("the queue does what a simple model does, over thousands of random steps") {
    const auto seed = GENERATE(range(1u, 21u));
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    work_queue q;
    model m;
    steady_time now = at(0s);
    std::vector<object_key> out;
    for (int i = 0; i < 4000; ++i) {
        now += std::chrono::milliseconds(pick(20));
        const object_key key("ns", std::to_string(pick(12)));
        const int priority = pick(3) == 0 ? work_queue::low_priority : pick(2);
        switch (pick(5)) {
        case 0:
            q.add(key, now, priority);
            m.add(key, now, priority);
            break;
        case 1: {
            const auto delay = std::chrono::milliseconds(1 + pick(100));
            q.add_after(key, delay, now, priority);
            m.add_after(key, delay, now, priority);
            break;
        }
        case 2: {
            m.promote(now);
            const auto item = q.pop(now);
            const auto allowed = m.candidates();
            REQUIRE(item.has_value() == !allowed.empty());
            if (item) {
                REQUIRE(std::find(allowed.begin(), allowed.end(), item->key) != allowed.end());
                auto& r = m.keys[item->key];
                REQUIRE(r.priority == item->priority);
                REQUIRE(now - *r.ready == item->waited);
                r.ready.reset();
                r.out = true;
                r.run_priority = item->priority;
                out.push_back(item->key);
            }
            break;
        }
        default:
            if (out.empty())
                break;
            const int which = pick(static_cast<int>(out.size()));
            const object_key finished = out[static_cast<std::size_t>(which)];
            out.erase(out.begin() + which);
            auto& r = m.keys[finished];
            if (pick(2) == 0) {
                q.retry(finished, now);
                if (r.failures == 0 || now >= r.retry_at)
                    r.retry_at = now + std::chrono::duration_cast<steady_time::duration>(
                                           backoff_policy().delay(r.failures++));
                m.add_after(finished, r.retry_at - now, now, r.run_priority);
            } else {
                q.forget(finished);
                r.failures = 0;
            }
            q.done(finished, now);
            r.out = false;
            REQUIRE(q.failures(finished) == r.failures);
        }
        std::size_t ready = 0;
        for (const auto& [k, r] : m.keys)
            ready += r.ready && !r.out ? 1 : 0;
        REQUIRE(q.depth() == ready);
        REQUIRE(q.running() == out.size());
        std::size_t by_priority = 0;
        for (const auto& [p, n] : q.depth_by_priority())
            by_priority += n;
        REQUIRE(by_priority == ready);
        std::optional<steady_time> due;
        for (const auto& [k, r] : m.keys)
            if (!r.out && r.due && (!due || *r.due < *due))
                due = r.due;
        REQUIRE(q.next_due() == due);
        for (const unsigned limit : {1u, 2u, 4u}) {
            std::vector<std::pair<object_key, unsigned>> failing;
            bool settled = ready == 0 && out.empty();
            for (const auto& [k, r] : m.keys) {
                if (r.failures >= limit)
                    failing.emplace_back(k, r.failures);
                settled = settled && !(r.due && (*r.due <= now || (r.failures > 0 && r.failures < limit)));
            }
            REQUIRE(q.failing(limit) == failing);
            REQUIRE(q.settled(limit, now) == settled);
        }
    }
}
