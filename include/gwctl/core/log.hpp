/// Structured logging: a message that never varies, and fields that do. `without_secrets` goes over both.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gwctl::log {

enum class level { debug, info, warn, error };

/// One key of a log line. Takes anything fmt can format.
struct field {
    std::string key;
    std::string value;

    field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    template <class T>
    requires(!std::is_convertible_v<T, std::string>) field(std::string_view k, const T& v)
        : key(k), value(fmt::format("{}", v)) {}
};

struct record {
    level severity = level::info;
    std::string_view message;
    const std::vector<field>& fields;
};

enum class encoding { console, json };

struct options {
    level minimum = level::info;
    encoding format = encoding::console;
};

/// Sets where lines go (standard error) and how they look. Thread safe; lines of other threads are not torn.
void configure(options o);

/// Sends every record at or above the configured level to `sink` instead; an empty function restores standard
/// error. For tests. `sink` is called under a lock, from any thread.
void redirect(std::function<void(const record&)> sink);

bool enabled(level l) noexcept;
void write(level l, std::string_view message, std::vector<field> fields);

inline void debug(std::string_view message, std::initializer_list<field> fields = {}) {
    if (enabled(level::debug))
        write(level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<field> fields = {}) {
    if (enabled(level::info))
        write(level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<field> fields = {}) {
    write(level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {}) {
    write(level::error, message, fields);
}

} // namespace gwctl::log
