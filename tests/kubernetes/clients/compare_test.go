package clients

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// seen is an object as anybody reads it, without what differs between two of the same content.
func seen(t *testing.T, k kind, o client.Object, name string) any {
	t.Helper()
	path := k.path(o.GetName())
	code, found := call(t, "GET", path, nil)
	if code != 200 {
		t.Fatalf("GET %s: %d %v", path, code, found)
	}
	return normal(t, found, name)
}

func normal(t *testing.T, o map[string]any, name string) any {
	if m, ok := o["metadata"].(map[string]any); ok {
		for _, key := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
			delete(m, key)
		}
	}
	// The API server's clock.
	if status, ok := o["status"].(map[string]any); ok && o["kind"] == "CustomResourceDefinition" {
		delete(status, "conditions")
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), name, "NAME")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// differences are paths at which two documents differ.
func differences(path string, a, b any) []string {
	if x, ok := a.(map[string]any); ok {
		if y, ok := b.(map[string]any); ok {
			var found []string
			for key := range x {
				found = append(found, differences(path+"."+key, x[key], y[key])...)
			}
			for key := range y {
				if _, both := x[key]; !both {
					found = append(found, differences(path+"."+key, nil, y[key])...)
				}
			}
			return found
		}
	}
	if x, ok := a.([]any); ok {
		if y, ok := b.([]any); ok && len(x) == len(y) {
			var found []string
			for i := range x {
				found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
			}
			return found
		}
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %v in JSON, %v in protobuf", path, a, b)}
}

// missing are the fields of what was sent that are not in what is there.
func missing(path string, sent, there any) []string {
	if x, ok := sent.(map[string]any); ok {
		y, _ := there.(map[string]any)
		var found []string
		for key := range x {
			found = append(found, missing(path+"."+key, x[key], y[key])...)
		}
		return found
	}
	if x, ok := sent.([]any); ok {
		y, _ := there.([]any)
		if len(x) != len(y) {
			return []string{fmt.Sprintf("%s: %d items of %d", path, len(y), len(x))}
		}
		var found []string
		for i := range x {
			found = append(found, missing(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
		}
		return found
	}
	if sent != nil && there == nil {
		return []string{path}
	}
	return nil
}

func asMap(t *testing.T, o any) map[string]any {
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// complain about fields that not even JSON brought to the server, but for those that it does not keep.
func complain(t *testing.T, k kind, paths []string) {
	t.Helper()
	for _, path := range paths {
		if strings.HasPrefix(path, ".status") || strings.HasPrefix(path, ".stringData") {
			continue
		}
		t.Errorf("%s%s is sent and not stored", k.Kind, path)
	}
}
