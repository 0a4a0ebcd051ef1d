package differential

import "strings"

const (
	asTable   = "application/json;as=Table;v=v1;g=meta.k8s.io"
	asPartial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
	asLists   = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
)

func (g *generator) read() []Call {
	t := g.known()
	c := Call{Verb: "get", Method: "GET", Path: t.path()}
	if t.kind.status && g.chance(0.15) {
		c.Path += "/status"
	}
	if g.chance(0.2) {
		c.Path += query("resourceVersion", g.word("0", "${rv:"+t.key()+"}", "${old:"+t.key()+"}", "odd"))
		c.Fresh = true
	}
	if g.chance(0.3) {
		c.Accept = g.word(asTable, asTable+",application/json", asPartial, "application/yaml", "text/html", "*/*", "application/json;as=Odd;v=v1;g=meta.k8s.io")
	}
	return one(c)
}

// selector makes a label selector: for what is in no namespace, only of this run.
func (g *generator) selector(t target) []string {
	text := ""
	if g.chance(0.4) || !t.kind.namespaced {
		text = g.word("app=web", "app==db", "app!=web", "tier in (x,y)", "tier notin (x)", "app", "!app", "app=web,tier=x", "example.com/old=1", "tier in (x", "a b", "app=!", "=x",
			"example.com/old>0", "app in ()", "-bad-=x", ",")
	}
	if !t.kind.namespaced {
		if strings.ContainsAny(text, ",(") || text == "" {
			text = "run=${run}"
		} else {
			text = "run=${run}," + text
		}
	}
	if text == "" {
		return nil
	}
	return []string{"labelSelector", strings.NewReplacer(" ", "%20", "=", "%3D", ",", "%2C", "!", "%21", ">", "%3E").Replace(text)}
}

func (g *generator) fields(t target) []string {
	if g.chance(0.8) {
		return nil
	}
	return []string{"fieldSelector", g.word("metadata.name="+t.name, "metadata.name!="+t.name, "metadata.namespace="+t.namespace, "type=Opaque", "spec.type=LoadBalancer", "involvedObject.name=a",
		"reason=Failed", "metadata.uid=x", "odd", "metadata.name=a,metadata.name=b", "spec.clusterIP=None", "status.phase=Active")}
}

func listQuery(pairs ...[]string) string {
	var all []string
	for _, p := range pairs {
		all = append(all, p...)
	}
	var parts []string
	for i := 0; i+1 < len(all); i += 2 {
		value := all[i+1]
		if all[i] != "labelSelector" {
			value = strings.NewReplacer("=", "%3D", ",", "%2C", " ", "%20", "!", "%21").Replace(value)
		}
		parts = append(parts, all[i]+"="+value)
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

func (g *generator) versions(t target) []string {
	if g.chance(0.6) {
		return nil
	}
	v := []string{"resourceVersion", g.word("0", "${list}", "${list}", "${rv:"+t.key()+"}", "${old:"+t.key()+"}", "odd", "-1")}
	if g.chance(0.6) {
		v = append(v, "resourceVersionMatch", g.word("Exact", "Exact", "NotOlderThan", "Odd"))
	}
	if g.chance(0.05) {
		return v[2:]
	}
	return v
}

func (g *generator) list() []Call {
	t := g.known()
	c := Call{Verb: "list", Method: "GET", Fresh: true}
	q := [][]string{g.selector(t), g.fields(t), g.versions(t)}
	if g.chance(0.15) {
		q = append(q, []string{"limit", g.word("1", "2", "500", "0", "-1", "odd")})
	}
	c.Path = t.kind.path(t.namespace, "") + listQuery(q...)
	if g.chance(0.3) {
		c.Accept = g.word(asTable, asTable, asLists, asTable+",application/json", "application/json;as=Odd;v=v1;g=meta.k8s.io")
		if strings.Contains(c.Accept, "Table") && g.chance(0.4) {
			sign := "?"
			if strings.Contains(c.Path, "?") {
				sign = "&"
			}
			c.Path += sign + "includeObject=" + g.word("Object", "None", "Metadata", "Odd")
		}
	}
	return one(c)
}

// pages lists in pages, with a write in between that the later pages must not show.
func (g *generator) pages() []Call {
	t := g.known()
	path := t.kind.path(t.namespace, "")
	selector := g.selector(t)
	page := func(more ...string) Call {
		return Call{Verb: "page", Method: "GET", Path: path + listQuery(selector, append([]string{"limit", g.word("1", "2")}, more...))}
	}
	token := []string{"continue", "${continue:" + path + "}"}
	calls := one(page())
	if g.chance(0.5) {
		calls = append(calls, g.mergePatch()...)
	}
	calls = append(calls, page(token...))
	if g.chance(0.3) {
		calls = append(calls, g.create()...)
	}
	if g.chance(0.1) {
		token = append(token, "resourceVersion", "${list}")
	}
	calls = append(calls, page(token...))
	calls[0].Verb = "page"
	return calls
}

// oldest is a version from before the definitions: of built-in kinds the real server may still know everything since.
func oldest(t target) string {
	if t.kind.custom {
		return "1"
	}
	return "0"
}

func (g *generator) watch() []Call {
	if g.watches >= 6 {
		return g.list()
	}
	g.watches++
	t := g.known()
	w := &Watch{Kind: t.kind.key, Namespace: t.namespace}
	q := [][]string{{"watch", "true"}}
	if text := g.word("", "", "app=web", "tier in (x,y)", "!example.com/old"); !t.kind.namespaced {
		q = append(q, []string{"labelSelector", "run%3D${run}"})
	} else if text != "" {
		q = append(q, []string{"labelSelector", strings.NewReplacer(" ", "%20", "=", "%3D", "!", "%21").Replace(text)})
	}
	if g.chance(0.15) {
		q = append(q, []string{"fieldSelector", "metadata.name=" + t.name})
		w.Name = t.name
	}
	switch g.r.IntN(6) {
	case 0:
	case 1:
		q = append(q, []string{"resourceVersion", "0"})
	case 2:
		q = append(q, []string{"sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan", "allowWatchBookmarks", "true"})
		if g.chance(0.5) {
			q = append(q, []string{"resourceVersion", g.word("0", "${list}")})
		}
	case 3:
		q = append(q, []string{"resourceVersion", "${rv:" + t.key() + "}"})
	case 4:
		q = append(q, []string{"resourceVersion", "${list}", "allowWatchBookmarks", "true"})
	case 5:
		q = append(q, g.pick([]string{"resourceVersion", "odd"}, []string{"sendInitialEvents", "true"}, []string{"resourceVersionMatch", "Exact"},
			[]string{"sendInitialEvents", "true", "resourceVersionMatch", "Exact"}, []string{"sendInitialEvents", "false", "resourceVersionMatch", "NotOlderThan"},
			[]string{"sendInitialEvents", "true", "resourceVersionMatch", "NotOlderThan"}, []string{"timeoutSeconds", "odd"}, []string{"limit", "1"},
			[]string{"resourceVersion", oldest(t)}).([]string))
	}
	c := Call{Verb: "watch", Method: "GET", Fresh: true, Watch: w, Path: t.kind.path(t.namespace, "") + listQuery(q...)}
	if g.chance(0.3) {
		c.Accept = g.word(asTable, asPartial)
	}
	return one(c)
}
