#include "pool_entry.hpp"

#include <gwctl/ipam/pool.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <utility>

namespace gwctl::ipam {
namespace {

using detail::entry;
using detail::entry_form;

// Leaving out .0 and .255 cuts a range into /24s, so this bounds a key at 65536 of them.
constexpr std::uint64_t most_v4_addresses = std::uint64_t{1} << 24U;

constexpr std::string_view global = "global";
constexpr std::string_view limit_prefix = "limit-";

std::string_view trimmed(std::string_view s) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = s.find_first_not_of(blanks);
    return first == s.npos ? std::string_view() : s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

// What a key's value says.
struct address_list {
    interval_set covered{}; // all that the text covers
    interval_set usable{};  // without what the forms leave out
    std::vector<std::string> warnings{};
};

void insert_usable(interval_set& to, const entry& e, bool skip_ends) {
    ip_address first = e.range.first;
    ip_address last = e.range.last;
    const int host_bits = first.bits() - e.prefix_length;
    if (e.form == entry_form::cidr && skip_ends && host_bits > 1) {
        first = first + 1;
        if (first.family() == ip_family::ipv4) {
            last = last - 1;
        }
    }
    if (e.form != entry_form::range || first.family() == ip_family::ipv6) {
        to.insert({first, last});
        return;
    }
    for (uint128 block = first.number() >> 8U; block <= last.number() >> 8U; ++block) {
        const ip_address low = std::max(first, ip_address(ip_family::ipv4, (block << 8U) | 1U));
        const ip_address high = std::min(last, ip_address(ip_family::ipv4, (block << 8U) | 254U));
        if (low <= high) {
            to.insert({low, high});
        }
    }
}

std::optional<address_list> parse_list(std::string_view key, std::string_view text, bool skip_ends,
                                       std::vector<std::string>& errors) {
    if (trimmed(text).empty()) {
        errors.push_back(
            fmt::format("{}: is empty; expected addresses, for example 192.168.1.10-192.168.1.20, or no "
                        "such key",
                        key));
        return std::nullopt;
    }
    address_list list;
    const std::size_t errors_before = errors.size();
    std::vector<entry> entries;
    int number = 0;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        const std::string_view item = trimmed(text.substr(begin, comma - begin));
        begin = comma + 1;
        ++number;
        const auto place = [&] { return fmt::format("{}: \"{}\" (entry {})", key, item, number); };
        result<entry> e = detail::parse_entry(item);
        if (!e) {
            errors.push_back(fmt::format("{}: {}", place(), e.error().message));
            continue;
        }
        if (!e->warning.empty()) {
            list.warnings.push_back(fmt::format("{} {}", place(), e->warning));
        }
        if (list.covered.intersects(e->range)) {
            list.warnings.push_back(
                fmt::format("{} overlaps the entries before it; it adds what they lack", place()));
        }
        list.covered.insert(e->range);
        entries.push_back(*std::move(e));
    }
    if (list.covered.size(ip_family::ipv4) > most_v4_addresses) {
        errors.push_back(fmt::format("{}: has {} IPv4 addresses; expected at most {}", key,
                                     list.covered.size(ip_family::ipv4), most_v4_addresses));
    }
    if (errors.size() > errors_before) {
        return std::nullopt;
    }
    for (const entry& e : entries) {
        insert_usable(list.usable, e, skip_ends);
    }
    return list;
}

std::optional<search_order> parse_order(std::string_view key, std::string_view text,
                                        std::vector<std::string>& errors) {
    if (text == "asc" || text == "desc") {
        return text == "asc" ? search_order::ascending : search_order::descending;
    }
    errors.push_back(fmt::format("{}: expected asc or desc, got \"{}\"", key, text));
    return std::nullopt;
}

std::optional<bool> parse_bool(std::string_view key, std::string_view text,
                               std::vector<std::string>& errors) {
    if (text == "true" || text == "false") {
        return text == "true";
    }
    errors.push_back(fmt::format("{}: expected true or false, got \"{}\"", key, text));
    return std::nullopt;
}

std::optional<std::uint64_t> parse_limit(std::string_view key, std::string_view text,
                                         const std::string& source, std::vector<std::string>& errors) {
    std::uint64_t limit = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (failed == std::errc() && end == text.data() + text.size()) {
        return limit;
    }
    constexpr std::size_t longest_shown = 40;
    errors.push_back(fmt::format(
        "{}: expected how many addresses one namespace may have, a whole number such as 4, got {}; "
        "correct or remove it in {}",
        key,
        text.size() <= longest_shown ? fmt::format("\"{}\"", text)
                                     : fmt::format("a text of {} bytes", text.size()),
        source));
    return std::nullopt;
}

// Of a pool or an exclusion: its kind is the part before the first dash.
struct list_key {
    std::string kind{};
    std::string owner{}; // the namespace, or "global"
};

std::optional<list_key> split_key(std::string_view key) {
    for (const std::string_view kind : {"cidr", "range", "exclude"}) {
        if (key.starts_with(kind) && key.substr(kind.size()).starts_with('-')) {
            return list_key{std::string(kind), std::string(key.substr(kind.size() + 1))};
        }
    }
    return std::nullopt;
}

bool is_namespace(std::string_view name) {
    const auto is_label_char = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
           std::all_of(name.begin(), name.end(), is_label_char);
}

class reader {
public:
    reader(pool_config& config, const std::map<std::string, std::string>& data, const pool_config& previous)
        : config_(config), data_(data), previous_(previous) {}

    void read() {
        if (const auto order = option<search_order>("search-order", parse_order)) {
            config_.order = *order;
        }
        skip_ends_ = option<bool>("skip-end-ips-in-cidr", parse_bool).value_or(true);
        for (const auto& [key, text] : data_) {
            if (const auto parts = split_key(key)) {
                read_list(key, *parts, text);
            } else if (key.starts_with(limit_prefix)) {
                read_limit(key, text);
            } else if (key.starts_with("allow-share-") || key.starts_with("interface-")) {
                warn(fmt::format("{}: is a setting for kube-vip's cloud provider and has no effect here",
                                 key));
            } else if (key != "search-order" && key != "skip-end-ips-in-cidr") {
                warn(fmt::format("{}: unknown key, ignored; expected range-NAMESPACE, cidr-NAMESPACE, "
                                 "exclude-NAMESPACE, limit-NAMESPACE (or -global), search-order or "
                                 "skip-end-ips-in-cidr",
                                 key));
            }
        }
        warn_of_overlaps();
        exclude();
    }

private:
    struct source_range {
        address_range range{};
        const pool* of = nullptr;
    };

    void warn(std::string line) { config_.warnings.push_back(std::move(line)); }

    // Reads the text of a key; without a value it has added to the errors.
    template <class T>
    using parser =
        std::function<std::optional<T>(std::string_view, std::string_view, std::vector<std::string>&)>;

    // The value of a key by `parse`, or of the text before when this one is broken.
    template <class T>
    std::optional<T> parsed(const std::string& key, std::string_view text, std::string_view otherwise,
                            const parser<T>& parse) {
        const std::size_t errors_before = config_.errors.size();
        std::optional<T> value = parse(key, text, config_.errors);
        if (value) {
            config_.accepted[key] = text;
            return value;
        }
        std::string_view consequence = otherwise;
        const auto before = previous_.accepted.find(key);
        if (before != previous_.accepted.end()) {
            std::vector<std::string> unexpected; // options may have changed since
            value = parse(key, before->second, unexpected);
            if (value) {
                config_.accepted[key] = before->second;
                consequence = "the value before stays in use";
            }
        }
        for (std::size_t i = errors_before; i < config_.errors.size() && !consequence.empty(); ++i) {
            config_.errors[i] += fmt::format(" ({})", consequence);
        }
        return value;
    }

    template <class T>
    std::optional<T> option(const std::string& key, const parser<T>& parse) {
        const auto it = data_.find(key);
        if (it == data_.end()) {
            return std::nullopt;
        }
        return parsed<T>(key, trimmed(it->second), "the default is used", parse);
    }

    bool has_owner(const std::string& key, const list_key& parts) {
        if (is_namespace(parts.owner)) {
            return true;
        }
        config_.errors.push_back(fmt::format("{}: \"{}\" is no namespace; expected {}-NAMESPACE or {}-global",
                                             key, parts.owner, parts.kind, parts.kind));
        return false;
    }

    void read_limit(const std::string& key, const std::string& text) {
        const std::string owner = key.substr(limit_prefix.size());
        if (!has_owner(key, {"limit", owner})) {
            return;
        }
        const std::string_view otherwise =
            owner == global ? "until it is mended, there is no such limit"
                            : "until it is mended, limit-global holds for this namespace, if there is one";
        const auto limit = parsed<std::uint64_t>(
            key, trimmed(text), otherwise,
            [&](std::string_view k, std::string_view t, std::vector<std::string>& errors) {
                return parse_limit(k, t, config_.source, errors);
            });
        if (limit) {
            config_.limits[owner == global ? std::string() : owner] = *limit;
        }
    }

    void read_list(const std::string& key, const list_key& parts, const std::string& text) {
        if (!has_owner(key, parts)) {
            return;
        }
        const bool excludes = parts.kind == "exclude";
        const std::string otherwise =
            !excludes ? ""
            : parts.owner == global
                ? "until it is mended, no address is handed out"
                : fmt::format("until it is mended, the pools of namespace {} hand out nothing", parts.owner);
        auto list = parsed<address_list>(
            key, text, otherwise,
            [&](std::string_view k, std::string_view t, std::vector<std::string>& errors) {
                auto l = parse_list(k, t, skip_ends_, errors);
                if (l && !excludes && l->usable.empty()) {
                    errors.push_back(fmt::format("{}: no address is left, because ranges leave out "
                                                 ".0 and .255",
                                                 k));
                    l.reset();
                }
                return l;
            });
        if (excludes) {
            excluded_[parts.owner] = list ? std::optional(list->covered) : std::nullopt;
        }
        if (!list) {
            return;
        }
        config_.warnings.insert(config_.warnings.end(), list->warnings.begin(), list->warnings.end());
        if (!excludes) {
            config_.pools.push_back({key, parts.owner == global ? std::string() : parts.owner,
                                     config_.accepted[key], std::move(list->usable),
                                     std::move(list->covered)});
        }
    }

    // Harmless for uniqueness, since an address has one holder whatever pools it is in, but rarely meant.
    void warn_of_overlaps() {
        std::vector<source_range> all;
        for (const pool& p : config_.pools) {
            for (const auto& [first, last] : p.covered.ranges()) {
                all.push_back({{first, last}, &p});
            }
        }
        std::sort(all.begin(), all.end(),
                  [](const source_range& a, const source_range& b) { return a.range.first < b.range.first; });
        std::set<std::pair<const pool*, const pool*>> named;
        const source_range* widest = nullptr; // of those before, the one that reaches furthest
        for (const source_range& next : all) {
            if (widest && next.range.first <= widest->range.last &&
                next.of->namespace_ != widest->of->namespace_ &&
                named.insert(std::minmax(next.of, widest->of)).second) {
                const address_range common{next.range.first, std::min(next.range.last, widest->range.last)};
                const auto [a, b] = std::minmax(next.of, widest->of);
                warn(fmt::format("{} and {} both contain {}; each address goes to whoever asks first", a->key,
                                 b->key, to_string(common)));
            }
            if (!widest || next.range.last > widest->range.last) {
                widest = &next;
            }
        }
    }

    void exclude() {
        for (pool& p : config_.pools) {
            const bool had_any = !p.addresses.empty();
            bool suspended = false;
            for (const auto& owner : {p.namespace_, std::string(global)}) {
                const auto it = excluded_.find(owner.empty() ? global : owner);
                if (it == excluded_.end()) {
                    continue;
                }
                if (!it->second) {
                    suspended = true;
                    continue;
                }
                for (const auto& [first, last] : it->second->ranges()) {
                    p.addresses.erase({first, last});
                }
            }
            if (suspended) {
                p.addresses = {};
            } else if (had_any && p.addresses.empty()) {
                warn(fmt::format("{}: all its addresses are excluded; it hands out nothing", p.key));
            }
        }
        std::erase_if(config_.pools, [](const pool& p) { return p.addresses.empty(); });
    }

    pool_config& config_;
    const std::map<std::string, std::string>& data_;
    const pool_config& previous_;
    bool skip_ends_ = true;
    // By owner; empty when the text is broken.
    std::map<std::string, std::optional<interval_set>, std::less<>> excluded_;
};

} // namespace

pool_config parse_pools(std::string source, const std::map<std::string, std::string>& data,
                        const pool_config& previous) {
    pool_config config;
    config.source = std::move(source);
    reader(config, data, previous).read();
    return config;
}

} // namespace gwctl::ipam
