package differential

import "strings"

// exclusion is something in which the embedded server is known to differ, and may. Every one names a sentence of the list
// "What is not modelled" in include/gwctl/testing/api_server.hpp.
type exclusion struct {
	header string
	// reason says where the comparison is told to look away.
	reason string
	// applies picks differences that do not count; nil where the calls are not made, or the answers are prepared.
	applies func(Call, difference) bool
}

var exclusions = []exclusion{
	{header: "every request is allowed, and access reviews say so", reason: "everybody is cluster-admin, and no review is sent"},
	{header: "CEL rules, but for those of the Gateway API's kinds", reason: "testdata/widgets.yaml has none"},
	{header: "most of what a CustomResourceDefinition is refused for", reason: "no definition is sent but testdata/widgets.yaml"},
	{header: "Rules for the content of Pods, pod templates, Nodes, Endpoints, ServiceAccounts, NetworkPolicies, PodDisruptionBudgets and RBAC kinds",
		reason: "of these only Deployments are sent, and their templates are valid"},
	{header: "ServiceAccount \"default\" and ConfigMap \"kube-root-ca.crt\" of new namespaces", reason: "prepareServers stops their controllers"},
	{header: "Events that the API server and its controllers write themselves", reason: "madeByServer, but pages count them",
		applies: func(call Call, _ difference) bool {
			return strings.Contains(call.Path, "/events?") && strings.Contains(call.Path, "limit=")
		}},
	{header: "Subresources other than status and a Namespace's finalize", reason: "none is sent"},
	{header: "The words of Go's decoders", reason: "vague"},
	{header: "Descriptions of the columns of tables, the order of causes, and causes that are given twice", reason: "prepare"},
	{header: "Nothing from before the server's start can be watched", reason: "oldest"},
	{header: "Delays of the garbage collector", reason: "settle"},
	{header: "The internalTrafficPolicy that watches, unlike reads, show of Services of type ExternalName", reason: "it is left from before the type was that",
		applies: func(call Call, d difference) bool {
			return call.Watch != nil && strings.HasSuffix(d.at, ".spec.internalTrafficPolicy") && d.embedded == nothing
		}},
}

func excluded(call Call, found []difference) []difference {
	var out []difference
	for _, d := range found {
		keep := true
		for _, e := range exclusions {
			if e.applies != nil && e.applies(call, d) {
				keep = false
				break
			}
		}
		if keep {
			out = append(out, d)
		}
	}
	return out
}
