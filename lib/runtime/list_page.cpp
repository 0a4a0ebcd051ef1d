#include "list_page.hpp"

#include "untyped_client.hpp"

#include <fmt/format.h>

#include <limits>

namespace gwctl::detail {
namespace {

void check_items(const kind_ops& kind, const std::vector<received_object>& items, std::size_t first,
                 const std::string& namespace_) {
    for (std::size_t i = first; i < items.size(); ++i) {
        const ObjectMeta* metadata = items[i].object.metadata;
        std::string problem;
        if (metadata == nullptr)
            problem = "expected an object, got null";
        else if (metadata->name.empty())
            problem = "metadata.name: expected a name, got none";
        else if (!namespace_.empty() && metadata->namespace_ != namespace_)
            problem = fmt::format("metadata.namespace: expected \"{}\", which was asked for, got \"{}\"",
                                  namespace_, metadata->namespace_);
        if (!problem.empty())
            throw api_error(errc::decode, fmt::format("list of {}: items[{}].{}", kind.type.qualified_name(),
                                                      i - first, problem));
    }
}

} // namespace

task<ListMeta> list_page(client& api, const kind_ops& kind, list_options options,
                         std::vector<received_object>& into) {
    const std::size_t first = into.size();
    const std::string namespace_ = options.namespace_;
    const std::shared_ptr<void> page = kind.make_list();
    json::limits bounds = untyped_client::list_limits(api);
    bounds.bytes = std::numeric_limits<std::size_t>::max();
    json::detail::object_decoder decoder(kind.list_info(), page.get(), bounds,
                                         json::detail::tolerance::items);
    co_await untyped_client::list_into(api, kind.type, std::move(options), decoder, bounds.bytes);
    ListMeta meta = kind.take_list(page.get(), into);
    check_items(kind, into, first, namespace_);
    for (const json::detail::misfit& m : decoder.misfits())
        into.at(first + m.item).misfit = m.error;
    co_return meta;
}

} // namespace gwctl::detail
