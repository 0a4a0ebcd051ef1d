// Objects, the counter of resourceVersions that all kinds share, and the history that watches read.
#pragma once

#include <gwctl/json/value.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// One version of one object, in its storage version. Never changes.
class stored {
public:
    /// `defaulted`: some of it is not stored but shown by default, so that any write stores it anew.
    stored(json::object object, std::uint64_t version, bool defaulted = false);

    const json::object& object() const { return object_; }
    std::uint64_t version() const { return version_; }
    const std::string& namespace_name() const { return namespace_; }
    const std::string& name() const { return name_; }
    const std::string& uid() const { return uid_; }
    const json::object& labels() const;
    bool terminating() const;
    bool defaulted() const { return defaulted_; }

    /// The object as JSON without its opening brace, apiVersion and kind, which differ between versions:
    /// serialised once. Guarded by whoever guards the storage.
    std::string_view tail() const;

private:
    json::object object_;
    std::uint64_t version_ = 0;
    bool defaulted_ = false;
    std::string namespace_, name_, uid_;
    mutable std::string tail_;
};
using stored_ptr = std::shared_ptr<const stored>;

enum class change_type { added, modified, deleted };

struct change {
    change_type type = change_type::added;
    std::uint64_t version = 0;
    std::string kind; ///< storage key
    stored_ptr now;   ///< for `deleted`: the last state, at the version of the deletion
    stored_ptr before;
};

/// Not thread safe.
class storage {
public:
    explicit storage(std::size_t history_limit) : history_limit_(history_limit) {}

    stored_ptr find(std::string_view kind, std::string_view ns, std::string_view name) const;
    /// By namespace, then name; all namespaces for "". With a namespace, `name_prefix` narrows it without a
    /// scan.
    std::vector<stored_ptr> list(std::string_view kind, std::string_view ns,
                                 std::string_view name_prefix = {}) const;
    std::vector<std::string> kinds() const;

    /// Stores under a new resourceVersion, which is written into `object`.
    stored_ptr put(std::string_view kind, json::object object, bool defaulted = false);
    void erase(std::string_view kind, std::string_view ns, std::string_view name);

    std::uint64_t version() const { return version_; }
    /// Watches can start from this version or a later one.
    std::uint64_t oldest() const { return compacted_; }
    /// The change that made `version`, or null when there is none yet or any more.
    const change* at(std::uint64_t version) const;
    void compact();

    /// Called after each change.
    std::function<void(const change&)> on_change;

private:
    void record(change c);

    std::map<std::string, std::map<std::string, stored_ptr, std::less<>>, std::less<>> objects_;
    std::deque<change> history_;
    std::size_t history_limit_;
    std::uint64_t version_ = 0;
    std::uint64_t compacted_ = 0;
};

} // namespace gwctl::testing::detail
