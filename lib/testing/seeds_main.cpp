#include <gwctl/testing/seeds.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <span>

namespace gwctl::testing {
namespace {

struct wish {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
    std::optional<std::vector<std::size_t>> steps{};
    std::optional<std::vector<std::size_t>> mishaps{};
    unsigned most_runs = 200;
    bool log = false;
    bool list = false;
    bool twice = false;
    bool help = false;
};

template <class Number>
Number number(std::string_view option, std::string_view text) {
    Number n{};
    const char* const end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, n);
    if (failed != std::errc() || at != end)
        throw api_error(errc::config, fmt::format("{}: expected a number, got '{}'", option, text));
    return n;
}

wish parse(std::span<const char* const> arguments, const seed_program& p) {
    wish w;
    w.first = p.first;
    w.last = p.last;
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        const std::string_view option = *at;
        const auto value = [&]() -> std::string_view {
            if (++at == arguments.end())
                throw api_error(errc::config, fmt::format("{} needs a value", option));
            return *at;
        };
        if (option == "--seed") {
            const std::string_view range = value();
            const std::size_t dash = range.find('-');
            w.first = number<std::uint64_t>(option, range.substr(0, dash));
            w.last = dash == std::string_view::npos ? w.first
                                                    : number<std::uint64_t>(option, range.substr(dash + 1));
        } else if (option == "--steps") {
            w.steps = parse_numbers(value()).value();
        } else if (option == "--mishaps") {
            w.mishaps = parse_numbers(value()).value();
        } else if (option == "--most-runs") {
            w.most_runs = number<unsigned>(option, value());
        } else if (option == "--log") {
            w.log = true;
        } else if (option == "--list") {
            w.list = true;
        } else if (option == "--twice") {
            w.twice = true;
        } else if (option == "--help") {
            w.help = true;
        } else {
            throw api_error(errc::config, fmt::format("unknown option '{}'; --help lists them", option));
        }
    }
    if (w.first > w.last)
        throw api_error(errc::config, fmt::format("there are no seeds from {} to {}", w.first, w.last));
    if ((w.steps || w.mishaps || w.log) && w.first != w.last)
        throw api_error(errc::config, "--steps, --mishaps and --log go with one seed: --seed N");
    return w;
}

void help(std::ostream& out, const std::string& program, const seed_program& p) {
    out << fmt::format(R"({} [OPTION...]: runs a simulation under seeds {} to {}

  --seed N         one seed
  --seed N-M       these seeds
  --steps 0,3      only these steps of the scenario, or none
  --mishaps 2,5    only these mishaps, or none
  --log            show all requests and what processes log
  --list           show the steps and mishaps with their numbers, and run nothing
  --twice          run each seed twice; it fails when the runs differ
  --most-runs N    how many runs may be spent on shrinking the first seed that fails; 0: none
)",
                       program, p.first, p.last);
}

class seeds_run {
public:
    seeds_run(std::string program, wish w, const seed_program& p, std::ostream& out)
        : program_(std::move(program)), wish_(std::move(w)), p_(p), out_(out) {}

    int run() {
        for (std::uint64_t seed = wish_.first; seed <= wish_.last; ++seed) {
            if (wish_.list)
                list(seed);
            else
                (wish_.twice ? is_same_twice(seed) : passes(seed)) ? ++passed_ : ++failed_;
            if (seed == UINT64_MAX)
                break;
        }
        if (!wish_.list)
            out_ << fmt::format("{} passed, {} failed\n", passed_, failed_);
        return failed_ == 0 ? 0 : 1;
    }

private:
    selection kept_of(const scenario& whole) const {
        selection kept = all_of(whole);
        kept.steps = wish_.steps.value_or(kept.steps);
        kept.mishaps = wish_.mishaps.value_or(kept.mishaps);
        return kept;
    }
    void list(std::uint64_t seed) {
        const scenario whole = p_.draw(seed);
        out_ << fmt::format("seed {}:\n", seed);
        for (const std::string& line : describe(whole, kept_of(whole)))
            out_ << "  " << line << "\n";
    }
    bool is_same_twice(std::uint64_t seed) {
        const auto difference = difference_between_runs(p_, seed);
        if (difference)
            out_ << fmt::format("seed {}: two runs of it differ, first at {}\n", seed, *difference);
        return !difference;
    }
    bool passes(std::uint64_t seed) {
        std::function<void(const std::string&)> log;
        if (wish_.log)
            log = [this](const std::string& line) { out_ << line << "\n"; };
        const bool partly = wish_.steps || wish_.mishaps;
        std::optional<selection> kept;
        if (partly)
            kept = kept_of(p_.draw(seed));
        const std::vector<std::string> violations = run_seed(p_, seed, kept, log);
        if (violations.empty())
            return true;
        for (const std::string& v : violations)
            out_ << fmt::format("seed {}: {}\n", seed, v);
        if (!partly && failed_ == 0 && wish_.most_runs > 0)
            make_smaller(seed);
        return false;
    }
    void make_smaller(std::uint64_t seed) {
        out_ << fmt::format("looking for the fewest steps and mishaps that lead there, in at most {} runs\n",
                            wish_.most_runs)
             << std::flush;
        shrink_options o;
        o.most_runs = wish_.most_runs;
        if (const auto f = run_seeds(p_, seed, seed, o))
            out_ << describe(p_, *f, program_) << std::flush;
        else
            out_ << "it did not fail when it was run again; --twice shows where runs differ\n";
    }

    std::string program_;
    wish wish_;
    const seed_program& p_;
    std::ostream& out_;
    std::size_t passed_ = 0;
    std::size_t failed_ = 0;
};

} // namespace

int seeds_main(int argc, const char* const* argv, const seed_program& p) {
    return seeds_main(argc, argv, p, std::cout);
}

int seeds_main(int argc, const char* const* argv, const seed_program& p, std::ostream& out) {
    const std::span all(argv, static_cast<std::size_t>(std::max(argc, 0)));
    const std::string program = all.empty() ? "" : all[0];
    try {
        const wish w = parse(all.subspan(std::min<std::size_t>(all.size(), 1)), p);
        if (w.help) {
            help(out, program, p);
            return 0;
        }
        return seeds_run(program, w, p, out).run();
    } catch (const api_error& e) {
        out << fmt::format("{}: {}\n", program, e.what());
        return 2;
    }
}

} // namespace gwctl::testing
