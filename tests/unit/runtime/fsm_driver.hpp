// Drives a reflector's state machine, with a clock that moves as the machine waits.
#pragma once

#include <runtime/reflector_fsm.hpp>
#include <support/catch.hpp>

namespace gwctl::tests {

using step = reflector_fsm::step;

struct driver {
    reflector_fsm fsm{reflector_options(), 1};
    steady_time now = steady_time() + std::chrono::hours(1);

    bool list(const std::string& version, const std::string& more = {}) {
        ListMeta page;
        page.resourceVersion = version;
        page.continue_ = more;
        fsm.listed(page, now);
        return reflector_fsm::is_last(page);
    }
    void is_absent(bool certain = false) { fsm.absent("not served", certain, now); }
    bool event(watch_event_type type, const std::string& version) {
        const bool moves = fsm.moves_version(type, version);
        fsm.watch_event(type, version);
        return moves;
    }
    void list_fails(errc code) { fsm.list_failed(api_error(code, "list failed"), now); }
    void watch_fails(errc code) { fsm.watch_failed(api_error(code, "watch failed"), now); }
    /// Waits if told to; how long.
    std::chrono::nanoseconds wait() {
        const auto todo = fsm.next();
        if (todo.what != step::wait)
            return {};
        now += std::chrono::duration_cast<steady_time::duration>(todo.delay);
        fsm.waited();
        return todo.delay;
    }
    void reach_watch(const std::string& version) {
        REQUIRE(fsm.next().what == step::list);
        REQUIRE(list(version));
        REQUIRE(fsm.next().what == step::watch);
        fsm.watch_opened(now);
    }
};

} // namespace gwctl::tests
