package differential

import (
	"sort"
	"strings"
)

func sortedKeys(o map[string]any) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// spoil makes one thing in an object wrong, anywhere below its top.
func (g *generator) spoil(o map[string]any) {
	type place struct {
		get func() any
		set func(any)
		cut func()
	}
	var places []place
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range sortedKeys(v) {
				if k == "apiVersion" || k == "kind" {
					continue
				}
				places = append(places, place{func() any { return v[k] }, func(x any) { v[k] = x }, func() { delete(v, k) }})
				walk(v[k])
			}
		case []any:
			for i := range v {
				places = append(places, place{func() any { return v[i] }, func(x any) { v[i] = x }, func() { v[i] = nil }})
				walk(v[i])
			}
		}
	}
	walk(o)
	if len(places) == 0 {
		return
	}
	p := places[g.r.IntN(len(places))]
	switch v := p.get().(type) {
	case map[string]any:
		if g.chance(0.5) {
			v["bogus"] = g.pick("x", 1, object("a", 1))
			return
		}
	case []any:
		if len(v) > 0 && g.chance(0.4) {
			p.set(append(v, v[0]))
			return
		}
	}
	if g.chance(0.15) {
		p.cut()
		return
	}
	p.set(g.pick("text", "", "UPPER_case", "a/b", strings.Repeat("long", 80), -1, 0, 70000, 1.5, true, nil, list(), list("x"), object(), object("x", "y")))
}

// wrong makes a call that does not make sense.
func (g *generator) wrong() []Call {
	t := g.known()
	o := t.kind.minimal(t.namespace, t.name)
	body := line(o)
	c := Call{Verb: "wrong", Method: "POST", Path: t.kind.path(t.namespace, ""), Type: asJSON, Body: o}
	patch := Call{Verb: "wrong", Method: "PATCH", Path: t.path(), Type: "application/merge-patch+json", Body: object()}
	text := func(s string) Call { c.Body, c.Text = nil, s; return c }
	with := func(path string, v any) Call {
		c.Body = merged(o, nest(strings.Split(path, "/"), v))
		return c
	}
	to := func(c Call, method, path string) Call { c.Method, c.Path = method, path; return c }
	typed := func(c Call, contentType string) Call { c.Type = contentType; return c }
	choices := []func() Call{
		func() Call { return text(body[:len(body)-1]) },
		func() Call { return text(" ") },
		func() Call { return text("[]") },
		func() Call { return text("null") },
		func() Call { return text("{}") },
		func() Call { return text(`{"metadata":[]}`) },
		func() Call { return text(strings.Replace(body, `"metadata":{`, `"metadata":{"name":"first",`, 1)) },
		func() Call { return text(body + " trailing") },
		func() Call {
			return typed(text("apiVersion: "+t.kind.apiVersion()+"\nkind: "+t.kind.name+"\nmetadata: {name: yaml}\n"), "application/yaml")
		},
		func() Call { return typed(text("a: [b"), "application/yaml") },
		func() Call { return with("kind", g.pick("Other", "ConfigMap", "")) },
		func() Call { return with("apiVersion", g.pick("v1", "v2", "other/v1", "a/b/c", "")) },
		func() Call {
			return with("metadata/name", g.pick("Upper", "a_b", "-a", "a.b", strings.Repeat("n", 254), strings.Repeat("n", 64), "", "a/b", "1a", "a..b", nil))
		},
		func() Call { return with("metadata/namespace", g.pick("other", "${run}-2", "Bad_Name")) },
		func() Call {
			return with("metadata/labels", g.pick(object("bad key", "x"), object("a", "bad value!"), object("a/b/c", "x"), object("", "x"), object("a", strings.Repeat("v", 64)), object(strings.Repeat("k", 64), "v"), object("A.com/x", "y"), object("a", 1)))
		},
		func() Call {
			return with("metadata/annotations", g.pick(object("bad key", "x"), object("a", 1), object("A.com/x", "y")))
		},
		func() Call {
			return with("metadata/finalizers", g.pick(list("no-domain"), list("bad value!"), list(""), list(1), list("example.com/f", "example.com/f")))
		},
		func() Call {
			return with("metadata/ownerReferences", g.pick(list(object("apiVersion", "v1", "kind", "ConfigMap", "name", "x")), list(object("apiVersion", "v1", "kind", "Event", "name", "x", "uid", "u")), list(object())))
		},
		func() Call { return with("metadata/resourceVersion", g.pick("1", "0", "x")) },
		func() Call { return with("metadata/uid", "11111111-2222-4333-8444-555555555555") },
		func() Call { return with("metadata/deletionTimestamp", "2001-01-01T00:00:00Z") },
		func() Call { return with("metadata/generation", g.pick(7, "x")) },
		func() Call {
			return with("metadata/managedFields", g.pick(list(), list(object()), list(object("manager", "m", "operation", "Odd"))))
		},
		func() Call { return with("bogus", 1) },
		func() Call {
			c.Path += "?fieldValidation=" + g.word("Strict", "Warn", "Ignore", "Odd")
			return with("bogus", object("x", 1))
		},
		func() Call { c.Path += "?dryRun=" + g.word("All", "Odd"); return c },
		func() Call { c.Path += "?fieldManager=" + g.word(strings.Repeat("m", 129), "bad%00", "fine"); return c },
		func() Call {
			c.Agent = g.word("kubectl/v1.36 (linux/amd64)", strings.Repeat("a", 200), "no-slash", "a b/c")
			return c
		},
		func() Call {
			return typed(c, g.word("text/plain", "", "application/xml", "application/json; charset=utf-8", "application/merge-patch+json"))
		},
		func() Call {
			return typed(patch, g.word("text/plain", asJSON, "", "application/apply-patch+yaml", "application/merge-patch+json; charset=utf-8"))
		},
		func() Call { return typed(patch, "application/strategic-merge-patch+json") },
		func() Call { patch.Path += "?force=true"; return patch },
		func() Call { patch.Body = list(); return patch },
		func() Call { patch.Body, patch.Text = nil, "{"; return patch },
		func() Call {
			patch.Body, patch.Text = nil, "7"
			return typed(patch, g.word("application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json"))
		},
		func() Call {
			patch.Path += "?fieldManager=m"
			patch.Body = g.pick(o, object("metadata", object()), merged(o, object("metadata", object("name", "other"))), merged(o, object("metadata", object("managedFields", list()))), list())
			return typed(patch, "application/apply-patch+yaml")
		},
		func() Call { return to(c, g.word("PUT", "PATCH"), t.kind.path(t.namespace, "")) },
		func() Call { return to(c, "POST", t.path()) },
		func() Call { return to(c, g.word("PUT", "POST", "PATCH", "OPTIONS"), t.path()+"/bogus") },
		func() Call {
			return to(c, g.word("GET", "POST"), strings.Replace(t.kind.path(t.namespace, ""), t.kind.plural, "unknowns", 1))
		},
		func() Call {
			return to(c, g.word("GET", "POST"), g.word("/apis/none.example.com/v1/x", "/api/v2/configmaps", "/odd", "/api/v1/namespaces/${run}-1", "/apis/example.com/v9/widgets"))
		},
		func() Call { return to(c, "POST", t.kind.path("none", "")) },
		func() Call { return to(c, "GET", t.kind.path("none", "")) },
		func() Call { return to(c, "POST", t.kind.path("", "")) },
		func() Call { return to(c, "GET", t.kind.path("none", "x")) },
		func() Call { return to(c, "DELETE", t.kind.path("none", "x")) },
		func() Call {
			c.Body = merged(o, object("metadata", object("name", "other")))
			return to(c, "PUT", t.path())
		},
		func() Call { return to(c, "PUT", t.kind.path(t.namespace, "absent")) },
		func() Call { c.Body = object(); return to(c, "PUT", t.path()) },
		func() Call { return to(c, "PUT", t.path()+"?dryRun=All&fieldValidation=Strict") },
		func() Call { patch.Path = t.kind.path(t.namespace, "absent"); return patch },
		func() Call {
			c.Body = g.pick(object("kind", "DeleteOptions", "apiVersion", "v2"), object("bogus", 1), object("preconditions", 1), object("propagationPolicy", 1), object("kind", "Other"), list())
			return to(c, "DELETE", t.kind.path(t.namespace, "absent"))
		},
	}
	return one(choices[g.r.IntN(len(choices))]())
}

func nest(path []string, v any) any {
	for i := len(path) - 1; i >= 0; i-- {
		v = object(path[i], v)
	}
	return v
}
