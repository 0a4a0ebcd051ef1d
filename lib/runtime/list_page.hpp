/// One page of a list, with the objects that cannot be read set aside.
#pragma once

#include <gwctl/client/client.hpp>
#include <gwctl/runtime/store.hpp>

namespace gwctl::detail {

/// Asks for a page and appends its objects to `into`. There is no bound on the size of a page, since kube-apiserver
/// answers a list at resourceVersion 0 with everything at once; each object has one (`client_options`).
///
/// Errors: those of `client::list_page`; `errc::decode` for a list with an item that has no name or that lies outside
/// of the namespace asked for.
task<ListMeta> list_page(client& api, const kind_ops& kind, list_options options,
                         std::vector<received_object>& into);

} // namespace gwctl::detail
