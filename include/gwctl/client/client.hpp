/// Typed verbs of the Kubernetes API.
///
///     ConfigMap map;                         // only what is ours to decide, never what `get` returned
///     map.metadata.namespace_ = "default";
///     map.metadata.name = "greeting";
///     map.data["text"] = "hello";
///     co_await api.apply(map);
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/apply_check.hpp>
#include <gwctl/client/options.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/client/watch_stream.hpp>
#include <gwctl/core/clock.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gwctl {

class context;

namespace detail {
struct untyped_client;
/// Hears of each object that verbs of a client wrote, as the API server returned it.
using write_observer = std::function<void(const resource_type& type, const ObjectMeta& written)>;
} // namespace detail

struct client_options {
    /// The owner of applied fields, and what audit logs show. Precondition: not empty.
    std::string field_manager = "gwctl";
    /// For each request other than a watch.
    std::chrono::milliseconds timeout = std::chrono::seconds(30);
    /// Largest answer that is read by a verb, a page of a list among them. What fills caches has no such bound.
    std::size_t max_response_bytes = std::size_t{256} << 20;
    /// Largest object of a list, and largest object that a watch sends. A cache sets an object that is larger aside
    /// as unreadable. Default: five times what etcd takes by itself (1.5 MiB, --max-request-bytes).
    std::size_t max_object_bytes = std::size_t{8} << 20;
    /// Largest string in an object, of those that the object's struct keeps.
    std::size_t max_string_bytes = std::size_t{8} << 20;
    /// How deep objects and lists may be nested in a member of type `json::value`.
    std::size_t max_value_depth = json::limits().depth;
    /// Who asks, for the API server's logs and metrics: "my-operator/1.2", to which the system and this
    /// library's version are added. Empty: the name of the executable. Precondition: printable ASCII.
    std::string user_agent{};
    /// For waits that the server asks for (Retry-After); null: `system_clock()`.
    class clock* time = nullptr;
};

/// Sees every finished request, for metrics. `status` is 0 when no answer came.
using request_observer = std::function<void(std::string_view method, int status, std::string_view host)>;

/// Requests to one API server. Many may be under way at once.
///
/// Errors: every verb throws `api_error`; its code, reason and causes are the server's Status, its message
/// names the request's object. An answer that is none of the Kubernetes API, such as a login page, is
/// `errc::protocol`, whatever its HTTP status, and never counts as done. Nothing is retried here except a
/// request the server refused with a `Retry-After` of at most `client_options::timeout` (at most 10 times).
///
/// There is no `update`: typed structs do not hold unknown fields, so a PUT would erase them. Use `apply` or
/// `patch`.
///
/// Thread safety: use from coroutines of one executor. Copies share the transport and what was learnt of the
/// server. A client must outlive the tasks of its verbs.
class client {
public:
    explicit client(std::shared_ptr<transport> t, client_options options = {});

    template <Resource T>
    task<T> get(object_key key) {
        const std::string body = co_await get_body(T::type, std::move(key));
        co_return decode_object<T>(body);
    }

    /// One page. `metadata.continue_` is not empty when there are more.
    template <Resource T>
    task<object_list<T>> list_page(list_options options) {
        object_list<T> page;
        json::detail::object_decoder decoder(json::detail::type_of<object_list<T>>(), &page, list_limits(),
                                             json::detail::tolerance::items);
        co_await list_into(T::type, std::move(options), decoder, this->options().max_response_bytes);
        if (!decoder.misfits().empty()) {
            const json::detail::misfit& first = decoder.misfits().front();
            throw_misfit(T::type, page.items.at(first.item)->metadata, first);
        }
        co_return page;
    }

    /// All pages, each of the same resourceVersion. Throws `errc::gone` when the list outlived the server's
    /// history.
    template <Resource T>
    task<object_list<T>> list(list_options options = {}) {
        object_list<T> all = co_await list_page<T>(options);
        while (!all.metadata.continue_.empty()) {
            options.continue_ = all.metadata.continue_;
            object_list<T> next = co_await list_page<T>(options);
            all.metadata.continue_ = next.metadata.continue_;
            all.items.insert(all.items.end(), std::make_move_iterator(next.items.begin()),
                             std::make_move_iterator(next.items.end()));
        }
        co_return all;
    }

    template <Resource T>
    task<watch_stream<T>> watch(watch_options options) {
        auto opened = co_await open_watch(T::type, std::move(options));
        co_return watch_stream<T>(std::move(opened));
    }

    template <Resource T>
    task<T> create(T object) {
        detail::require_declared_constructor<T>();
        const std::string body = co_await create_body(T::type, key_of(object), json::encode(object));
        co_return decode_written<T>(body);
    }

    /// Server-side apply: after it the object has every field of `object`, and none that an earlier apply of
    /// this field manager set and this one does not. Fields of other managers are taken over (force).
    ///
    /// It owns what the author set and nothing else. So a member that would be sent although nobody set it, a
    /// plain number, boolean or enum at any depth, does not compile; it becomes a `std::optional`. Where the
    /// kind's schema requires such fields, the kind, or the struct that has them, opts out by
    /// `static constexpr bool owns_all_fields = true;`, as the bundled kinds do.
    ///
    /// `status` is sent only when something in it was set, and then whole, its plain members included. For a
    /// kind with a status subresource, as most are, the API server ignores it here: use `apply_status`.
    template <Resource T>
    task<T> apply(T object) {
        detail::require_declared_constructor<T>();
        detail::require_optional_members<T>();
        std::string sent = applied_json(object);
        const std::string body = co_await apply_body(T::type, key_of(object), std::string(), std::move(sent));
        co_return decode_written<T>(body);
    }

    /// The same for the status subresource. Name, namespace and `status` are sent and nothing else, so that no
    /// other field is owned; a write that depends on a resourceVersion is `patch_status`. In a status plain
    /// members are welcome, and always sent: 0 is a value.
    template <Resource T>
    task<T> apply_status(T object) {
        detail::require_declared_constructor<T>();
        std::string sent = detail::applied_status_json(json::detail::type_of<T>(), &object);
        const std::string body = co_await apply_body(T::type, key_of(object), "status", std::move(sent));
        co_return decode_written<T>(body);
    }

    template <Resource T>
    task<T> patch(object_key key, class patch change) {
        const std::string body =
            co_await patch_body(T::type, std::move(key), std::string(), std::move(change));
        co_return decode_written<T>(body);
    }

    template <Resource T>
    task<T> patch_status(object_key key, class patch change) {
        const std::string body = co_await patch_body(T::type, std::move(key), "status", std::move(change));
        co_return decode_written<T>(body);
    }

    /// Deletes, or marks for deletion where finalizers hold the object. Throws `errc::not_found` when there
    /// is none.
    template <Resource T>
    task<void> remove(object_key key, delete_options options = {}) {
        return remove_object(T::type, std::move(key), std::move(options));
    }

    // Versions. A verb on a kind with a fallback version goes to the one that the server serves; when that
    // one is not served any more, the verb finds out which is, and is sent once more.

    /// The version to use for a kind: `type.version` if the server serves it, else the fallback if it serves
    /// that. Throws `errc::not_found`, naming the kind and what to install, when it serves neither. Learnt
    /// once per kind; `forget_versions` makes it ask again.
    task<std::string> served_version(resource_type type);
    /// The same, asked of the server's discovery now, also for kinds without a fallback; nothing when discovery lists
    /// neither.
    ///
    /// "Nothing" is an answer of this server, never the lack of one: `/apis` is an APIGroupList that has the group
    /// `apps` and lacks the kind's, or `/apis/GROUP/VERSION` is an APIResourceList without the kind. Everything else
    /// throws `api_error`: a 404 of a version that `/apis` lists, a page of a proxy. Discovery that is denied throws
    /// `errc::forbidden` and names the ClusterRole system:discovery.
    task<std::optional<std::string>> discover(resource_type type);
    /// The version found last, without asking: `type.version` before the first answer. For what must name a
    /// version, such as owner references.
    std::string known_version(const resource_type& type) const;
    void forget_versions();

    /// Any request, for what the verbs do not cover. Returns the body of a 2xx answer, whatever it is.
    task<std::string> raw(http_request request);
    /// Any request whose answer is an object of the Kubernetes API as JSON. Throws `errc::protocol`, naming
    /// who answered what, when the answer has no `kind` or no `apiVersion`, and the error that a Status says.
    task<json::value> raw_object(http_request request);

    void observe_requests(request_observer observer);
    const client_options& options() const noexcept;

private:
    /// The runtime's way to the verbs below without a template per kind.
    friend struct detail::untyped_client;
    /// Observes the writes of its own copy.
    friend class context;

    template <Resource T>
    static std::string applied_json(const T& object) {
        const T untouched{};
        return detail::applied_json(json::detail::type_of<T>(), &object, &untouched);
    }
    template <Resource T>
    T decode_object(const std::string& body) const {
        auto decoded = json::decode<T>(body, object_limits());
        if (decoded.has_error())
            throw_undecodable(T::type, decoded.error());
        return std::move(*decoded);
    }
    template <Resource T>
    T decode_written(const std::string& body) const {
        T object = decode_object<T>(body);
        if (const auto observer = writes_.lock())
            (*observer)(T::type, object.metadata);
        return object;
    }
    [[noreturn]] static void throw_undecodable(const resource_type& type, const error& e);
    [[noreturn]] static void throw_misfit(const resource_type& type, const ObjectMeta& item,
                                          const json::detail::misfit& m);

    json::limits list_limits() const noexcept;
    json::limits object_limits() const noexcept;
    task<std::string> get_body(resource_type type, object_key key);
    task<void> list_into(resource_type type, list_options options, json::detail::object_decoder& decoder,
                         std::size_t max_bytes);
    task<std::unique_ptr<watch_lines>> open_watch(resource_type type, watch_options options);
    task<std::string> create_body(resource_type type, object_key key, std::string object);
    task<std::string> apply_body(resource_type type, object_key key, std::string subresource,
                                 std::string object);
    task<std::string> patch_body(resource_type type, object_key key, std::string subresource,
                                 class patch change);
    task<void> remove_object(resource_type type, object_key key, delete_options options);

    struct state;
    std::shared_ptr<state> state_;
    /// Gone when there is none, and when whoever observed has ended.
    std::weak_ptr<const detail::write_observer> writes_;
};

} // namespace gwctl
