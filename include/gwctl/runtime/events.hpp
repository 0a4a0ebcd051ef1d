/// Kubernetes Events: what happened to an object and why, for the person who asks `kubectl describe`.
#pragma once

#include <gwctl/api/core_v1.hpp>
#include <gwctl/core/task.hpp>

#include <functional>
#include <memory>
#include <string>

namespace gwctl {

class client;
class clock;

enum class event_type { normal, warning };

/// `version` as for `owner_reference`: one that the server serves.
template <Resource T>
core_v1::ObjectReference reference_to(const T& object, std::string_view version = T::type.version) {
    core_v1::ObjectReference r;
    r.apiVersion = T::type.api_version(version);
    r.kind = T::type.kind;
    r.namespace_ = object.metadata.namespace_;
    r.name = object.metadata.name;
    r.uid = object.metadata.uid;
    r.resourceVersion = object.metadata.resourceVersion;
    return r;
}

/// Writes Events in the background.
///
/// The same reason and message for the same object count up one Event instead of making new ones. Nine messages of one
/// object, type and reason have Events of their own; further ones share one, "(combined from similar events): ...",
/// until nothing of the kind was recorded for ten minutes. An object may have 25 events at once and then one more
/// every 300 s; what exceeds that is dropped. All of this is as in client-go.
///
/// Events are written to events.k8s.io/v1, where a message has 1024 bytes at most; where that is not served or is
/// denied, to core/v1. Needs the permission to create and patch `events` of either group.
///
/// When no answer comes, or the API server says that it is busy, an Event is tried 12 times, 10 s apart, and those
/// behind it wait. At most 1000 wait; a failure for good is logged and never disturbs whoever recorded it.
///
/// Thread safety: use from the manager's thread.
class event_recorder {
public:
    event_recorder(client& api, clock& time, std::string component);
    ~event_recorder();
    event_recorder(const event_recorder&) = delete;
    event_recorder& operator=(const event_recorder&) = delete;

    /// `reason` is one CamelCase word, `message` a sentence. Returns at once.
    void record(core_v1::ObjectReference about, event_type type, std::string reason, std::string message);

    /// The Event names `about` in the version that the client knows to be served.
    template <Resource T>
    void record(const T& about, event_type type, std::string reason, std::string message) {
        record(reference_to(about, known_version(T::type)), type, std::move(reason), std::move(message));
    }

    /// Writes what is recorded until `drain` is called and nothing waits any more. Calls `when_idle` each
    /// time that `idle` has become true. The manager runs it.
    task<void> run(std::function<void()> when_idle = {});
    /// Whether all that was recorded has been written, or could not be.
    bool idle() const noexcept;
    /// Makes `run` return once everything is written.
    void drain();

private:
    std::string known_version(const resource_type& type) const;
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace gwctl
