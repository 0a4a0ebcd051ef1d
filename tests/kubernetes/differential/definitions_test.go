package differential

import (
	"fmt"
	"testing"
)

// TestDefinitions compares the schemas of the Gateway API that the embedded server brings along with those of the
// release. Descriptions are left out there, and CEL rules are written out elsewhere.
func TestDefinitions(t *testing.T) {
	both := servers(t)
	for _, k := range kinds {
		if k.group != gatewayGroup {
			continue
		}
		t.Run(k.key, func(t *testing.T) {
			path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + k.plural + "." + k.group
			var versions [2]map[string]any
			for i, s := range []*server{both.real, both.embedded} {
				a, err := s.do(Call{Method: "GET", Path: path}, "")
				if err != nil {
					t.Fatal(err)
				}
				if versions[i] = versionOf(a.body, k.version); versions[i] == nil {
					t.Fatalf("the %s server does not serve %s %s: %s", s.name, k.name, k.version, a.text)
				}
			}
			var found []difference
			for _, part := range []string{"schema", "subresources", "additionalPrinterColumns"} {
				differ(part, bare(versions[0][part]), bare(versions[1][part]), &found)
			}
			for _, d := range found {
				t.Error(d)
			}
		})
	}
}

func versionOf(definition any, name string) map[string]any {
	o, _ := definition.(map[string]any)
	spec, _ := o["spec"].(map[string]any)
	list, _ := spec["versions"].([]any)
	for _, v := range list {
		if v, ok := v.(map[string]any); ok && fmt.Sprint(v["name"]) == name && v["served"] == true {
			return v
		}
	}
	return nil
}

// bare leaves out of a schema what is for people, and rules in CEL.
func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			if _, text := item.(string); k == "description" && text || k == "x-kubernetes-validations" {
				continue
			}
			out[k] = bare(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = bare(v[i])
		}
		return out
	}
	return v
}
