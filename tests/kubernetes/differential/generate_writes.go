package differential

const asJSON = "application/json"

func one(c Call) []Call { return []Call{c} }

func (g *generator) create() []Call {
	t := g.fresh(g.kind())
	if len(g.targets) > 0 && g.chance(0.15) {
		t = g.known()
	}
	o := g.object(t)
	if g.chance(0.06) {
		metadata := object()
		o["metadata"] = metadata
		letter := string(rune('a' + g.generated%26))
		g.generated++
		metadata["generateName"] = g.pick(letter+"-gen-", letter+"-name-that-is-so-long-that-it-has-to-be-cut-before-five-letters-are-added-to-it-", "Bad_")
		if !t.kind.namespaced {
			metadata["generateName"] = "${run}-" + letter + "-gen-"
		}
	} else {
		g.targets = append(g.targets, t)
	}
	return one(Call{Verb: "create", Method: "POST", Type: asJSON, Body: o,
		Path: t.kind.path(t.namespace, "") + query(append(g.options(), g.manager()...)...)})
}

func (g *generator) apply() []Call {
	t := g.known()
	if g.chance(0.4) {
		t = g.fresh(g.kind())
	}
	g.targets = append(g.targets, t)
	o := g.object(t)
	g.thin(o)
	q := append(g.options(), "fieldManager", g.word("alice", "bob", "carol"))
	if g.chance(0.3) {
		q = append(q, "force", g.word("true", "true", "false"))
	}
	return one(Call{Verb: "apply", Method: "PATCH", Type: "application/apply-patch+yaml", Body: o, Path: t.path() + query(q...)})
}

// thin leaves some of an object out, as those do who apply only what they mean.
func (g *generator) thin(o map[string]any) {
	spec, ok := o["spec"].(map[string]any)
	if !ok {
		spec = o
	}
	for _, k := range sortedKeys(spec) {
		if k != "apiVersion" && k != "kind" && k != "metadata" && g.chance(0.12) {
			delete(spec, k)
		}
	}
}

// change is a part of an object, as for a merge patch.
func (g *generator) change(t target) map[string]any {
	o := t.kind.content(g)
	if spec, ok := o["spec"].(map[string]any); ok {
		for _, k := range sortedKeys(spec) {
			if g.chance(0.55) {
				delete(spec, k)
			} else if g.chance(0.1) {
				spec[k] = nil
			}
		}
	} else {
		for _, k := range sortedKeys(o) {
			if g.chance(0.4) {
				delete(o, k)
			} else if g.chance(0.1) {
				o[k] = nil
			}
		}
	}
	if g.chance(0.5) {
		m := object()
		g.maybe(m, 0.5, "labels", g.pick(object("app", "web"), object("app", nil), object("tier", "x"), nil))
		g.maybe(m, 0.3, "annotations", g.pick(object("example.com/a", "3"), nil, object("example.com/a", nil)))
		g.maybe(m, 0.4, "finalizers", g.pick(list("example.com/f"), list(), nil, list("example.com/g", "example.com/f")))
		g.maybe(m, 0.2, "resourceVersion", g.pick("${rv:"+t.key()+"}", "${old:"+t.key()+"}", "1"))
		g.maybe(m, 0.05, "uid", g.pick("${uid:"+t.key()+"}", "11111111-2222-4333-8444-555555555555"))
		o["metadata"] = m
	}
	if g.chance(0.12) {
		g.spoil(o)
	}
	return o
}

func (g *generator) mergePatch() []Call {
	t := g.known()
	return one(Call{Verb: "merge patch", Method: "PATCH", Type: "application/merge-patch+json", Body: g.change(t),
		Path: t.path() + query(append(g.options(), g.manager()...)...)})
}

func (g *generator) strategicPatch() []Call {
	t := g.known()
	o := g.change(t)
	if g.chance(0.4) {
		switch t.kind.plural {
		case "services":
			o["spec"] = g.pick(
				object("ports", list(object("port", 80, "$patch", "delete"))),
				object("ports", list(object("port", 82, "name", "new"), object("$patch", "replace"))),
				object("$setElementOrder/ports", list(object("port", 81), object("port", 80)), "ports", list(object("port", 81, "name", "x"))),
				object("selector", object("$patch", "replace", "a", "b")),
				object("$retainKeys", list("type", "ports"), "type", "ClusterIP"),
				object("ports", list(object("name", "no-key"))))
		case "deployments":
			o["spec"] = object("template", object("spec", object("containers", list(g.pick(object("name", "c", "image", "x"), object("name", "d", "image", "y"), object("name", "c", "$patch", "delete"))))))
		default:
			o["metadata"] = g.pick(object("$deleteFromPrimitiveList/finalizers", list("example.com/f")),
				object("labels", object("$patch", "replace", "app", "web")), object("labels", object("$patch", "delete")),
				object("finalizers", list("example.com/h")), object("$setElementOrder/finalizers", list("example.com/g", "example.com/f")),
				object("labels", object("$patch", "odd")))
		}
	}
	return one(Call{Verb: "strategic patch", Method: "PATCH", Type: "application/strategic-merge-patch+json", Body: o,
		Path: t.path() + query(append(g.options(), g.manager()...)...)})
}

func (g *generator) jsonPatch() []Call {
	t := g.known()
	var operations []any
	for range g.r.IntN(3) + 1 {
		operations = append(operations, g.operation(t))
	}
	return one(Call{Verb: "JSON patch", Method: "PATCH", Type: "application/json-patch+json", Body: operations,
		Path: t.path() + query(append(g.options(), g.manager()...)...)})
}

func (g *generator) operation(t target) any {
	op := func(name, path string, v any) map[string]any { return object("op", name, "path", path, "value", v) }
	if g.chance(0.5) {
		switch t.kind.plural {
		case "configmaps", "secrets":
			return g.pick(op("add", "/data/k1", "eA=="), op("replace", "/data/k2", "eA=="), op("test", "/data/k1", "eA=="), object("op", "remove", "path", "/data/k1"),
				object("op", "move", "from", "/data/k1", "path", "/data/k2"), object("op", "copy", "from", "/data/k1", "path", "/data/k3"), op("add", "/data", object("x", "eA==")))
		case "services":
			return g.pick(op("add", "/spec/ports/-", object("name", "more", "port", 90)), op("replace", "/spec/ports/0/port", 91), object("op", "remove", "path", "/spec/ports/1"),
				op("add", "/spec/ports/0", object("name", "zero", "port", 92)), op("test", "/spec/type", "ClusterIP"), op("replace", "/spec/type", g.pick("NodePort", "LoadBalancer", "ClusterIP")))
		case "gateways", "listenersets":
			return g.pick(op("replace", "/spec/listeners/0/port", g.pick(1234, 0)), op("add", "/spec/listeners/-", g.listener(2)), object("op", "remove", "path", "/spec/listeners/0"))
		}
	}
	return g.pick(
		op("add", "/metadata/labels", object("app", "web")), op("add", "/metadata/labels/app", "db"), op("replace", "/metadata/labels/app", "web"),
		object("op", "remove", "path", "/metadata/labels/tier"), object("op", "remove", "path", "/metadata/finalizers"), object("op", "remove", "path", "/metadata/finalizers/0"),
		op("add", "/metadata/finalizers", list("example.com/f")), op("add", "/metadata/finalizers/-", "example.com/g"),
		op("add", "/metadata/annotations/example.com~1a", "4"), op("test", "/metadata/name", t.name), op("test", "/metadata/labels/app", nil),
		op("replace", "/metadata/resourceVersion", "${old:"+t.key()+"}"), op("replace", "/metadata/name", "other"), op("add", "/bogus", 1),
		op("test", "/metadata/resourceVersion", "${rv:"+t.key()+"}"), op("replace", "/spec", nil), op("add", "/spec/bogus/deep", 1), op("odd", "/spec", 1),
		object("op", "add", "path", "/metadata/labels/x"), op("add", "no-slash", 1), object("op", "remove"), "text", object("op", "replace", "path", "", "value", object()))
}

func (g *generator) update() []Call {
	t := g.known()
	c := Call{Verb: "update", Method: "PUT", Type: asJSON, Path: t.path() + query(append(g.options(), g.manager()...)...)}
	if g.chance(0.55) {
		c.Base, c.Body = t.key(), g.change(t)
		if g.chance(0.2) {
			c.Body = object()
		}
		if body, ok := c.Body.(map[string]any); ok && t.kind.name == "Event" {
			// It may have been seen last through the other API.
			body["apiVersion"] = t.kind.apiVersion()
		}
		return one(c)
	}
	o := g.object(t)
	metadata, ok := o["metadata"].(map[string]any)
	if !ok {
		metadata = object()
	}
	if v, ok := g.pick("${rv:"+t.key()+"}", "${rv:"+t.key()+"}", "${old:"+t.key()+"}", "0", nil).(string); ok {
		metadata["resourceVersion"] = v
	}
	g.maybe(metadata, 0.1, "uid", g.pick("${uid:"+t.key()+"}", "11111111-2222-4333-8444-555555555555"))
	c.Body = o
	return one(c)
}

func (g *generator) writeStatus() []Call {
	t := g.known()
	for range 20 {
		if t.kind.status {
			break
		}
		t = g.known()
	}
	status := object("status", statusOf(t.kind, g))
	if g.chance(0.15) {
		g.spoil(status)
	}
	if g.chance(0.2) {
		status = merged(status, g.change(t)).(map[string]any)
	}
	c := Call{Verb: "status", Path: t.path() + "/status"}
	switch g.r.IntN(4) {
	case 0:
		c.Method, c.Type, c.Base, c.Body = "PUT", asJSON, t.key(), status
		c.Path += query(append(g.options(), g.manager()...)...)
	case 1:
		c.Method, c.Type, c.Body = "PATCH", "application/apply-patch+yaml", merged(object("apiVersion", t.kind.apiVersion(), "kind", t.kind.name, "metadata", object("name", t.name)), status)
		c.Path += query(append(g.options(), "fieldManager", g.word("alice", "bob"), "force", g.word("true", "false"))...)
	case 2:
		if metadata, ok := status["metadata"].(map[string]any); ok || g.chance(0.3) {
			metadata = shallow(metadata)
			metadata["resourceVersion"] = g.pick("${rv:"+t.key()+"}", "${old:"+t.key()+"}")
			status["metadata"] = metadata
		}
		c.Method, c.Type, c.Body = "PATCH", "application/merge-patch+json", status
		c.Path += query(append(g.options(), g.manager()...)...)
	case 3:
		c.Method, c.Type, c.Body = "PATCH", g.word("application/json-patch+json", "application/strategic-merge-patch+json"), any(status)
		if c.Type == "application/json-patch+json" {
			c.Body = list(object("op", g.pick("add", "replace"), "path", "/status", "value", status["status"]))
		}
		c.Path += query(append(g.options(), g.manager()...)...)
	}
	return one(c)
}

func (g *generator) remove() []Call {
	t := g.known()
	if t.kind.name == "Namespace" {
		return g.read()
	}
	c := Call{Verb: "delete", Method: "DELETE", Path: t.path()}
	if g.chance(0.3) {
		o := object()
		preconditions := object()
		g.maybe(preconditions, 0.5, "uid", g.pick("${uid:"+t.key()+"}", "11111111-2222-4333-8444-555555555555"))
		g.maybe(preconditions, 0.5, "resourceVersion", g.pick("${rv:"+t.key()+"}", "${old:"+t.key()+"}"))
		g.maybe(o, 0.7, "preconditions", preconditions)
		g.maybe(o, 0.3, "propagationPolicy", g.pick("Background", "Foreground", "Orphan", "Odd"))
		g.maybe(o, 0.1, "dryRun", list("All"))
		g.maybe(o, 0.1, "gracePeriodSeconds", g.pick(0, 5, -1))
		if g.chance(0.5) {
			o["apiVersion"], o["kind"] = "v1", "DeleteOptions"
		}
		c.Type, c.Body = asJSON, o
		_, c.Settle = o["propagationPolicy"]
	} else if g.chance(0.2) {
		c.Path += query(g.word("propagationPolicy", "propagationPolicy", "dryRun"), g.word("Background", "Foreground", "Orphan", "All"))
		c.Settle = true
	}
	return one(c)
}

func (g *generator) removeAll() []Call {
	t := g.known()
	if t.namespace == "" {
		return g.remove()
	}
	return one(Call{Verb: "delete collection", Method: "DELETE",
		Path: t.kind.path(t.namespace, "") + query("labelSelector", g.word("app=web", "app=db", "tier in (x,y)", "app=none"))})
}
