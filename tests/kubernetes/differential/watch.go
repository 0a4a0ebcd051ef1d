package differential

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// openWatch is a watch on both servers, whose events are collected until the end of the run.
type openWatch struct {
	call    Call
	streams [2]*stream
}

// stream reads the events of one watch.
type stream struct {
	cancel context.CancelFunc
	lines  chan string
	events []any
}

// openWatch starts a watch on both servers. A refusal is an answer like any other.
func (r *run) openWatch(call Call) ([]difference, error) {
	w := &openWatch{call: call}
	var answers [2]answer
	for i, s := range []*server{r.pair.real, r.pair.embedded} {
		m := []*memory{r.real, r.embedded}[i]
		ctx, cancel := context.WithCancel(context.Background())
		response, err := s.open(ctx, filled(call, m), "")
		if err != nil {
			cancel()
			return nil, fmt.Errorf("the %s server does not answer: %w", s.name, err)
		}
		if response.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			cancel()
			answers[i] = answerOf(response, string(text))
			continue
		}
		answers[i] = answerOf(response, "")
		w.streams[i] = read(response, cancel)
	}
	if w.streams[0] != nil && w.streams[1] != nil {
		r.watches = append(r.watches, w)
	} else {
		w.close()
	}
	return r.compare(call, answers[0], answers[1]), nil
}

func read(response *http.Response, cancel context.CancelFunc) *stream {
	s := &stream{cancel: cancel, lines: make(chan string, 1000)}
	go func() {
		defer close(s.lines)
		defer response.Body.Close()
		scanner := bufio.NewScanner(response.Body)
		scanner.Buffer(nil, 16<<20)
		for scanner.Scan() {
			s.lines <- scanner.Text()
		}
	}()
	return s
}

func (w *openWatch) close() {
	for _, s := range w.streams {
		if s != nil {
			s.cancel()
			go func() {
				for range s.lines {
				}
			}()
		}
	}
}

// finishWatches makes a last event for every watch and compares all events up to it.
func (r *run) finishWatches() (Call, []difference, error) {
	for n, w := range r.watches {
		mark := fmt.Sprintf("last-%d", n)
		for i, s := range []*server{r.pair.real, r.pair.embedded} {
			if err := r.touch(s, *w.call.Watch, mark); err != nil {
				return w.call, nil, err
			}
			if err := w.streams[i].readUntil(mark); err != nil {
				return w.call, []difference{{"the watch of the " + s.name + " server", err.Error(), ""}}, nil
			}
		}
		real, embedded := r.events(r.real, w.streams[0]), r.events(r.embedded, w.streams[1])
		var found []difference
		differ("events", summaries(real), summaries(embedded), &found)
		if len(found) == 0 {
			differ("events", real, embedded, &found)
		}
		if found = excluded(w.call, found); len(found) > 0 {
			return w.call, found, nil
		}
	}
	return Call{}, nil, nil
}

// touch makes an event that the watch sees, whatever its selectors.
func (r *run) touch(s *server, w Watch, mark string) error {
	k := kindNamed(w.Kind)
	name := w.Name
	if name == "" {
		name = "${run}-z-" + mark
	}
	path := strings.ReplaceAll(k.path(w.Namespace, name), "${run}", r.prefix)
	labels := map[string]any{"app": "web", "tier": "x", "run": "${run}", "example.com/old": nil}
	change := map[string]any{"metadata": map[string]any{"labels": labels, "annotations": map[string]any{"mark": mark}}}
	fill := newMemory(r.prefix).fill
	a, err := s.do(Call{Method: "PATCH", Path: path, Type: "application/merge-patch+json"}, fill(line(change)))
	if err != nil {
		return err
	}
	if a.code == http.StatusOK {
		return nil
	}
	o := merged(k.minimal(w.Namespace, name), change)
	a, err = s.do(Call{Method: "POST", Path: strings.ReplaceAll(k.path(w.Namespace, ""), "${run}", r.prefix), Type: "application/json"}, fill(line(o)))
	if err == nil && a.code != http.StatusCreated {
		err = fmt.Errorf("the %s server refuses the last event of a watch: %s", s.name, a.text)
	}
	return err
}

// readUntil reads until the marked event, or until the server ends the watch after an error.
func (s *stream) readUntil(mark string) error {
	timeout := time.After(10 * time.Second)
	for {
		select {
		case text, ok := <-s.lines:
			if !ok {
				if n := len(s.events); n > 0 {
					if last, _ := s.events[n-1].(map[string]any); last["type"] == "ERROR" {
						return nil
					}
				}
				return fmt.Errorf("the server ended it")
			}
			s.events = append(s.events, decode(text))
			if strings.Contains(text, `"mark":"`+mark+`"`) || strings.Contains(text, `z-`+mark) {
				return nil
			}
		case <-timeout:
			return fmt.Errorf("its last event does not come")
		}
	}
}

// events are those of this run, without bookmarks that come when they please.
func (r *run) events(m *memory, s *stream) []any {
	var out []any
	for _, event := range s.events {
		e, _ := event.(map[string]any)
		object, _ := e["object"].(map[string]any)
		metadata, _ := object["metadata"].(map[string]any)
		if rows, _ := object["rows"].([]any); e["type"] == "BOOKMARK" && len(rows) == 1 {
			row, _ := rows[0].(map[string]any)
			object, _ := row["object"].(map[string]any)
			metadata, _ = object["metadata"].(map[string]any)
		}
		if e["type"] == "BOOKMARK" {
			if metadata["annotations"] != nil {
				out = append(out, "initial events end")
			}
			continue
		}
		namespace, _ := metadata["namespace"].(string)
		name, _ := metadata["name"].(string)
		if madeByServer(object) {
			continue
		}
		if object["rows"] != nil && len(out) > 0 {
			// The real server names the columns again when it had encoded the event before for another watch.
			delete(object, "columnDefinitions")
		}
		if object["rows"] == nil && e["type"] != "ERROR" && !strings.HasPrefix(namespace+name, r.prefix) {
			continue
		}
		if object["rows"] != nil {
			delete(metadata, "resourceVersion")
		}
		out = append(out, map[string]any{"type": e["type"], "object": prepare(m.value("", object))})
	}
	return out
}

// summaries are the events in a few words each.
func summaries(events []any) []any {
	var out []any
	for _, event := range events {
		e, ok := event.(map[string]any)
		if !ok {
			out = append(out, event)
			continue
		}
		object, _ := e["object"].(map[string]any)
		metadata, _ := object["metadata"].(map[string]any)
		text := fmt.Sprint(e["type"], " ", object["kind"], " ", metadata["name"])
		if generation, ok := metadata["generation"].(json.Number); ok {
			text += " generation " + generation.String()
		}
		if metadata["deletionTimestamp"] != nil {
			text += " terminating"
		}
		out = append(out, text)
	}
	return out
}
