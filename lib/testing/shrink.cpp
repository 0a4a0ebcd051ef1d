#include <gwctl/testing/shrink.hpp>

#include <algorithm>
#include <set>

namespace gwctl::testing {
namespace {

constexpr std::string_view digits = "0123456789";

/// One call of `shrink`.
class shrinking {
public:
    shrinking(const scenario& whole, const scenario_run& run, const shrink_options& options)
        : whole_(whole), run_(run), options_(options) {}

    shrunk result() {
        out_.kept = all_of(whole_);
        out_.runs = 1;
        first_ = out_.violations = run_(whole_);
        if (first_.empty())
            return std::move(out_);
        bool smaller = true;
        while (smaller && !used_up_) {
            smaller = leave_out(&selection::mishaps);
            smaller = leave_out(&selection::steps) || smaller;
        }
        out_.is_smallest = !used_up_;
        return std::move(out_);
    }

private:
    /// All of one sort at first, then halves, and so on down to each alone. Whether something could be left out.
    bool leave_out(std::vector<std::size_t> selection::*sort) {
        bool smaller = false;
        for (std::size_t many = (out_.kept.*sort).size(); many > 0; many /= 2)
            for (std::size_t from = 0; from < (out_.kept.*sort).size();) {
                selection part = out_.kept;
                std::vector<std::size_t>& numbers = part.*sort;
                const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(from);
                numbers.erase(first,
                              first + static_cast<std::ptrdiff_t>(std::min(many, numbers.size() - from)));
                if (try_part(part))
                    smaller = true;
                else
                    from += many;
            }
        return smaller;
    }

    bool try_part(const selection& part) {
        if (used_up_ || tried_.contains(part))
            return false;
        if (out_.runs >= options_.most_runs) {
            used_up_ = true;
            return false;
        }
        ++out_.runs;
        tried_.insert(part);
        std::vector<std::string> violations = run_(part_of(whole_, part));
        if (violations.empty() || !options_.alike(first_, violations))
            return false;
        out_.kept = part;
        out_.violations = std::move(violations);
        return true;
    }

    const scenario& whole_;
    const scenario_run& run_;
    const shrink_options& options_;
    std::vector<std::string> first_;
    std::set<selection> tried_;
    shrunk out_;
    bool used_up_ = false;
};

} // namespace

std::string kind_of(std::string_view violation) {
    // "12.250 s: what": of `simulation::violated`.
    const std::size_t time = violation.find_first_not_of("0123456789.");
    if (time != 0 && time != std::string_view::npos && violation.substr(time).starts_with(" s: "))
        violation.remove_prefix(time + 4);
    std::string kind;
    while (!violation.empty()) {
        const std::size_t end = std::min(violation.find(' '), violation.size());
        const std::string_view word = violation.substr(0, end);
        kind += word.find_first_of(digits) == std::string_view::npos ? word : "#";
        violation.remove_prefix(end);
        if (!violation.empty()) {
            kind += ' ';
            violation.remove_prefix(1);
        }
    }
    return kind;
}

bool fails_alike(const std::vector<std::string>& whole, const std::vector<std::string>& part) {
    return !whole.empty() && std::any_of(part.begin(), part.end(), [kind = kind_of(whole[0])](const auto& v) {
        return kind_of(v) == kind;
    });
}

shrunk shrink(const scenario& failing, const scenario_run& run, const shrink_options& options) {
    return shrinking(failing, run, options).result();
}

} // namespace gwctl::testing
