package differential

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Tests of the test itself, which need no cluster:
//
//	go test ./differential -run Tester

func saying(code int, body string) answer {
	return answer{code: code, contentType: asJSON, text: body, body: decode(body)}
}

// places are where two answers differ, after each was normalised by a memory of its own.
func places(real, embedded answer) []string {
	a, b := newMemory("dreal00"), newMemory("demb000")
	var at []string
	for _, d := range compareAnswers(Call{Method: "GET"}, real, embedded, a.normalise(real.body), b.normalise(embedded.body)) {
		at = append(at, d.at)
	}
	return at
}

func refusal(reason, message, causes string) string {
	return fmt.Sprintf(`{"kind":"Status","reason":%q,"message":%q,"details":{"causes":[%s]}}`, reason, message, causes)
}

func TestTesterSeesDifferences(t *testing.T) {
	const (
		object  = `{"kind":"ConfigMap","metadata":{"name":"a","generation":1},"data":{"k":"v"}}`
		missing = `{"field":"spec.a","message":"Required value","reason":"FieldValueRequired"}`
		wrong   = `{"field":"spec.b","message":"Invalid value: 1: too low","reason":"FieldValueInvalid"}`
		worse   = `{"field":"spec.b","message":"Invalid value: 1: too high","reason":"FieldValueInvalid"}`
	)
	warned := saying(200, object)
	warned.warnings = []string{`299 - "unknown field"`}
	later := saying(200, object)
	later.retryAfter = "1"
	yaml := saying(200, object)
	yaml.contentType = "application/yaml"
	for _, c := range []struct {
		name           string
		real, embedded answer
		at             []string
	}{
		{"nothing", saying(200, object), saying(200, object), nil},
		{"another order of members", saying(200, object), saying(200, `{"data":{"k":"v"},"metadata":{"generation":1.0,"name":"a"},"kind":"ConfigMap"}`), nil},
		{"a changed code", saying(201, object), saying(200, object), []string{"code"}},
		{"a warning", warned, saying(200, object), []string{"warnings"}},
		{"a time to wait", later, saying(200, object), []string{"retry after"}},
		{"a content type", yaml, saying(200, object), []string{"content type"}},
		{"a missing field", saying(200, object), saying(200, `{"kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}`), []string{"body.metadata.generation"}},
		{"a further field", saying(200, object), saying(200, strings.Replace(object, `"k":"v"`, `"k":"v","l":""`, 1)), []string{"body.data.l"}},
		{"null for a missing field", saying(200, `{"a":null}`), saying(200, `{}`), []string{"body.a"}},
		{"a number for a text", saying(200, `{"a":"1"}`), saying(200, `{"a":1}`), []string{"body.a"}},
		{"the order of a list", saying(200, `{"a":[1,2]}`), saying(200, `{"a":[2,1]}`), []string{"body.a[0]", "body.a[1]"}},
		{"a shorter list", saying(200, `{"a":[1,2]}`), saying(200, `{"a":[1]}`), []string{"body.a"}},
		{"another reason", saying(409, refusal("Conflict", "m", "")), saying(409, refusal("AlreadyExists", "m", "")), []string{"body.reason"}},
		{"another message", saying(409, refusal("Conflict", "m", "")), saying(409, refusal("Conflict", "n", "")), []string{"body.message"}},
		{"a cause that is missing", saying(422, refusal("Invalid", "x is invalid: all", missing+","+wrong)), saying(422, refusal("Invalid", "x is invalid: all", wrong)),
			[]string{"body.details.causes", "body.message"}},
		{"causes in another order", saying(422, refusal("Invalid", "x is invalid: a, b", missing+","+wrong)), saying(422, refusal("Invalid", "x is invalid: b, a", wrong+","+missing)), nil},
		{"a cause of another message", saying(422, refusal("Invalid", "x is invalid: a, b", missing+","+wrong)), saying(422, refusal("Invalid", "x is invalid: a, b", missing+","+worse)),
			[]string{"body.details.causes[1].message"}},
		{"what a decoder says", saying(400, refusal("BadRequest", "json parse error: EOF", "")), saying(400, refusal("BadRequest", "json parse error: it ends", "")), nil},
		{"plain text", answer{code: 404, text: "404 page not found"}, answer{code: 404, text: "not found"}, []string{"text"}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			if at := places(c.real, c.embedded); !slices.Equal(at, c.at) {
				t.Errorf("differences at %q, expected %q", at, c.at)
			}
		})
	}
}

// TestTesterNames gives each server values of its own for what it makes up.
func TestTesterNames(t *testing.T) {
	const (
		uidA, uidB = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
		uidC, uidD = "33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444"
	)
	now := time.Now().UTC()
	object := func(uid, owner, version, address, port string, at time.Time) string {
		return fmt.Sprintf(`{"metadata":{"uid":%q,"resourceVersion":%q,"creationTimestamp":%q,"ownerReferences":[{"uid":%q}]},
			"spec":{"clusterIP":%q,"clusterIPs":[%[5]q],"ports":[{"nodePort":%s}]}}`, uid, version, at.Format(time.RFC3339), owner, address, port)
	}
	a, b := newMemory("dreal00"), newMemory("demb000")
	same := func(name, x, y string) {
		t.Helper()
		var found []difference
		differ(name, a.normalise(decode(x)), b.normalise(decode(y)), &found)
		for _, d := range found {
			t.Error(d)
		}
	}
	same("first", object(uidA, uidB, "7", "10.96.1.1", "30086", now), object(uidC, uidD, "1007", "10.96.9.9", "31000", now.Add(-time.Minute)))
	// The same values again, and new ones.
	same("second", object(uidB, uidA, "7", "10.96.1.2", "30086", now), object(uidD, uidC, "1007", "10.96.9.8", "31000", now))
	same("third", `{"message":"uid `+uidA+` of dreal00-1 has resourceVersion 7"}`, `{"message":"uid `+uidC+` of demb000-1 has resourceVersion 1007"}`)

	differs := func(name, x, y, at string) {
		t.Helper()
		var found []difference
		differ("body", a.normalise(decode(x)), b.normalise(decode(y)), &found)
		if len(found) != 1 || found[0].at != at {
			t.Errorf("%s: %v, expected one difference at %s", name, found, at)
		}
	}
	differs("a value of another object", `{"uid":"`+uidA+`"}`, `{"uid":"`+uidD+`"}`, "body.uid")
	differs("an old version", `{"resourceVersion":"7"}`, `{"resourceVersion":"2000"}`, "body.resourceVersion")
	differs("an address that was asked for", `{"clusterIP":"10.96.0.7"}`, `{"clusterIP":"10.96.0.8"}`, "body.clusterIP")
	differs("a port that was asked for", `{"nodePort":30001}`, `{"nodePort":30002}`, "body.nodePort")
	differs("a time that was given", `{"at":"2001-01-01T00:00:00Z"}`, `{"at":"2001-01-01T00:00:01Z"}`, "body.at")
}

// fakePair differs in what /ask says once /break was called, in the same run.
func fakePair(t *testing.T) *pair {
	t.Helper()
	serve := func(name, broken string) *server {
		var mu sync.Mutex
		asked := map[string]bool{}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			w.Header().Set("Content-Type", asJSON)
			action, run, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			said := "well"
			if action == "break" {
				asked[run] = true
			}
			if action == "ask" && asked[run] {
				said = broken
			}
			_, _ = io.WriteString(w, `{"said":"`+said+`"}`)
		}))
		t.Cleanup(s.Close)
		return &server{name: name, url: s.URL, client: s.Client()}
	}
	return &pair{real: serve("real", "well"), embedded: serve("embedded", "broken"), calls: map[string]int{}}
}

func TestTesterShrinks(t *testing.T) {
	p := fakePair(t)
	c := Case{Name: "long"}
	for i := range 50 {
		action := "nothing"
		switch i {
		case 13:
			action = "break"
		case 5, 37, 41:
			action = "ask" // the first is too early, the last too late
		}
		c.Calls = append(c.Calls, Call{Verb: "get", Method: "GET", Path: fmt.Sprintf("/%s/${run}", action)})
	}
	failed, err := p.execute(c)
	if err != nil || failed == nil || failed.index != 37 {
		t.Fatalf("%v, %v: expected a difference at call 38", failed, err)
	}
	short, last := p.shrink(c, failed, time.Hour)
	var paths []string
	for _, call := range short.Calls {
		paths = append(paths, call.Path)
	}
	if !slices.Equal(paths, []string{"/break/${run}", "/ask/${run}"}) || last.index != 1 {
		t.Errorf("it shrinks to %q and differs at call %d, expected the two calls that matter", paths, last.index+1)
	}
	if p.calls["get"] != 38 {
		t.Errorf("%d calls are counted, expected those until the difference and none of the search", p.calls["get"])
	}
}

func TestTesterGeneratesTheSameFromTheSameSeed(t *testing.T) {
	if generate(7, 60).text() != generate(7, 60).text() {
		t.Error("seed 7 does not always make the same calls")
	}
	if generate(7, 60).text() == generate(8, 60).text() {
		t.Error("seeds 7 and 8 make the same calls")
	}
}

func TestTesterExcludesNoMoreThanItSays(t *testing.T) {
	hidden := difference{at: "events[4].object.spec.internalTrafficPolicy", real: `"Cluster"`, embedded: nothing}
	other := difference{at: "events[4].object.spec.type", real: `"ExternalName"`, embedded: nothing}
	changed := difference{at: hidden.at, real: `"Cluster"`, embedded: `"Local"`}
	watching, reading := Call{Watch: &Watch{}}, Call{Method: "GET"}
	pages := func(plural string) Call {
		return Call{Method: "GET", Path: "/api/v1/namespaces/a/" + plural + "?limit=2"}
	}
	for _, c := range []struct {
		call  Call
		found difference
		kept  bool
	}{{watching, hidden, false}, {watching, other, true}, {watching, changed, true}, {reading, hidden, true}, {pages("events"), other, false}, {pages("services"), other, true}} {
		if kept := len(excluded(c.call, []difference{c.found})) == 1; kept != c.kept {
			t.Errorf("%+v of %+v is kept: %v, expected %v", c.found, c.call, kept, c.kept)
		}
	}
}

// notInHeader are the exclusions that the documentation of the embedded server does not admit.
func notInHeader(all []exclusion, header string) []string {
	_, list, _ := strings.Cut(header, "What is not modelled:")
	list, _, _ = strings.Cut(list, "class api_server")
	list = strings.Join(strings.Fields(strings.ReplaceAll(list, "///", " ")), " ")
	var out []string
	for _, e := range all {
		if len(e.header) < 20 || e.reason == "" || !strings.Contains(list, e.header) {
			out = append(out, e.header)
		}
	}
	return out
}

func TestTesterExcludesWhatTheHeaderNames(t *testing.T) {
	const path = "../../../include/gwctl/testing/api_server.hpp"
	header, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range notInHeader(exclusions, string(header)) {
		t.Errorf("excluded.go: the list \"What is not modelled\" of %s does not say %q", path, sentence)
	}
	invented := exclusion{header: "Answers on Sundays, which are wrong", reason: "rest"}
	if len(notInHeader([]exclusion{invented}, string(header))) != 1 {
		t.Error("an exclusion that the header does not name is let pass")
	}
}
