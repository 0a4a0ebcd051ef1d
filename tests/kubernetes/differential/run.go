package differential

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pair is the two servers, and what has been asked of them.
type pair struct {
	real, embedded *server

	mu       sync.Mutex
	runs     int
	calls    map[string]int
	replayed int
}

// run is one sequence of calls, in namespaces of its own.
type run struct {
	*pair
	prefix         string
	real, embedded *memory
	watches        []*openWatch
}

// failure is the first call of a case on which the servers differ.
type failure struct {
	// index of the call; the number of calls for what only shows at the end.
	index int
	call  Call
	found []difference
}

func (f failure) String() string {
	text := fmt.Sprintf("call %d: %s", f.index+1, line(f.call))
	for i, d := range f.found {
		if i == 12 {
			text += fmt.Sprintf("\n    ... and %d more", len(f.found)-i)
			break
		}
		text += "\n    " + d.String()
	}
	return text
}

// prefixes are of one length, so that no message is longer for one run than for another.
func (p *pair) newRun() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs++
	n := time.Now().Unix()%(36*36*36)*36*36 + int64(p.runs)%(36*36)
	prefix := "d" + strconv.FormatInt(n+36*36*36*36*36, 36)[1:]
	return &run{pair: p, prefix: prefix, real: newMemory(prefix), embedded: newMemory(prefix)}
}

// execute carries out a case; nil when the servers agree to its end. Errors are of the test itself.
func (p *pair) execute(c Case) (*failure, error) {
	r := p.newRun()
	defer r.cleanUp()
	for _, n := range []string{"1", "2"} {
		setup := Call{Verb: "create", Method: "POST", Path: "/api/v1/namespaces", Type: "application/json",
			Body: map[string]any{"metadata": map[string]any{"name": "${run}-" + n, "labels": map[string]any{"run": "${run}"}}}}
		if found, err := r.do(setup); err != nil || len(found) > 0 {
			return &failure{-1, setup, found}, err
		}
	}
	for i, call := range c.Calls {
		p.count(call.Verb)
		found, err := r.do(call)
		if err != nil {
			return nil, fmt.Errorf("call %d, %s: %w", i+1, line(call), err)
		}
		if len(found) > 0 {
			return &failure{i, call, found}, nil
		}
	}
	call, found, err := r.finishWatches()
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &failure{len(c.Calls), call, found}, nil
}

func (p *pair) count(verb string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[verb]++
}

func filled(call Call, m *memory) Call {
	call.Path = m.fill(call.Path)
	return call
}

// do sends a call to both servers and compares.
func (r *run) do(call Call) ([]difference, error) {
	if call.Fresh {
		if err := r.catchUp(call); err != nil {
			return nil, err
		}
	}
	if call.Watch != nil {
		return r.openWatch(call)
	}
	r.real.expect(call.Body)
	r.embedded.expect(call.Body)
	var answers [2]answer
	var errs [2]error
	var wait sync.WaitGroup
	for i, s := range []*server{r.pair.real, r.pair.embedded} {
		m := []*memory{r.real, r.embedded}[i]
		wait.Add(1)
		go func() {
			defer wait.Done()
			answers[i], errs[i] = s.do(filled(call, m), m.body(call))
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	found := r.compare(call, answers[0], answers[1])
	if len(found) == 0 && call.Settle {
		return r.settle()
	}
	return found, nil
}

func (r *run) compare(call Call, real, embedded answer) []difference {
	r.real.learn(r.real.fill(call.Path), real.body)
	r.embedded.learn(r.embedded.fill(call.Path), embedded.body)
	for i, w := range real.warnings {
		real.warnings[i] = r.real.text(w)
	}
	for i, w := range embedded.warnings {
		embedded.warnings[i] = r.embedded.text(w)
	}
	if real.body == nil && embedded.body == nil {
		// Otherwise the body says it all, and in an order that does not depend on how it was written.
		real.text, embedded.text = r.real.text(real.text), r.embedded.text(embedded.text)
	}
	return compareAnswers(call, real, embedded, r.real.normalise(real.body), r.embedded.normalise(embedded.body))
}

// catchUp lists from the storage, after which the watch cache of the real server is no older.
func (r *run) catchUp(call Call) error {
	path, _, _ := strings.Cut(r.real.fill(call.Path), "?")
	_, err := r.pair.real.do(Call{Method: "GET", Path: path}, "")
	return err
}

// settle waits until the real server holds the same objects as the embedded one, which collects garbage at once.
func (r *run) settle() ([]difference, error) {
	var found []difference
	deadline := time.Now().Add(15 * time.Second)
	for {
		found = nil
		for _, k := range kinds {
			for _, path := range k.places() {
				call := Call{Method: "GET", Path: path}
				var bodies [2]any
				for i, s := range []*server{r.pair.real, r.pair.embedded} {
					m := []*memory{r.real, r.embedded}[i]
					a, err := s.do(filled(call, m), "")
					if err != nil {
						return nil, err
					}
					fresh := newMemory(r.prefix)
					fresh.prefixes = m.prefixes
					bodies[i] = withoutVersions(fresh.normalise(a.body))
				}
				differ("after settling, "+path, bodies[0], bodies[1], &found)
			}
		}
		if len(found) == 0 || time.Now().After(deadline) {
			return found, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// withoutVersions leaves the objects of a list without what the steps between may have made different.
func withoutVersions(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			if k != "resourceVersion" && k != "uid" {
				out[k] = withoutVersions(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutVersions(item)
		}
		return out
	}
	return v
}

// cleanUp releases what runs share: addresses and ports of Services, and the names of cluster-scoped kinds.
func (r *run) cleanUp() {
	for _, w := range r.watches {
		w.close()
	}
	for _, k := range kinds {
		if k.namespaced && k.name != "Service" || k.name == "Namespace" {
			continue
		}
		for _, path := range k.places() {
			for _, s := range []*server{r.pair.real, r.pair.embedded} {
				remove(s, strings.ReplaceAll(path, "${run}", r.prefix))
			}
		}
	}
}

// remove deletes all that a path lists, finalizers notwithstanding.
func remove(s *server, path string) {
	listed, err := s.do(Call{Method: "GET", Path: path}, "")
	if err != nil {
		return
	}
	place, _, _ := strings.Cut(path, "?")
	o, _ := listed.body.(map[string]any)
	items, _ := o["items"].([]any)
	for _, item := range items {
		item, _ := item.(map[string]any)
		metadata, _ := item["metadata"].(map[string]any)
		target := place + "/" + fmt.Sprint(metadata["name"])
		if metadata["finalizers"] != nil {
			_, _ = s.do(Call{Method: "PATCH", Path: target, Type: "application/merge-patch+json"}, `{"metadata":{"finalizers":null}}`)
		}
		_, _ = s.do(Call{Method: "DELETE", Path: target}, "")
	}
}
