// How fast a list of 20,000 Services becomes structs, beside Boost.JSON's own parse into a DOM.
//
// Figures and how they were taken: docs/benchmarks.md.
#include "services.hpp"

#include <gwctl/api/core_v1.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace {

using namespace gwctl;
using services = object_list<core_v1::Service>;

constexpr std::size_t objects = 20000;

double best_of_seven(const std::function<void()>& work) {
    double best = 1e9;
    for (int i = 0; i < 7; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best =
            std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

void check(std::size_t decoded) {
    if (decoded == objects)
        return;
    fmt::print(stderr, "decoded {} objects instead of {}\n", decoded, objects);
    std::exit(1);
}

std::size_t decode_in_pieces(const std::string& text, json::limits bounds) {
    constexpr std::size_t piece = 16384;
    json::decoder<services> decoder(bounds);
    for (std::size_t at = 0; at < text.size(); at += piece)
        decoder.write(std::string_view(text).substr(at, piece)).value();
    return decoder.finish()->items.size();
}

} // namespace

int main() {
    const std::string text = benchmarks::service_list(objects);
    json::limits bounds;
    bounds.bytes = text.size() + 1;
    const double megabytes = static_cast<double>(text.size()) / 1e6;
    fmt::print("{:.1f} MB, {} Services\n{:<28} {:>8} {:>12} {:>7}\n", megabytes, objects, "", "MB/s",
               "objects/s", "ratio");

    double baseline = 0;
    const auto row = [&](std::string_view name, const std::function<void()>& work) {
        const double seconds = best_of_seven(work);
        if (baseline == 0)
            baseline = seconds;
        fmt::print("{:<28} {:>8.0f} {:>12.0f} {:>7.2f}\n", name, megabytes / seconds, objects / seconds,
                   baseline / seconds);
    };
    row("DOM, default storage", [&] { check(boost::json::parse(text).at("items").as_array().size()); });
    row("DOM, monotonic storage", [&] {
        boost::json::monotonic_resource arena;
        check(boost::json::parse(text, &arena).at("items").as_array().size());
    });
    row("structs", [&] { check(json::decode<services>(text, bounds)->items.size()); });
    row("structs, 16 KiB pieces", [&] { check(decode_in_pieces(text, bounds)); });
    const services decoded = json::decode<services>(text, bounds).value();
    row("encode", [&] { check(json::encode(decoded).empty() ? 0 : objects); });
}
