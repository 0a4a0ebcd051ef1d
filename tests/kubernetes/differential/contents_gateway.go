package differential

func gatewayClass(g *generator) map[string]any {
	spec := object("controllerName", g.pick("example.com/c", "example.com/c", "example.com/other", "no-path"))
	g.maybe(spec, 0.3, "description", g.pick("text", "a text that is longer than the sixty-four characters that are allowed here, by far"))
	g.maybe(spec, 0.3, "parametersRef", g.pick(object("group", "", "kind", "ConfigMap", "name", "p", "namespace", "default"), object("kind", "ConfigMap", "name", "p")))
	return object("spec", spec)
}

func (g *generator) listener(i int) map[string]any {
	protocol := g.pick("TCP", "TCP", "UDP", "UDP", "HTTP", "TLS", "example.com/x")
	l := object("name", g.pick("a", "b", "c", "l.x"), "port", g.pick(80, 53, 443, 65535), "protocol", protocol)
	if g.chance(0.7) {
		l["name"] = list("first", "second", "third")[i]
		l["port"] = list(1001, 1002, 1003)[i]
	}
	if g.chance(0.5) {
		routes := object()
		namespaces := object("from", g.pick("All", "Same", "Selector", "None", "Some"))
		if namespaces["from"] == "Selector" && g.chance(0.8) {
			namespaces["selector"] = object("matchLabels", object("a", "b"))
		}
		g.maybe(routes, 0.8, "namespaces", namespaces)
		g.maybe(routes, 0.4, "kinds", list(object("kind", g.pick("TCPRoute", "UDPRoute", "1x"))))
		l["allowedRoutes"] = routes
	}
	g.maybe(l, 0.1, "hostname", g.pick("example.com", "*.example.com", "Bad_Host", "10.0.0.1"))
	if protocol == "TLS" || g.chance(0.06) {
		tls := object("mode", g.pick("Terminate", "Passthrough", "Odd"))
		g.maybe(tls, 0.7, "certificateRefs", list(object("name", "cert")))
		l["tls"] = tls
	}
	return l
}

func (g *generator) listeners() []any {
	out := list()
	for i := range g.r.IntN(3) + 1 {
		out = append(out, g.listener(i))
	}
	return out
}

func gateway(g *generator) map[string]any {
	spec := object("gatewayClassName", g.pick("c", "c", "d"), "listeners", g.listeners())
	if g.chance(0.4) {
		address := object("value", g.pick("192.0.2.1", "192.0.2.2", "fd00::1", "nonsense", ""))
		g.maybe(address, 0.6, "type", g.pick("IPAddress", "IPAddress", "Hostname", "NamedAddress", "example.com/x"))
		spec["addresses"] = g.pick(list(address), list(address, object("value", "192.0.2.3")), list(address, address), list())
	}
	g.maybe(spec, 0.25, "infrastructure", g.pick(object("labels", object("a", "b")), object("annotations", object("example.com/a", "b")),
		object("labels", object("bad key!", "b")), object("parametersRef", object("group", "", "kind", "ConfigMap", "name", "p")), object()))
	g.maybe(spec, 0.15, "allowedListeners", g.pick(object("namespaces", object("from", "Same")), object("namespaces", object()), object()))
	g.maybe(spec, 0.05, "defaultScope", "All")
	return object("spec", spec)
}

func gatewayStatus(g *generator) map[string]any {
	s := object("conditions", g.conditions("Accepted", "Programmed"))
	g.maybe(s, 0.5, "addresses", list(object("type", "IPAddress", "value", g.pick("192.0.2.1", "192.0.2.2"))))
	g.maybe(s, 0.5, "listeners", list(object("name", "first", "attachedRoutes", g.pick(0, 1), "conditions", g.conditions("Accepted"),
		"supportedKinds", list(object("kind", "TCPRoute")))))
	if g.chance(0.1) {
		s["conditions"] = g.conditions("Accepted", "Accepted")
	}
	return s
}

func (g *generator) parentRef() map[string]any {
	ref := object("name", g.pick("a", "b"))
	g.maybe(ref, 0.3, "namespace", g.pick("${run}-1", "other", "Bad_Name"))
	g.maybe(ref, 0.4, "sectionName", g.pick("first", "second"))
	g.maybe(ref, 0.15, "port", g.pick(80, 81))
	g.maybe(ref, 0.15, "kind", g.pick("Gateway", "ListenerSet", "Service"))
	g.maybe(ref, 0.1, "group", g.pick("", gatewayGroup))
	return ref
}

func route(g *generator) map[string]any {
	backend := object("name", g.pick("a", "b"), "port", g.pick(80, 81))
	g.maybe(backend, 0.3, "weight", g.pick(0, 1, 1000000, 1000001))
	g.maybe(backend, 0.2, "namespace", "other")
	g.maybe(backend, 0.1, "kind", g.pick("Service", "Other"))
	if g.chance(0.08) {
		delete(backend, "port")
	}
	rule := object("backendRefs", list(backend))
	g.maybe(rule, 0.15, "name", g.pick("rule", "Rule_1"))
	if g.chance(0.1) {
		rule["backendRefs"] = g.pick(list(), list(backend, backend))
	}
	spec := object("rules", list(rule))
	if g.chance(0.06) {
		spec["rules"] = g.pick(list(), list(rule, rule))
	}
	refs := list()
	for range g.r.IntN(3) {
		refs = append(refs, g.parentRef())
	}
	g.maybe(spec, 0.8, "parentRefs", refs)
	return object("spec", spec)
}

func routeStatus(g *generator) map[string]any {
	parent := func(name any) map[string]any {
		return object("parentRef", object("name", name), "controllerName", g.pick("example.com/c", "example.com/other", "bad"), "conditions", g.conditions("Accepted", "ResolvedRefs"))
	}
	return object("parents", g.pick(list(parent("a")), list(parent("a"), parent("b")), list()))
}

func referenceGrant(g *generator) map[string]any {
	from := object("group", gatewayGroup, "kind", g.pick("TCPRoute", "UDPRoute"), "namespace", g.pick("a", "b"))
	to := object("group", "", "kind", "Service")
	g.maybe(to, 0.4, "name", g.pick("a", "b"))
	return object("spec", object("from", g.pick(list(from), list(from), list(from, from), list()), "to", g.pick(list(to), list(to), list())))
}

func listenerSet(g *generator) map[string]any {
	ref := object("name", g.pick("a", "b"))
	g.maybe(ref, 0.3, "namespace", "${run}-1")
	return object("spec", object("parentRef", ref, "listeners", g.listeners()))
}

func listenerSetStatus(g *generator) map[string]any {
	s := gatewayStatus(g)
	delete(s, "addresses")
	return s
}

func classStatus(g *generator) map[string]any {
	s := object("conditions", g.conditions("Accepted"))
	g.maybe(s, 0.3, "supportedFeatures", list(object("name", "A"), object("name", g.pick("B", "A"))))
	return s
}

// A Widget, whose definition is testdata/widgets.yaml, has what schemas can say.
func widget(g *generator) map[string]any {
	spec := object("size", g.pick(1, 2, 100, 0, 101, 1.5, "1"))
	g.maybe(spec, 0.3, "color", g.pick("red", "green", "blue"))
	g.maybe(spec, 0.3, "ratio", g.pick(0.5, 1, 2, -0.1, 10))
	g.maybe(spec, 0.3, "percent", g.pick("50%", 5, true))
	g.maybe(spec, 0.2, "notes", g.pick(nil, "a", "ab", "abcdef"))
	g.maybe(spec, 0.2, "nullable", g.pick(nil, "x"))
	g.maybe(spec, 0.2, "when", g.pick("2001-01-01T00:00:00Z", "yesterday", ""))
	g.maybe(spec, 0.2, "address", g.pick("10.0.0.1", "fd00::1", "nonsense"))
	g.maybe(spec, 0.2, "network", g.pick("10.0.0.0/8", "10.0.0.0"))
	g.maybe(spec, 0.2, "id", g.pick("11111111-2222-4333-8444-555555555555", "1-2-3"))
	g.maybe(spec, 0.2, "link", g.pick("https://example.com/x", "::"))
	g.maybe(spec, 0.1, "lasts", g.pick("5m", "5 minutes", "1h30m"))
	g.maybe(spec, 0.1, "blob", g.pick("aGVsbG8=", "*"))
	g.maybe(spec, 0.1, "day", g.pick("2001-01-01", "2001-13-01"))
	g.maybe(spec, 0.1, "mail", g.pick("a@example.com", "nobody"))
	g.maybe(spec, 0.3, "tags", g.pick(list("a", "b"), list("a", "a"), list()))
	g.maybe(spec, 0.3, "parts", g.pick(list(object("name", "a"), object("name", "b", "count", 2)), list(object("name", "a"), object("name", "a")), list(object("count", 1)), list()))
	g.maybe(spec, 0.2, "order", g.pick(list("z", "y"), list("y", "z", "y"), list()))
	g.maybe(spec, 0.3, "options", g.pick(object("a", "x", "b", "y"), object("a", 1), object()))
	g.maybe(spec, 0.2, "anything", g.pick(object("x", object("y", list(1, "2", nil))), "text", 5))
	g.maybe(spec, 0.2, "either", g.pick(object("left", 1), object("right", "r"), object("left", 1, "right", "r"), object()))
	g.maybe(spec, 0.2, "loose", g.pick(object("host", "h"), object("path", "/p"), object("host", "h", "path", "/p"), object()))
	g.maybe(spec, 0.2, "whole", g.pick(object("a", 1), object("b", 2)))
	g.maybe(spec, 0.1, "template", g.pick(object("apiVersion", "v1", "kind", "ConfigMap", "metadata", object("name", "x", "bogus", 1)), object("apiVersion", "v1"), object("kind", "X", "apiVersion", "v1", "metadata", object("labels", object("a", 1)))))
	g.maybe(spec, 0.2, "mode", g.pick("auto", "manual", "odd", nil))
	return object("spec", spec)
}

func widgetStatus(g *generator) map[string]any {
	return object("ready", g.pick(1, 2, -1), "conditions", g.conditions("Ready"))
}

// statusOf makes the status of a kind that has one.
func statusOf(k kind, g *generator) map[string]any {
	switch k.plural {
	case "services":
		return serviceStatus(g)
	case "namespaces":
		return object("phase", g.pick("Active", "Active", "Odd"))
	case "deployments":
		return object("replicas", g.pick(1, 2), "readyReplicas", g.pick(0, 1), "observedGeneration", 1)
	case "gatewayclasses":
		return classStatus(g)
	case "gateways":
		return gatewayStatus(g)
	case "tcproutes", "udproutes":
		return routeStatus(g)
	case "listenersets":
		return listenerSetStatus(g)
	}
	return widgetStatus(g)
}
