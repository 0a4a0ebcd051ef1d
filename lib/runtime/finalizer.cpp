// The clean-up protocol, as kube-rs' finalizer(): the finalizer goes on before the first reconcile and off
// after the clean-up, each by a JSON patch that fails if anyone changed the object meanwhile.

#include "controller_loop.hpp"
#include "untyped_client.hpp"

namespace gwctl::detail {
namespace {

struct only_metadata {
    only_metadata() = default;
    ObjectMeta metadata;
};
BOOST_DESCRIBE_STRUCT(only_metadata, (), (metadata))

/// Replaces the whole list, on the condition that the object is the one we looked at.
std::string finalizer_patch(const ObjectMeta& meta, const std::string& finalizer, bool present) {
    std::string operations = R"([{"op":"test","path":"/metadata/resourceVersion","value":)";
    json::append_quoted(meta.resourceVersion, operations);
    operations += R"(},{"op":"add","path":"/metadata/finalizers","value":[)";
    const char* separator = "";
    const auto append = [&](const std::string& name) {
        operations += std::exchange(separator, ",");
        json::append_quoted(name, operations);
    };
    for (const std::string& name : meta.finalizers)
        if (name != finalizer)
            append(name);
    if (present)
        append(finalizer);
    return operations += "]}]";
}

} // namespace

task<void> controller_loop::set_finalizer(const any_object& object, bool present) {
    const object_key key = key_of(*object.metadata);
    std::string body;
    std::exception_ptr failure;
    try {
        class patch change = patch::json_patch(finalizer_patch(*object.metadata, spec_.finalizer, present));
        body = co_await untyped_client::patch_body(environment_.api, spec_.type, key, std::move(change));
    } catch (const api_error& e) {
        if (e.code() == errc::not_found)
            co_return; // gone already
        // A failed test is reported as 422; it means the same as a conflict.
        if (e.code() != errc::invalid)
            throw;
        failure = std::make_exception_ptr(api_error(errc::conflict, e.what()));
    }
    if (failure)
        std::rethrow_exception(failure);
    if (auto after = json::decode<only_metadata>(body); after.has_value()) {
        unseen_.note(key, *spec_.table, after->metadata, environment_.time.now());
        note_own(key, spec_.type, after->metadata);
    }
}

} // namespace gwctl::detail
