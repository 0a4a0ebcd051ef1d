package differential

import (
	"regexp"
	"strings"
)

// memory is what one server has answered in a run: it fills in placeholders, and gives equal names to what the two
// servers call differently.
type memory struct {
	run string
	// versions of an object by its key, in the order in which they were seen.
	versions map[string][]string
	uids     map[string]string
	last     map[string]any
	list     string
	tokens   map[string]string
	// names of versions, uids, addresses, ports and generated names: "rv-1" and so on.
	names map[string]string
	count map[string]int
	// prefixes match names that were generated.
	prefixes []*regexp.Regexp
}

func newMemory(run string) *memory {
	return &memory{run: run, versions: map[string][]string{}, uids: map[string]string{}, last: map[string]any{},
		tokens: map[string]string{}, names: map[string]string{}, count: map[string]int{}}
}

var placeholder = regexp.MustCompile(`\$\{([^{}]+)\}`)

// fill replaces the placeholders; what is unknown is empty.
func (m *memory) fill(text string) string {
	for range 3 {
		if !strings.Contains(text, "${") {
			break
		}
		text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
			word, key, _ := strings.Cut(found[2:len(found)-1], ":")
			switch word {
			case "run":
				return m.run
			case "rv", "old":
				seen := m.versions[key]
				back := map[string]int{"rv": 1, "old": 2}[word]
				if len(seen) < back {
					return ""
				}
				return seen[len(seen)-back]
			case "uid":
				return m.uids[key]
			case "list":
				return m.list
			case "continue":
				return m.tokens[key]
			}
			return found
		})
	}
	return text
}

// body is the text to send for a call.
func (m *memory) body(call Call) string {
	if call.Text != "" {
		return m.fill(call.Text)
	}
	if call.Base != "" {
		base := m.last[m.fill(call.Base)]
		return line(merged(base, decode(m.fill(line(call.Body)))))
	}
	if call.Body == nil {
		return ""
	}
	return m.fill(line(call.Body))
}

// merged is the JSON merge patch of RFC 7386, without touching its arguments.
func merged(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		if patch == nil {
			return target
		}
		return patch
	}
	out := map[string]any{}
	if o, ok := target.(map[string]any); ok {
		for k, v := range o {
			out[k] = v
		}
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = merged(out[k], v)
		}
	}
	return out
}

// expect takes note of the generateName in a body.
func (m *memory) expect(body any) {
	o, _ := body.(map[string]any)
	metadata, _ := o["metadata"].(map[string]any)
	if prefix, _ := metadata["generateName"].(string); prefix != "" {
		prefix = strings.ReplaceAll(m.fill(prefix), m.run, "RUN")
		m.prefixes = append(m.prefixes, regexp.MustCompile(regexp.QuoteMeta(prefix[:min(len(prefix), 58)])+`[a-z0-9]{5}\b`))
	}
}

// learn takes note of the objects in an answer.
func (m *memory) learn(path string, body any) {
	o, ok := body.(map[string]any)
	if !ok {
		return
	}
	kind, _ := o["kind"].(string)
	items, isList := o["items"].([]any)
	if !isList {
		m.learnObject(kind, o)
		return
	}
	metadata, _ := o["metadata"].(map[string]any)
	if version, ok := metadata["resourceVersion"].(string); ok {
		m.list = version
	}
	token, _ := metadata["continue"].(string)
	place, _, _ := strings.Cut(path, "?")
	m.tokens[place] = token
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			m.learnObject(strings.TrimSuffix(kind, "List"), o)
		}
	}
}

func (m *memory) learnObject(kind string, o map[string]any) {
	metadata, _ := o["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	version, _ := metadata["resourceVersion"].(string)
	if name == "" || version == "" || strings.HasPrefix(kind, "Partial") {
		return
	}
	namespace, _ := metadata["namespace"].(string)
	key := kind + "/" + namespace + "/" + name
	if seen := m.versions[key]; len(seen) == 0 || seen[len(seen)-1] != version {
		m.versions[key] = append(seen, version)
	}
	m.uids[key], _ = metadata["uid"].(string)
	if _, ok := o["kind"]; ok {
		m.last[key] = o
	}
}
