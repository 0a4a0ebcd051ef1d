package differential

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

var (
	uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timeText = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?\+0000 UTC|Z)?`)
	ageText  = regexp.MustCompile(`^\d+[smhdy](\d+[smhdy])?$`)
	// Both servers give out the upper part of their range; the lower one is for addresses that are asked for.
	addressText = regexp.MustCompile(`\b10\.96\.([1-9]\d*)\.\d+\b|\bfd00:10:96::[0-9a-f]*[1-9a-f][0-9a-f]{2,}\b`)
	versionText = regexp.MustCompile(`([ ("])(\d+)\b`)
	portText    = regexp.MustCompile(`\b3[0-2]\d\d\d\b`)
)

// called names a value: the first of its sort is sort-1, and the same value always has the same name.
func (m *memory) called(sort, value string) string {
	key := sort + " " + value
	if name, ok := m.names[key]; ok {
		return name
	}
	m.count[sort]++
	name := fmt.Sprintf("%s-%d", sort, m.count[sort])
	m.names[key] = name
	return name
}

// text normalises a message, or any other string.
func (m *memory) text(s string) string {
	s = strings.ReplaceAll(s, m.run, "RUN")
	s = uuidText.ReplaceAllStringFunc(s, func(u string) string { return m.called("uid", u) })
	s = addressText.ReplaceAllStringFunc(s, func(a string) string { return m.called("ip", a) })
	for _, prefix := range m.prefixes {
		s = prefix.ReplaceAllStringFunc(s, func(n string) string { return m.called("generated", n) })
	}
	s = portText.ReplaceAllStringFunc(s, func(n string) string {
		if n < "30086" || n > "32767" {
			return n
		}
		return m.called("port", n)
	})
	if strings.Contains(strings.ToLower(s), "resource version") || strings.Contains(s, "esourceVersion") {
		s = versionText.ReplaceAllStringFunc(s, func(n string) string {
			if name, ok := m.names["rv "+n[1:]]; ok {
				return n[:1] + name
			}
			return n
		})
	}
	return timeText.ReplaceAllStringFunc(s, func(t string) string {
		if strings.HasPrefix(t, strconv.Itoa(time.Now().Year())) || strings.HasPrefix(t, strconv.Itoa(time.Now().Year()-1)) {
			return "NOW"
		}
		return t
	})
}

// normalise copies a decoded body, with names for what may differ.
func (m *memory) normalise(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return m.value("", v)
	}
	kind, _ := o["kind"].(string)
	isList := strings.HasSuffix(kind, "List")
	_, isTable := o["rows"]
	if metadata, ok := o["metadata"].(map[string]any); ok && (isList || isTable) {
		// What else happens on the server makes this newer than anything in the list.
		o = shallow(o)
		metadata = shallow(metadata)
		metadata["resourceVersion"] = "LIST"
		if token, _ := metadata["continue"].(string); token != "" {
			metadata["continue"] = "MORE"
		}
		o["metadata"] = metadata
		for _, member := range []string{"items", "rows"} {
			if list, ok := o[member].([]any); ok {
				o[member] = slices.DeleteFunc(slices.Clone(list), madeByServer)
			}
		}
	}
	return m.value("", o)
}

// madeByServer knows the Events in which the real servers tell, when they get to it, what they think of an object.
func madeByServer(v any) bool {
	text := line(v)
	return strings.Contains(text, "ipallocator-repair-controller") || strings.Contains(text, "garbage-collector-controller")
}

func shallow(o map[string]any) map[string]any {
	out := make(map[string]any, len(o))
	for k, v := range o {
		out[k] = v
	}
	return out
}

func (m *memory) value(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		return m.object(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = m.value(key, item)
		}
		if key == "managedFields" {
			sortManagers(out)
		}
		return out
	case json.Number:
		if n, err := v.Int64(); err == nil && (key == "nodePort" || key == "healthCheckNodePort") && n >= 30086 {
			return m.called("port", v.String())
		}
		return v
	case string:
		if key == "resourceVersion" && v != "" && v != "0" && v != "LIST" {
			return m.called("rv", v)
		}
		if key == "cells" && ageText.MatchString(v) {
			return "AGE"
		}
		return m.text(v)
	}
	return v
}

func (m *memory) object(o map[string]any) map[string]any {
	out := make(map[string]any, len(o))
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	// In order, so that both servers' values get their names in the same one.
	sort.Strings(keys)
	for _, k := range keys {
		v := o[k]
		if message, ok := v.(string); ok && k == "message" {
			// What is not compared must not use up names.
			v = looseMessage(message)
			if o["field"] == "patch" {
				v = "..."
			}
		}
		v = m.value(k, v)
		if strings.Contains(k, m.run) || strings.Contains(k, `"uid"`) {
			k = m.text(k)
		}
		out[k] = v
	}
	return out
}

// sortManagers undoes an order that depends on seconds.
func sortManagers(list []any) {
	id := func(i int) string {
		o, _ := list[i].(map[string]any)
		return fmt.Sprint(o["operation"], " ", o["manager"], " ", o["apiVersion"], " ", o["subresource"])
	}
	sort.SliceStable(list, func(i, j int) bool { return id(i) < id(j) })
}
