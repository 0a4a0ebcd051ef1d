#include "probes.hpp"

#include <boost/url/pct_string_view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace gwctl::detail {
namespace {

/// Text of a URL without its percent signs; nothing where they stand wrong.
std::optional<std::string> decoded(std::string_view text) {
    const auto encoded =
        boost::urls::make_pct_string_view(boost::core::string_view(text.data(), text.size()));
    if (!encoded)
        return std::nullopt;
    return encoded->decode();
}

struct wishes {
    bool verbose = false;
    std::set<std::string, std::less<>> excluded{};
};

wishes wishes_of(std::string_view query) {
    wishes w;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(part.find('='), part.size());
        const std::string_view key = part.substr(0, equals);
        if (key == "verbose")
            w.verbose = true;
        else if (key == "exclude" && equals < part.size())
            if (auto name = decoded(part.substr(equals + 1)); name && !name->empty())
                w.excluded.insert(std::move(*name));
    }
    return w;
}

http_answer answer_all(const health::answer& h, bool verbose) {
    http_answer a;
    a.status = h.ok ? 200 : 503;
    const bool brief = h.ok && !h.remarks && !verbose;
    a.body = brief ? "ok" : h.verbose + (h.ok ? "ok\n" : "failed\n");
    return a;
}

/// As kube-apiserver and controller-runtime answer for one check.
http_answer answer_one(const std::optional<std::string>& problem) {
    http_answer a;
    a.body = "ok";
    if (!problem) {
        a.status = 404;
        a.body = "not found\n";
    } else if (!problem->empty()) {
        a.status = 500;
        a.body = fmt::format("internal server error: {}\n", *problem);
    }
    return a;
}

} // namespace

std::optional<http_answer> answer_probe(const health& h, std::string_view path, std::string_view query) {
    const std::size_t slash = std::min(path.find('/', 1), path.size());
    const std::string_view probe = path.substr(0, slash);
    const bool ready = probe == "/readyz";
    if (!ready && probe != "/healthz" && probe != "/livez")
        return std::nullopt;
    const std::string_view rest = path.substr(std::min(slash + 1, path.size()));
    if (rest.empty()) {
        const wishes w = wishes_of(query);
        return answer_all(ready ? h.ready(w.excluded) : h.live(w.excluded), w.verbose);
    }
    const std::optional<std::string> name = decoded(rest);
    if (!name)
        return answer_one(std::nullopt);
    return answer_one(ready ? h.ready_problem(*name) : h.live_problem(*name));
}

} // namespace gwctl::detail
