package differential

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// difference is one point in which the servers do not agree.
type difference struct {
	// at is where: "code", "warnings", or a path into the body.
	at       string
	real     string
	embedded string
}

func (d difference) String() string {
	return fmt.Sprintf("%s:\n      real      %s\n      embedded  %s", d.at, d.real, d.embedded)
}

const nothing = "(nothing)"

// differ finds where two normalised values differ.
func differ(at string, a, b any, out *[]difference) {
	if ao, ok := a.(map[string]any); ok {
		if bo, ok := b.(map[string]any); ok {
			for _, k := range keysOf(ao, bo) {
				av, inA := ao[k]
				bv, inB := bo[k]
				switch {
				case !inA:
					*out = append(*out, difference{at + "." + k, nothing, line(bv)})
				case !inB:
					*out = append(*out, difference{at + "." + k, line(av), nothing})
				default:
					differ(at+"."+k, av, bv, out)
				}
			}
			return
		}
	}
	if al, ok := a.([]any); ok {
		if bl, ok := b.([]any); ok && len(al) == len(bl) {
			for i := range al {
				differ(fmt.Sprintf("%s[%d]", at, i), al[i], bl[i], out)
			}
			return
		}
	}
	if an, ok := a.(json.Number); ok {
		if bn, ok := b.(json.Number); ok && sameNumber(an, bn) {
			return
		}
	}
	if line(a) != line(b) {
		*out = append(*out, difference{at, line(a), line(b)})
	}
}

func sameNumber(a, b json.Number) bool {
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y
}

func keysOf(a, b map[string]any) []string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

// compareAnswers compares two answers, whose bodies are normalised.
func compareAnswers(call Call, real, embedded answer, realBody, embeddedBody any) []difference {
	var out []difference
	differ("code", real.code, embedded.code, &out)
	differ("content type", real.contentType, embedded.contentType, &out)
	differ("warnings", strings.Join(real.warnings, "\n"), strings.Join(embedded.warnings, "\n"), &out)
	differ("retry after", real.retryAfter, embedded.retryAfter, &out)
	if call.Method == "HEAD" {
		return out
	}
	a, b := prepare(realBody), prepare(embeddedBody)
	if a == nil && b == nil {
		differ("text", strings.TrimSpace(real.text), strings.TrimSpace(embedded.text), &out)
	} else {
		differ("body", a, b, &out)
	}
	return excluded(call, out)
}

// prepare leaves out of a body what is for people only and not promised: the descriptions of columns, and the order of
// causes.
func prepare(body any) any {
	o, ok := body.(map[string]any)
	if !ok {
		return body
	}
	if columns, ok := o["columnDefinitions"].([]any); ok {
		for _, c := range columns {
			if c, ok := c.(map[string]any); ok {
				delete(c, "description")
			}
		}
	}
	if o["kind"] == "Status" {
		return prepareStatus(o)
	}
	return o
}

func prepareStatus(status map[string]any) any {
	details, _ := status["details"].(map[string]any)
	causes, _ := details["causes"].([]any)
	sort.SliceStable(causes, func(i, j int) bool { return line(causes[i]) < line(causes[j]) })
	// Some checks are made twice.
	causes = slices.CompactFunc(causes, func(a, b any) bool { return line(a) == line(b) })
	if causes != nil {
		details["causes"] = causes
	}
	if message, ok := status["message"].(string); ok {
		if before, _, ok := strings.Cut(message, " is invalid: "); ok && len(causes) > 1 {
			// The sum of the causes, which are compared one by one.
			message = before + " is invalid: ..."
		}
		status["message"] = message
	}
	return status
}

// vague are the parts of messages that say in Go's terms what nobody goes by.
var vague = []*regexp.Regexp{
	regexp.MustCompile(`(cannot be handled as a \w+: )(?:json: |no kind |\S+\.metadata: Invalid value|converting |illegal base64|parsing time|unexpected GroupVersion).*`),
	regexp.MustCompile(`(the object provided is unrecognized \(must be of type \w+\): ).*`),
	regexp.MustCompile(`^()(?:unable to parse requirement: |found ').*`),
	regexp.MustCompile(`(no kind ).*`),
	regexp.MustCompile(`()(?:error decoding (?:patch|YAML): ).*`),
	regexp.MustCompile(`(?s)(failed to create typed patch object \([^)]*\): ).*`),
	regexp.MustCompile(`(failed to convert new object \([^)]*\) to proper version: ).*`),
	regexp.MustCompile(`(json parse error: ).*`),
	regexp.MustCompile(`()json: cannot unmarshal .*`),
	regexp.MustCompile(`(is invalid: patch: Invalid value: ).*`),
	regexp.MustCompile(`(map: ).*( does not contain declared merge key: )`),
	regexp.MustCompile(`(too old resource version: \d+ ).*`),
	regexp.MustCompile(`(StorageError: .* Key: )[^,]*`),
}

// quotedValue is an object or a list, whose members come in any order.
var quotedValue = regexp.MustCompile(`Invalid value: (?:\{.*\}|\[.*\]): `)

func looseMessage(message string) string {
	for _, v := range vague {
		message = v.ReplaceAllString(message, "$1...$2")
	}
	return quotedValue.ReplaceAllString(message, "Invalid value: ...: ")
}
