/// The client's verbs without their types, so that the loops of the runtime are compiled once.
#pragma once

#include <gwctl/client/client.hpp>
#include <gwctl/runtime/store.hpp>

namespace gwctl::detail {

struct untyped_client {
    static json::limits list_limits(const client& c) { return c.list_limits(); }
    static json::limits object_limits(const client& c) { return c.object_limits(); }
    static task<void> list_into(client& c, resource_type type, list_options options,
                                json::detail::object_decoder& decoder, std::size_t max_bytes) {
        return c.list_into(type, std::move(options), decoder, max_bytes);
    }
    static task<std::unique_ptr<watch_lines>> open_watch(client& c, resource_type type,
                                                         watch_options options) {
        return c.open_watch(type, std::move(options));
    }
    static task<std::string> patch_body(client& c, resource_type type, object_key key, class patch change) {
        return c.patch_body(type, std::move(key), {}, std::move(change));
    }
};

} // namespace gwctl::detail
