// Package differential sends the same API calls to a real kube-apiserver and to the embedded one of lib/testing, and
// compares what they answer. Where they differ, the real one is right.
package differential

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// Call is one request. Its texts may have placeholders, which each server fills in from what it answered before:
//
//	${run}            the prefix of everything this run makes; namespaces are ${run}-1 and ${run}-2
//	${rv:KEY}         the newest resourceVersion seen of an object, KEY being Kind/namespace/name
//	${old:KEY}        the one before
//	${uid:KEY}        its uid
//	${list}           the resourceVersion of the last list
//	${continue:PATH}  the continue token of the last list of this path
type Call struct {
	// Verb is what the summary counts the call as.
	Verb   string `json:"verb"`
	Method string `json:"method"`
	// Path is the request target, query included.
	Path   string `json:"path"`
	Type   string `json:"contentType,omitempty"`
	Accept string `json:"accept,omitempty"`
	// Agent is the User-Agent, "differential/1" unless set.
	Agent string `json:"agent,omitempty"`
	// Body is JSON; Text is sent as it is.
	Body any    `json:"body,omitempty"`
	Text string `json:"text,omitempty"`
	// Base is the KEY of an object: what was last seen of it is the body, with Body merged in.
	Base string `json:"base,omitempty"`
	// Fresh has the watch cache of the real server catch up first, for reads that it answers from there.
	Fresh bool `json:"fresh,omitempty"`
	// Settle waits until garbage collection has made both servers hold the same objects.
	Settle bool `json:"settle,omitempty"`
	// Watch leaves the answer open; the events until the end of the case are compared.
	Watch *Watch `json:"watch,omitempty"`
}

// Watch says how to make the last event of a watch, by which both streams are known to be complete.
type Watch struct {
	// Kind is a key of the table of kinds; Namespace and Name narrow the watch where they are not empty.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Case is a sequence of calls on which both servers must agree.
type Case struct {
	Name  string `json:"-"`
	Why   string `json:"why"`
	Calls []Call `json:"calls"`
}

func readCase(path string) (Case, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Case{}, err
	}
	c := Case{Name: filepath.Base(path)}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Case{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readCases reads the fixed cases in the order of their names.
func readCases(folder string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var all []Case
	for _, file := range files {
		c, err := readCase(file)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// text is the case as a file of testdata.
func (c Case) text() string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n  \"why\": %s,\n  \"calls\": [\n", line(c.Why))
	for i, call := range c.Calls {
		fmt.Fprintf(&out, "    %s", line(call))
		if i+1 < len(c.Calls) {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("  ]\n}\n")
	return out.String()
}

func line(v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprintf("%q", err.Error())
	}
	return string(bytes.TrimSpace(out.Bytes()))
}
