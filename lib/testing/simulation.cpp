#include "replica.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t most_violations = 20;
/// So many handlers in a row without time passing are a loop without an end.
constexpr std::uint64_t most_turns = 2'000'000;

std::string_view to_string(log::level l) {
    constexpr std::array names{"debug", "info", "warn", "error"};
    return names.at(static_cast<std::size_t>(l));
}

/// Fowler, Noll, Vo: FNV-1a, 64 bits.
void digest_into(std::uint64_t& digest, std::string_view text) {
    for (const char c : text)
        digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211U;
}

std::vector<std::unique_ptr<detail::stand_in>> stand_ins_of(const simulation_options& o) {
    std::vector<std::unique_ptr<detail::stand_in>> all;
    if (o.workloads)
        all.push_back(detail::make_workloads());
    if (o.announcer)
        all.push_back(detail::make_announcer({}));
    return all;
}

} // namespace

class simulation::impl final : public detail::network_observer {
public:
    impl(simulation_options o, set_up c)
        : options(std::move(o)), controllers(std::move(c)), random(options.seed),
          api(time, stand_ins_of(options)), network(time, api, *this, world.get_executor(), random()),
          writers([this](std::string what) { violated(std::move(what)); }) {
        const auto pass_on = std::exchange(api.on_change, {});
        api.on_change = [this, pass_on](const detail::change& c) {
            pass_on(c);
            changed(c);
        };
        for (unsigned i = 0; i < std::max(options.replicas, 1U); ++i)
            replicas.push_back(std::make_unique<detail::replica>(
                i, options, controllers, time, network, [this](std::string w) { violated(std::move(w)); }));
        log::redirect([this](const log::record& r) { logged(r); });
    }
    ~impl() override {
        replicas.clear();
        log::redirect({});
    }

    // network_observer
    void sent(const detail::process& by, bool for_lease, const gwctl::http_request& r) override {
        ++requests;
        if (!for_lease && r.method != "GET" && r.method != "HEAD")
            writers.sent(by, time.now(), r.method + " " + r.target);
    }
    void wrote(const detail::process&, const write_record& w) override {
        if (w.resource != "leases" && w.resource != "events")
            last_write = time.now();
    }
    void learnt(const detail::process& by, const write_record& w) override {
        for (const auto& r : replicas)
            if (r->runs() && r->name() == by.name)
                r->checks().learnt(w);
    }
    void renewed(const detail::process& by) override { writers.renewed(by); }
    void came_late(const late_write& w) override { late_written(w); }
    void trace(const std::string& line) override { noted(fmt::format("{:.3f} s {}", seconds(), line)); }

    void noted(const std::string& line) {
        digest_into(digest, line + "\n");
        if (options.log)
            options.log(line);
    }
    void logged(const log::record& r) {
        std::string line =
            fmt::format("{:.3f} s {} {} {}", seconds(), running, to_string(r.severity), r.message);
        for (const log::field& f : r.fields)
            line += fmt::format(" {}=\"{}\"", f.key, f.value);
        noted(line);
    }
    double seconds() const { return std::chrono::duration<double>(time.now().time_since_epoch()).count(); }

    void violated(std::string what) {
        if (violations.size() < most_violations)
            violations.push_back(fmt::format("{:.3f} s: {}", seconds(), what));
    }

    void changed(const detail::change& c) {
        if (!api.stand_ins_idle() && !std::exchange(stand_ins_wait, true))
            asio::co_spawn(world, run_stand_ins(), asio::detached);
        if (!on_change)
            return;
        const json::value before = c.before ? json::value(c.before->object()) : json::value();
        const json::value after =
            c.type == detail::change_type::deleted ? json::value() : json::value(c.now->object());
        on_change(c.before ? &before : nullptr, c.type == detail::change_type::deleted ? nullptr : &after);
    }
    task<void> run_stand_ins() {
        co_await time.sleep_for(milliseconds(network.random(200)));
        stand_ins_wait = false;
        api.run_stand_ins();
        if (!api.stand_ins_idle() && !std::exchange(stand_ins_wait, true))
            asio::co_spawn(world, run_stand_ins(), asio::detached);
    }

    task<void> come(mishap m) {
        co_await time.sleep_for(m.at);
        if (!trouble)
            co_return;
        m.replica %= replicas.size();
        trace(describe(m));
        detail::replica& r = *replicas[m.replica];
        if (m.kind == mishap_kind::pause)
            r.stand_still_until(time.now() + milliseconds(500 + m.dice % 40000));
        else if (m.kind == mishap_kind::lease_deletion)
            delete_lease();
        else
            network.happen(m);
        if (m.kind == mishap_kind::pause)
            co_await time.sleep_for(milliseconds(500 + m.dice % 40000)); // so that time stops when it goes on
    }
    void delete_lease() {
        for (const json::value& l : api.users().objects("leases.coordination.k8s.io"))
            api.users().remove("leases.coordination.k8s.io", l.at("metadata").at("namespace").as_string(),
                               l.at("metadata").at("name").as_string(), "Background");
    }

    /// One handler of one event loop, chosen by the seed; false when none is ready.
    bool turn() {
        const std::size_t loops = 1 + 2 * replicas.size();
        const std::size_t first = network.random(loops);
        for (std::size_t i = 0; i < loops; ++i)
            if (step((first + i) % loops))
                return true;
        return false;
    }
    bool step(std::size_t loop) {
        if (loop == 0) {
            running = "world";
            world.restart();
            return world.poll_one() > 0;
        }
        detail::replica& r = *replicas[(loop - 1) / 2];
        if (r.is_to_start()) {
            r.start();
            return true;
        }
        if (!r.runs() || r.stands_still())
            return false;
        running = r.name();
        if (!r.step(loop % 2 == 0))
            return false;
        r.look_after(milliseconds(1000 + network.random(4000)));
        return true;
    }
    void drain() {
        std::uint64_t turns = 0;
        while (turn())
            if (++turns > most_turns)
                throw api_error(errc::internal_error,
                                "the simulation stands still: handlers run on and on, and no time passes");
    }
    /// Everything that happens up to `end`.
    void run_until(steady_time end, const std::function<bool()>& done) {
        while (true) {
            drain();
            if (done() || time.now() >= end)
                return;
            steady_time next = std::min(end, time.next_deadline().value_or(end));
            for (const auto& r : replicas)
                if (!r->runs())
                    next = std::min(next, std::max(r->starts_at(), time.now()));
            time.advance(next - time.now());
        }
    }

    /// What is left to do; empty: nothing.
    std::string unrest() {
        if (network.busy() || !api.stand_ins_idle())
            return "something is still on its way";
        std::string why = "no process has started its controllers";
        for (const auto& r : replicas) {
            if (!r->runs())
                return r->name() + " has not started";
            const settled_report report = r->report(api.version());
            if (report.settled && report.failing.empty())
                return {};
            if (!report.failing.empty())
                return fmt::format("{}: {} keeps failing: {}", r->name(),
                                   gwctl::to_string(report.failing[0].key), report.failing[0].last_error);
            if (report.waiting_for[0] != "controllers have not started")
                why = fmt::format("{}: {}", r->name(), fmt::join(report.waiting_for, "; "));
        }
        return why;
    }

    /// The same, looked at four times a second, since watches have to be asked how new they are.
    bool is_at_rest() {
        if (time.now() < look_again_at)
            return false;
        look_again_at = time.now() + 250ms;
        network.ask_bookmarks();
        return unrest().empty();
    }

    simulation_options options;
    set_up controllers;
    std::mt19937_64 random;
    virtual_clock time;
    asio::io_context world{1};
    detail::simulated_api api;
    detail::simulated_network network;
    detail::writer_checks writers;
    std::vector<std::unique_ptr<detail::replica>> replicas;
    std::vector<std::string> violations;
    std::function<void(const json::value*, const json::value*)> on_change;
    std::function<void(const late_write&)> late_written = [](const late_write&) {};
    std::string running = "world"; ///< whose handler runs
    std::uint64_t requests = 0;
    std::uint64_t digest = 14695981039346656037U;
    steady_time last_write{};
    steady_time look_again_at{};
    bool stand_ins_wait = false;
    bool trouble = true;
};

simulation::simulation(simulation_options options, set_up controllers)
    : impl_(std::make_unique<impl>(std::move(options), std::move(controllers))) {}
simulation::~simulation() = default;

void simulation::apply(const json::value& object) { (void)impl_->api.users().apply(object).value(); }

bool simulation::remove(std::string_view kind, std::string_view ns, std::string_view name) {
    return impl_->api.users().remove(kind, ns, name, "Background");
}
std::vector<json::value> simulation::objects(std::string_view kind) const {
    return impl_->api.users().objects(kind);
}
std::optional<json::value> simulation::get(std::string_view kind, std::string_view ns,
                                           std::string_view name) const {
    return impl_->api.users().get(kind, ns, name);
}

void simulation::expect(std::vector<mishap> mishaps) {
    impl_->trouble = true;
    for (mishap& m : mishaps)
        asio::co_spawn(impl_->world, impl_->come(m), asio::detached);
}

void simulation::run_for(nanoseconds duration) {
    impl_->run_until(impl_->time.now() + std::chrono::duration_cast<steady_time::duration>(duration),
                     [] { return false; });
}

bool simulation::run_until(const std::function<bool()>& condition, nanoseconds limit) {
    impl_->run_until(impl_->time.now() + std::chrono::duration_cast<steady_time::duration>(limit), condition);
    return condition();
}

void simulation::calm(std::chrono::minutes limit) {
    impl& w = *impl_;
    w.trouble = false;
    w.network.calm();
    for (const auto& r : w.replicas)
        r->stand_still_until({});
    const auto calm_for = std::chrono::duration_cast<steady_time::duration>(w.options.quiet_for);
    const steady_time end = w.time.now() + limit;
    bool quiet = false;
    while (!quiet && w.time.now() < end) {
        w.run_until(end, [&] { return w.is_at_rest(); });
        const steady_time rest = w.time.now();
        w.run_until(std::min(end, rest + calm_for), [&] { return w.last_write > rest; });
        quiet = w.last_write <= rest && w.time.now() >= rest + calm_for;
    }
    w.run_until(w.time.now() + 1min, [&] { return w.is_at_rest(); });
    std::string why = w.unrest();
    if (why.empty() && !quiet)
        why = "something is written again and again";
    if (!why.empty())
        return w.violated(
            fmt::format("no rest within {} min after all trouble had ended: {}", limit.count(), why));
    for (const auto& r : w.replicas)
        if (r->report(w.api.version()).settled)
            r->check_at_rest(w.api);
}

void simulation::restart() {
    impl& w = *impl_;
    for (const auto& r : w.replicas)
        r->stop();
    const auto names = [&] {
        std::vector<std::string> all;
        for (const auto& r : w.replicas)
            all.push_back(r->name());
        return all;
    };
    const auto before = names();
    w.run_until(w.time.now() + 10min, [&] {
        const auto now = names();
        return std::equal(now.begin(), now.end(), before.begin(), [](auto& a, auto& b) { return a != b; });
    });
}

nanoseconds simulation::now() const { return impl_->time.now().time_since_epoch(); }
const std::vector<std::string>& simulation::violations() const { return impl_->violations; }
void simulation::violated(std::string what) { impl_->violated(std::move(what)); }
void simulation::on_change(std::function<void(const json::value*, const json::value*)> f) {
    impl_->on_change = std::move(f);
}
void simulation::on_late_write(std::function<void(const late_write&)> f) {
    impl_->late_written = std::move(f);
}
const std::vector<write_record>& simulation::writes() const { return impl_->api.objects().writes(); }
std::uint64_t simulation::requests() const { return impl_->requests; }
std::uint64_t simulation::digest() const { return impl_->digest; }

} // namespace gwctl::testing
