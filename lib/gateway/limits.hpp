// What the validation of the CRDs demands and our own code relies on, for objects that it never saw: under older CRDs,
// or none of the rule's kind. The `_mistake` functions give what is wrong first, as "field: what was expected", or nothing.
#pragma once

#include <gwctl/gateway/listeners.hpp>

namespace gwctl::gateway::detail {

/// Of what a selector matches nothing by, which Kubernetes would refuse wherever it reads selectors itself.
std::string selector_mistake(const LabelSelector& selector);

/// Of a listener by itself, but for its protocol and its port.
std::string listener_mistake(const Listener& listener);

/// Of what a route's backendRefs ask for, whatever they refer to; with a remedy.
std::string route_mistake(const route_view& route, behaviour served_by);

/// A second listener of one name cannot be told from the first.
void refuse_repeated_names(std::vector<listener_rules>& rules);

} // namespace gwctl::gateway::detail
