/// Services that the Go controller left on a cluster: which of them can be taken over, and what becomes of
/// the others.
#pragma once

#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/names.hpp>

#include <map>
#include <string>

namespace gwctl::gateway {

/// Whether the Go controller of our name made or changed the Service, and nobody has taken it over since.
bool is_leftover(const core_v1::Service& service, const names& n);

/// For which route: "TCPRoute default/web". Empty when its annotation names none.
std::string leftover_route(const core_v1::Service& service);

/// Whether its behaviour `create` made this Service: there is nothing on it that this behaviour, or kube-vip,
/// would not have put there, and it selects what the route's labels say. A user's Service that its behaviour
/// `update` changed looks the same only if it had no labels and no annotations at all.
bool is_created_leftover(const core_v1::Service& service, const std::map<std::string, std::string>& selector);

/// Whether its behaviour `duplicate` made this Service: its name says so, and the annotations of the source
/// are gone.
bool is_copied_leftover(const core_v1::Service& service);

/// A port of a Service by a backendRef's port. In a Service whose ports the Go controller replaced, the
/// backendRef may name the target port: that controller took it for that.
const core_v1::ServicePort* find_backend_port(const core_v1::Service& service,
                                              std::optional<std::int32_t> number, std::string_view protocol,
                                              const names& n);

/// What makes a leftover ask for no address any more: it is kept as type ClusterIP, with the ports that it
/// has.
service_write render_release(const core_v1::Service& service, const names& n);

/// The same for a Service of ours that finalizers keep. Conditional on its uid alone, so that whoever writes it all the
/// time cannot prevent it.
service_write render_silence(const core_v1::Service& service);

} // namespace gwctl::gateway
