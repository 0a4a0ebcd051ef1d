package differential

// The contents of objects, mostly valid. Bounds and rules are met at their edges on purpose; what breaks them otherwise
// is up to spoil.

func empty(*generator) map[string]any { return object() }

func configMap(g *generator) map[string]any {
	o := object("data", g.strings("k1", "k2", "k.3"))
	if g.chance(0.2) {
		o["binaryData"] = object("b", g.pick("aGVsbG8=", "", "aGVsbG8"))
	}
	if g.chance(0.06) {
		o["immutable"] = g.chance(0.7)
	}
	return o
}

func secret(g *generator) map[string]any {
	o := object("data", object("k1", g.pick("aGVsbG8=", "", "eA==")))
	if g.chance(0.3) {
		o["stringData"] = g.strings("k1", "k2")
	}
	if g.chance(0.3) {
		o["type"] = g.pick("Opaque", "example.com/x", "kubernetes.io/basic-auth", "kubernetes.io/tls")
	}
	if g.chance(0.06) {
		o["immutable"] = true
	}
	return o
}

func (g *generator) servicePort(i int) map[string]any {
	p := object("port", g.pick(80, 81, 82, 443, 65535))
	g.maybe(p, 0.7, "name", g.pick("http", "dns", "p0", "p1"))
	if i > 0 {
		p["name"] = g.pick("second", "third")
	}
	g.maybe(p, 0.5, "protocol", g.pick("TCP", "UDP", "SCTP"))
	g.maybe(p, 0.5, "targetPort", g.pick(8080, 80, "web", "80", "dns-tcp"))
	g.maybe(p, 0.1, "nodePort", g.pick(30001, 30002, 30003, 0))
	g.maybe(p, 0.1, "appProtocol", g.pick("http", "example.com/x", "kubernetes.io/h2c"))
	return p
}

func service(g *generator) map[string]any {
	spec := object("type", g.pick("ClusterIP", "ClusterIP", "LoadBalancer", "LoadBalancer", "LoadBalancer", "NodePort", "ExternalName"))
	if g.chance(0.25) {
		delete(spec, "type")
	}
	ports := list()
	for i := range g.r.IntN(3) + 1 {
		ports = append(ports, g.servicePort(i))
	}
	spec["ports"] = ports
	if spec["type"] == "ExternalName" {
		spec["externalName"] = g.pick("example.com", "a.b")
		if g.chance(0.6) {
			delete(spec, "ports")
		}
	}
	g.maybe(spec, 0.3, "selector", g.pick(object("app", "web"), object("app", "db", "tier", "x"), object()))
	g.maybe(spec, 0.1, "clusterIP", g.pick("None", "10.96.0.77", "10.96.0.78", "", "fd00:10:96::77"))
	g.maybe(spec, 0.06, "clusterIPs", g.pick(list("None"), list("10.96.0.79"), list("10.96.0.80", "fd00:10:96::80")))
	g.maybe(spec, 0.12, "ipFamilyPolicy", g.pick("SingleStack", "PreferDualStack", "RequireDualStack"))
	g.maybe(spec, 0.12, "ipFamilies", g.pick(list("IPv4"), list("IPv6"), list("IPv4", "IPv6"), list("IPv6", "IPv4"), list("IPv4", "IPv4")))
	g.maybe(spec, 0.2, "sessionAffinity", g.pick("None", "ClientIP"))
	if spec["sessionAffinity"] == "ClientIP" {
		g.maybe(spec, 0.4, "sessionAffinityConfig", object("clientIP", object("timeoutSeconds", g.pick(10, 86400, 0, 86401))))
	}
	g.maybe(spec, 0.15, "externalTrafficPolicy", g.pick("Local", "Cluster"))
	g.maybe(spec, 0.1, "internalTrafficPolicy", g.pick("Local", "Cluster"))
	g.maybe(spec, 0.1, "allocateLoadBalancerNodePorts", g.pick(true, false, false))
	g.maybe(spec, 0.12, "loadBalancerClass", g.pick("kube-vip.io/kube-vip-class", "example.com/other"))
	g.maybe(spec, 0.12, "loadBalancerIP", g.pick("192.0.2.1", "192.0.2.2"))
	g.maybe(spec, 0.08, "loadBalancerSourceRanges", g.pick(list("10.0.0.0/8"), list("10.0.0.0/8", "fd00::/8")))
	g.maybe(spec, 0.08, "externalIPs", g.pick(list("192.0.2.9"), list("127.0.0.1"), list("nonsense")))
	g.maybe(spec, 0.05, "publishNotReadyAddresses", true)
	g.maybe(spec, 0.04, "healthCheckNodePort", g.pick(30010, 30011))
	g.maybe(spec, 0.05, "trafficDistribution", g.pick("PreferClose", "PreferSameZone", "Nonsense"))
	return object("spec", spec)
}

func serviceStatus(g *generator) map[string]any {
	ingress := object("ip", g.pick("192.0.2.1", "fd00::1"))
	g.maybe(ingress, 0.3, "ipMode", g.pick("VIP", "Proxy", "Other"))
	g.maybe(ingress, 0.2, "hostname", g.pick("example.com", "Not A Name"))
	g.maybe(ingress, 0.2, "ports", list(object("port", 80, "protocol", "TCP")))
	s := object("loadBalancer", object("ingress", g.pick(list(ingress), list(), list(ingress, object("hostname", "b.example.com")))))
	g.maybe(s, 0.2, "conditions", g.conditions("Ready"))
	return s
}

func (g *generator) conditions(types ...any) []any {
	var out []any
	for _, t := range types {
		out = append(out, object("type", t, "status", g.pick("True", "False", "Unknown"), "reason", g.pick("Good", "Bad"),
			"message", g.pick("", "all well"), "observedGeneration", g.pick(1, 2, 0), "lastTransitionTime", "2001-01-01T00:00:00Z"))
	}
	return out
}

func endpointSlice(g *generator) map[string]any {
	family := g.pick("IPv4", "IPv4", "IPv4", "IPv6", "FQDN")
	endpoints := list()
	for range g.r.IntN(3) {
		address := map[any][]any{
			"IPv4": {"10.0.0.1", "10.0.0.2", "10.0.0.1", "fd00::1", "127.0.0.1", "010.0.0.1"},
			"IPv6": {"fd00::1", "fd00::2", "FD00::3", "10.0.0.1", "::1"},
			"FQDN": {"example.com", "a.b.c", "Not A Name"},
		}[family]
		e := object("addresses", list(g.pick(address[:2]...)))
		if g.chance(0.1) {
			e["addresses"] = list(g.pick(address...), address[0])
		}
		g.maybe(e, 0.4, "conditions", g.pick(object("ready", true), object("ready", false, "serving", true, "terminating", true), object()))
		g.maybe(e, 0.2, "nodeName", g.pick("node-1", "Node_1"))
		g.maybe(e, 0.1, "zone", "zone-1")
		g.maybe(e, 0.1, "hostname", g.pick("pod-1", "Pod_1"))
		g.maybe(e, 0.1, "targetRef", object("kind", "Pod", "name", "p", "namespace", "default"))
		g.maybe(e, 0.05, "hints", object("forZones", list(object("name", "zone-1"))))
		endpoints = append(endpoints, e)
	}
	ports := list()
	for i := range g.r.IntN(3) {
		p := object("port", g.pick(80, 53, 8080))
		if i > 0 || g.chance(0.5) {
			p["name"] = g.pick("http", "dns", "")
		}
		g.maybe(p, 0.4, "protocol", g.pick("TCP", "UDP"))
		g.maybe(p, 0.1, "appProtocol", g.pick("http", "-bad-"))
		ports = append(ports, p)
	}
	o := object("addressType", family, "endpoints", endpoints)
	g.maybe(o, 0.8, "ports", ports)
	return o
}

func lease(g *generator) map[string]any {
	spec := object("holderIdentity", g.pick("a", "b", ""))
	g.maybe(spec, 0.8, "leaseDurationSeconds", g.pick(15, 1, 0, -1))
	g.maybe(spec, 0.7, "renewTime", g.pick("2001-01-01T00:00:00.000000Z", "2001-01-01T00:00:00Z", "2001-01-01T01:00:00.5+01:00", "yesterday"))
	g.maybe(spec, 0.4, "acquireTime", "2001-01-01T00:00:00.123456Z")
	g.maybe(spec, 0.4, "leaseTransitions", g.pick(0, 1, -1))
	return object("spec", spec)
}

func (g *generator) reference() map[string]any {
	o := object("kind", "Gateway", "name", g.pick("a", "b"))
	g.maybe(o, 0.85, "namespace", "${run}-1")
	g.maybe(o, 0.5, "apiVersion", gatewayGroup+"/v1")
	g.maybe(o, 0.3, "uid", "11111111-2222-4333-8444-555555555555")
	return o
}

func coreEvent(g *generator) map[string]any {
	o := object("involvedObject", g.reference(), "reason", g.pick("Programmed", "Failed"), "message", "it happened", "type", g.pick("Normal", "Warning", "Odd"))
	g.maybe(o, 0.6, "source", object("component", "controller"))
	g.maybe(o, 0.5, "count", g.pick(1, 2))
	g.maybe(o, 0.5, "firstTimestamp", g.pick("2001-01-01T00:00:00Z", nil))
	g.maybe(o, 0.5, "lastTimestamp", "2001-01-01T00:00:01Z")
	g.maybe(o, 0.15, "eventTime", "2001-01-01T00:00:00.000000Z")
	return o
}

func event(g *generator) map[string]any {
	o := object("eventTime", "2001-01-01T00:00:00.000000Z", "regarding", g.reference(), "reason", g.pick("Programmed", "Failed"),
		"note", "it happened", "type", g.pick("Normal", "Warning", "Odd"), "action", "Reconcile",
		"reportingController", g.pick("example.com/controller", "not a name"), "reportingInstance", "controller-0")
	for _, k := range []string{"eventTime", "reason", "action", "type", "reportingController", "reportingInstance"} {
		if g.chance(0.04) {
			delete(o, k)
		}
	}
	g.maybe(o, 0.2, "series", object("count", g.pick(2, 3, 1), "lastObservedTime", "2001-01-01T00:00:05.000000Z"))
	g.maybe(o, 0.1, "deprecatedCount", g.pick(0, 2))
	return o
}

func deploymentOf(g *generator) map[string]any {
	container := object("name", "c", "image", "nginx")
	spec := object("selector", object("matchLabels", object("app", "web")),
		"template", object("metadata", object("labels", object("app", "web")), "spec", object("containers", list(container))))
	if g == nil {
		return object("spec", spec)
	}
	g.maybe(spec, 0.5, "replicas", g.pick(0, 1, 3, -1))
	g.maybe(container, 0.3, "image", g.pick("nginx:1.2", "nginx:latest", "registry:5000/x"))
	g.maybe(container, 0.3, "env", list(object("name", "A", "value", g.pick("1", "2")), object("name", "B", "value", "x")))
	g.maybe(container, 0.3, "ports", list(object("containerPort", g.pick(80, 53), "name", "web")))
	if g.chance(0.1) {
		spec["selector"] = object("matchLabels", object("app", "other"))
	}
	return object("spec", spec)
}

func deployment(g *generator) map[string]any { return deploymentOf(g) }
