// Resident memory of a store with 100,000 Services, per object.
#include "services.hpp"

#include <gwctl/api/core_v1.hpp>
#include <gwctl/runtime/store.hpp>

#include <fmt/format.h>

#include <fstream>
#include <runtime/table_writer.hpp>
#include <string>

namespace {

using namespace gwctl;

/// Kilobytes of a line of /proc/self/status.
long status_line(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name + ":"))
            return std::stol(line.substr(name.size() + 1));
    return 0;
}

} // namespace

int main() {
    constexpr std::size_t page_size = 500; // as the reflector lists
    constexpr std::size_t pages = 200;
    const std::string text = benchmarks::service_list(page_size);
    const long before = status_line("VmRSS");
    store<core_v1::Service> all;
    std::vector<gwctl::detail::received_object> objects;
    for (std::size_t page = 0; page < pages; ++page) {
        auto list = json::decode<object_list<core_v1::Service>>(text).value();
        for (const auto& item : list.items) {
            auto copy = std::make_shared<core_v1::Service>(*item);
            copy->metadata.name += "-" + std::to_string(page);
            objects.push_back({gwctl::detail::erase<core_v1::Service>(std::move(copy)), {}});
        }
    }
    gwctl::detail::table_writer(all).replace(std::move(objects), "200000");
    const long used = status_line("VmRSS") - before;
    const long peak = status_line("VmHWM") - before;
    const auto count = static_cast<long>(all.size());
    fmt::print("{} Services, {} bytes of JSON each\n", count, text.size() / page_size);
    fmt::print("resident {} bytes per object, peak {} bytes per object\n", used * 1024 / count,
               peak * 1024 / count);
    return count == page_size * pages ? 0 : 1;
}
