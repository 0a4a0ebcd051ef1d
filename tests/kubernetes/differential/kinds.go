package differential

// kind is what the generator knows of a kind of objects.
type kind struct {
	// key is how calls name the kind.
	key        string
	group      string
	version    string
	name       string
	plural     string
	namespaced bool
	status     bool
	// custom kinds come from a CustomResourceDefinition.
	custom bool
	// weight says how often the generator takes it.
	weight int
	// content makes everything but apiVersion, kind and metadata.
	content func(*generator) map[string]any
	// least is a content that both servers accept.
	least map[string]any
}

var kinds = []kind{
	{key: "configmaps", version: "v1", name: "ConfigMap", plural: "configmaps", namespaced: true, weight: 8, content: configMap},
	{key: "secrets", version: "v1", name: "Secret", plural: "secrets", namespaced: true, weight: 3, content: secret},
	{key: "services", version: "v1", name: "Service", plural: "services", namespaced: true, status: true, weight: 14, content: service,
		least: object("spec", object("ports", list(object("port", 80))))},
	{key: "namespaces", version: "v1", name: "Namespace", plural: "namespaces", status: true, weight: 2, content: empty},
	{key: "endpointslices", group: "discovery.k8s.io", version: "v1", name: "EndpointSlice", plural: "endpointslices", namespaced: true, weight: 7, content: endpointSlice,
		least: object("addressType", "IPv4", "endpoints", list(), "ports", list())},
	{key: "leases", group: "coordination.k8s.io", version: "v1", name: "Lease", plural: "leases", namespaced: true, weight: 3, content: lease},
	{key: "events", version: "v1", name: "Event", plural: "events", namespaced: true, weight: 3, content: coreEvent,
		least: object("involvedObject", object())},
	{key: "events.events.k8s.io", group: "events.k8s.io", version: "v1", name: "Event", plural: "events", namespaced: true, weight: 3, content: event,
		least: object("eventTime", "2001-01-01T00:00:00.000000Z", "reportingController", "example.com/c", "reportingInstance", "i",
			"action", "A", "reason", "R", "type", "Normal", "regarding", object())},
	{key: "deployments", group: "apps", version: "v1", name: "Deployment", plural: "deployments", namespaced: true, status: true, weight: 2, content: deployment,
		least: deploymentOf(nil)},
	{key: "gatewayclasses", group: gatewayGroup, version: "v1", name: "GatewayClass", plural: "gatewayclasses", status: true, custom: true, weight: 3, content: gatewayClass,
		least: object("spec", object("controllerName", "example.com/c"))},
	{key: "gateways", group: gatewayGroup, version: "v1", name: "Gateway", plural: "gateways", namespaced: true, status: true, custom: true, weight: 10, content: gateway,
		least: object("spec", object("gatewayClassName", "c", "listeners", list(object("name", "l", "port", 80, "protocol", "TCP"))))},
	{key: "gateways/v1beta1", group: gatewayGroup, version: "v1beta1", name: "Gateway", plural: "gateways", namespaced: true, status: true, custom: true, weight: 1, content: gateway,
		least: object("spec", object("gatewayClassName", "c", "listeners", list(object("name", "l", "port", 80, "protocol", "TCP"))))},
	{key: "tcproutes", group: gatewayGroup, version: "v1", name: "TCPRoute", plural: "tcproutes", namespaced: true, status: true, custom: true, weight: 8, content: route,
		least: object("spec", object("rules", list(object("backendRefs", list(object("name", "s", "port", 80))))))},
	{key: "udproutes", group: gatewayGroup, version: "v1", name: "UDPRoute", plural: "udproutes", namespaced: true, status: true, custom: true, weight: 4, content: route,
		least: object("spec", object("rules", list(object("backendRefs", list(object("name", "s", "port", 80))))))},
	{key: "referencegrants", group: gatewayGroup, version: "v1", name: "ReferenceGrant", plural: "referencegrants", namespaced: true, custom: true, weight: 3, content: referenceGrant,
		least: object("spec", object("from", list(object("group", "", "kind", "A", "namespace", "n")), "to", list(object("group", "", "kind", "B"))))},
	{key: "listenersets", group: gatewayGroup, version: "v1", name: "ListenerSet", plural: "listenersets", namespaced: true, status: true, custom: true, weight: 4, content: listenerSet,
		least: object("spec", object("parentRef", object("name", "g"), "listeners", list(object("name", "l", "port", 80, "protocol", "TCP"))))},
	{key: "widgets", group: "example.com", version: "v1", name: "Widget", plural: "widgets", namespaced: true, status: true, custom: true, weight: 8, content: widget,
		least: object("spec", object("size", 1))},
}

const gatewayGroup = "gateway.networking.k8s.io"

func kindNamed(key string) kind {
	for _, k := range kinds {
		if k.key == key {
			return k
		}
	}
	panic("no kind is called " + key)
}

func (k kind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}

// path is that of an object, or of all of a namespace ("" for all namespaces).
func (k kind) path(namespace, name string) string {
	p := "/apis/" + k.group + "/" + k.version
	if k.group == "" {
		p = "/api/" + k.version
	}
	if namespace != "" {
		p += "/namespaces/" + namespace
	}
	p += "/" + k.plural
	if name != "" {
		p += "/" + name
	}
	return p
}

// places are the paths of lists that have all objects of the kind in a run.
func (k kind) places() []string {
	if !k.namespaced {
		return []string{k.path("", "") + "?labelSelector=run%3D${run}"}
	}
	return []string{k.path("${run}-1", ""), k.path("${run}-2", "")}
}

// minimal is an object that both servers accept.
func (k kind) minimal(namespace, name string) map[string]any {
	metadata := object("name", name)
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	o := object("apiVersion", k.apiVersion(), "kind", k.name, "metadata", metadata)
	for key, v := range k.least {
		o[key] = v
	}
	for _, key := range []string{"involvedObject", "regarding"} {
		if o[key] != nil {
			o[key] = object("namespace", namespace) // an event is where its object is
		}
	}
	return o
}

func object(pairs ...any) map[string]any {
	o := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o[pairs[i].(string)] = pairs[i+1]
	}
	return o
}

func list(items ...any) []any { return append([]any{}, items...) }
