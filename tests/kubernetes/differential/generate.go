package differential

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// generator makes the calls of one seed.
type generator struct {
	r *rand.Rand
	// targets are the objects that calls have been about.
	targets []target
	watches int
	// generated counts names that the servers are to make up. Each has a letter of its own, so that both sort them alike.
	generated int
	// owners is set once there are owner references, which make deletions take others along.
	owners bool
}

// target is an object, which need not exist.
type target struct {
	kind      kind
	namespace string
	name      string
}

func newGenerator(seed uint64) *generator {
	return &generator{r: rand.New(rand.NewPCG(seed, 20240229))}
}

// generate makes about n calls.
func generate(seed uint64, n int) Case {
	g := newGenerator(seed)
	c := Case{Name: fmt.Sprintf("seed %d", seed), Why: fmt.Sprintf("seed %d", seed)}
	for len(c.Calls) < n {
		c.Calls = append(c.Calls, g.next()...)
	}
	return c
}

func (g *generator) chance(p float64) bool { return g.r.Float64() < p }

func (g *generator) pick(from ...any) any { return from[g.r.IntN(len(from))] }

func (g *generator) word(from ...string) string { return from[g.r.IntN(len(from))] }

func (g *generator) maybe(o map[string]any, p float64, key string, v any) {
	if g.chance(p) {
		o[key] = v
	}
}

func (g *generator) strings(keys ...string) map[string]any {
	o := object()
	for _, k := range keys {
		g.maybe(o, 0.6, k, g.pick("a", "b", "c", ""))
	}
	return o
}

func (g *generator) kind() kind {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	n := g.r.IntN(total)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	return kinds[0]
}

// fresh is any object of a kind.
func (g *generator) fresh(k kind) target {
	t := target{kind: k, name: g.word("a", "b", "c")}
	if k.namespaced {
		t.namespace = g.word("${run}-1", "${run}-1", "${run}-1", "${run}-2")
	} else {
		t.name = "${run}-" + t.name
	}
	return t
}

// known is an object that calls have been about before, if there is one.
func (g *generator) known() target {
	if len(g.targets) == 0 || g.chance(0.08) {
		return g.fresh(g.kind())
	}
	// The later ones more often.
	n := len(g.targets)
	return g.targets[n-1-g.r.IntN(g.r.IntN(n)+1)]
}

func (t target) path() string { return t.kind.path(t.namespace, t.name) }
func (t target) key() string  { return t.kind.name + "/" + t.namespace + "/" + t.name }

func (g *generator) metadata(t target) map[string]any {
	m := object("name", t.name)
	if t.namespace != "" && g.chance(0.3) {
		m["namespace"] = t.namespace
	}
	g.decorate(m)
	if !t.kind.namespaced {
		labels, _ := m["labels"].(map[string]any)
		labels = merged(labels, object("run", "${run}")).(map[string]any)
		m["labels"] = labels
	}
	return m
}

func (g *generator) decorate(m map[string]any) {
	g.maybe(m, 0.6, "labels", g.pick(object("app", "web"), object("app", "db", "tier", "x"), object("tier", "y", "example.com/old", "1"), object()))
	g.maybe(m, 0.25, "annotations", g.pick(object("example.com/a", "1"), object("example.com/a", "2", "b", ""), object()))
	g.maybe(m, 0.1, "finalizers", g.pick(list("example.com/f"), list("example.com/f", "example.com/g"), list()))
	if g.chance(0.03) {
		g.owners = true
		owner := g.known()
		m["ownerReferences"] = list(object("apiVersion", owner.kind.apiVersion(), "kind", owner.kind.name, "name", owner.name,
			"uid", "${uid:"+owner.key()+"}", "controller", g.chance(0.5), "blockOwnerDeletion", g.chance(0.5)))
	}
}

func (g *generator) object(t target) map[string]any {
	o := t.kind.content(g)
	o["apiVersion"], o["kind"] = t.kind.apiVersion(), t.kind.name
	o["metadata"] = g.metadata(t)
	if t.kind.status && g.chance(0.04) {
		o["status"] = statusOf(t.kind, g)
	}
	if g.chance(0.18) {
		g.spoil(o)
	}
	return o
}

// query makes the part of a path after the question mark, in the order given.
func query(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != "" {
			value := pairs[i+1]
			if !strings.Contains(value, "${") {
				value = url.QueryEscape(value)
			}
			parts = append(parts, pairs[i]+"="+value)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

// options of a write, as pairs for query.
func (g *generator) options() []string {
	var q []string
	if g.chance(0.08) {
		q = append(q, "dryRun", "All")
	}
	if g.chance(0.25) {
		q = append(q, "fieldValidation", g.word("Strict", "Warn", "Ignore"))
	}
	return q
}

func (g *generator) manager() []string {
	if g.chance(0.5) {
		return nil
	}
	return []string{"fieldManager", g.word("alice", "bob")}
}

func (g *generator) next() []Call {
	choices := []struct {
		weight int
		make   func() []Call
	}{
		{16, g.create}, {16, g.apply}, {7, g.mergePatch}, {7, g.jsonPatch}, {6, g.strategicPatch}, {9, g.update}, {9, g.writeStatus},
		{8, g.remove}, {2, g.removeAll}, {4, g.read}, {6, g.list}, {3, g.pages}, {3, g.watch}, {10, g.wrong},
	}
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	n := g.r.IntN(total)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			calls := c.make()
			if g.owners {
				for i := range calls {
					calls[i].Settle = calls[i].Method != "GET" && calls[i].Watch == nil
				}
			}
			return calls
		}
	}
	return nil
}
