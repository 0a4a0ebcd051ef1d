#include "storage.hpp"

#include "json_util.hpp"

#include <boost/json/serialize.hpp>

namespace gwctl::testing::detail {

namespace {

std::string key_of(std::string_view ns, std::string_view name) {
    std::string key(ns);
    key += '/';
    key += name;
    return key;
}

} // namespace

stored::stored(json::object object, std::uint64_t version, bool defaulted)
    : object_(std::move(object)), version_(version), defaulted_(defaulted),
      namespace_(string_at(object_, {"metadata", "namespace"})),
      name_(string_at(object_, {"metadata", "name"})), uid_(string_at(object_, {"metadata", "uid"})) {}

const json::object& stored::labels() const { return object_at(object_, {"metadata", "labels"}); }

bool stored::terminating() const {
    return detail::find(object_, {"metadata", "deletionTimestamp"}) != nullptr;
}

std::string_view stored::tail() const {
    if (tail_.empty()) {
        for (const auto& m : object_) {
            if (m.key() == "apiVersion" || m.key() == "kind")
                continue;
            if (!tail_.empty())
                tail_ += ',';
            tail_ += boost::json::serialize(m.key());
            tail_ += ':';
            tail_ += boost::json::serialize(m.value());
        }
        tail_ += '}';
    }
    return tail_;
}

stored_ptr storage::find(std::string_view kind, std::string_view ns, std::string_view name) const {
    const auto of_kind = objects_.find(kind);
    if (of_kind == objects_.end())
        return nullptr;
    const auto it = of_kind->second.find(key_of(ns, name));
    return it == of_kind->second.end() ? nullptr : it->second;
}

std::vector<stored_ptr> storage::list(std::string_view kind, std::string_view ns,
                                      std::string_view name_prefix) const {
    std::vector<stored_ptr> out;
    const auto of_kind = objects_.find(kind);
    if (of_kind == objects_.end())
        return out;
    const auto prefix = key_of(ns, name_prefix);
    for (auto it = ns.empty() ? of_kind->second.begin() : of_kind->second.lower_bound(prefix);
         it != of_kind->second.end(); ++it) {
        if (!ns.empty() && it->first.compare(0, prefix.size(), prefix) != 0)
            break;
        out.push_back(it->second);
    }
    return out;
}

std::vector<std::string> storage::kinds() const {
    std::vector<std::string> out;
    for (const auto& [kind, objects] : objects_)
        if (!objects.empty())
            out.push_back(kind);
    return out;
}

stored_ptr storage::put(std::string_view kind, json::object object, bool defaulted) {
    const auto version = version_ + 1;
    make_object(object, "metadata")["resourceVersion"] = std::to_string(version);
    auto now = std::make_shared<const stored>(std::move(object), version, defaulted);
    auto& of_kind = objects_[std::string(kind)];
    auto& at = of_kind[key_of(now->namespace_name(), now->name())];
    auto before = std::exchange(at, now);
    record({before ? change_type::modified : change_type::added, version, std::string(kind), now,
            std::move(before)});
    return now;
}

void storage::erase(std::string_view kind, std::string_view ns, std::string_view name) {
    const auto of_kind = objects_.find(kind);
    if (of_kind == objects_.end())
        return;
    const auto it = of_kind->second.find(key_of(ns, name));
    if (it == of_kind->second.end())
        return;
    auto before = it->second;
    of_kind->second.erase(it);
    const auto version = version_ + 1;
    auto last = before->object();
    make_object(last, "metadata")["resourceVersion"] = std::to_string(version);
    auto now = std::make_shared<const stored>(std::move(last), version);
    record({change_type::deleted, version, std::string(kind), std::move(now), std::move(before)});
}

const change* storage::at(std::uint64_t version) const {
    if (version <= compacted_ || version > version_)
        return nullptr;
    return &history_[version - compacted_ - 1];
}

void storage::compact() {
    history_.clear();
    compacted_ = version_;
}

void storage::record(change c) {
    version_ = c.version;
    history_.push_back(c);
    if (history_.size() > history_limit_) {
        history_.pop_front();
        ++compacted_;
    }
    if (on_change)
        on_change(c);
}

} // namespace gwctl::testing::detail
