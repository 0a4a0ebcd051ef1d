#include <gwctl/core/log.hpp>
#include <gwctl/core/secrets.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/core/utf8.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>

namespace gwctl::log {
namespace {

struct state {
    std::atomic<level> minimum{level::info};
    std::atomic<encoding> format{encoding::console};
    std::mutex guard;
    std::function<void(const record&)> sink;
    std::shared_ptr<spdlog::logger> logger;

    state() {
        logger = std::make_shared<spdlog::logger>("gwctl",
                                                  std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        logger->set_level(spdlog::level::trace);
        logger->set_pattern("%v");
        logger->flush_on(spdlog::level::trace);
    }
};

state& instance() {
    static state s;
    return s;
}

std::string_view name(level l) {
    switch (l) {
    case level::debug:
        return "debug";
    case level::info:
        return "info";
    case level::warn:
        return "warn";
    case level::error:
        return "error";
    }
    return "info";
}

spdlog::level::level_enum to_spdlog(level l) {
    switch (l) {
    case level::debug:
        return spdlog::level::debug;
    case level::info:
        return spdlog::level::info;
    case level::warn:
        return spdlog::level::warn;
    case level::error:
        return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// A line is UTF-8, whatever a server or a program put into its fields.
std::string in_quotes(std::string_view text) {
    return boost::json::serialize(boost::json::string(valid_utf8(text)));
}

bool needs_quotes(std::string_view value) {
    if (value.empty())
        return true;
    for (const unsigned char c : value)
        if (c <= ' ' || c == '"' || c == '=' || c == 0x7f)
            return true;
    return false;
}

std::string now() {
    return format_micro_time(
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

std::string console_line(const record& r) {
    std::string line = fmt::format("{} {:<5} {}", now(), name(r.severity), valid_utf8(r.message));
    for (const field& f : r.fields)
        line += fmt::format(" {}={}", valid_utf8(f.key),
                            needs_quotes(f.value) ? in_quotes(f.value) : valid_utf8(f.value));
    return line;
}

std::string json_line(const record& r) {
    std::string line =
        fmt::format(R"({{"level":"{}","ts":"{}","msg":{})", name(r.severity), now(), in_quotes(r.message));
    for (const field& f : r.fields)
        line += fmt::format(",{}:{}", in_quotes(f.key), in_quotes(f.value));
    return line + "}";
}

} // namespace

void configure(options o) {
    instance().minimum = o.minimum;
    instance().format = o.format;
}

void redirect(std::function<void(const record&)> sink) {
    const std::lock_guard lock(instance().guard);
    instance().sink = std::move(sink);
}

bool enabled(level l) noexcept { return l >= instance().minimum.load(std::memory_order_relaxed); }

void write(level l, std::string_view message, std::vector<field> fields) {
    if (!enabled(l))
        return;
    const std::string shown = without_secrets(message);
    for (field& f : fields)
        f.value = without_secrets(f.value);
    const record r{l, shown, fields};
    state& s = instance();
    const std::lock_guard lock(s.guard);
    if (s.sink)
        return s.sink(r);
    s.logger->log(to_spdlog(l), s.format == encoding::json ? json_line(r) : console_line(r));
}

} // namespace gwctl::log
