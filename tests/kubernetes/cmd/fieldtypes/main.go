// Command fieldtypes writes lib/testing/field_types.cpp: the fields of the kinds that the embedded API server serves by
// itself, as Kubernetes' Go types and OpenAPI document declare them, and which kinds Kubernetes has. From tests/kubernetes:
//
//	go run ./cmd/fieldtypes > ../../lib/testing/field_types.cpp
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kubernetes/pkg/generated/openapi"
)

var kinds = []any{corev1.ConfigMap{}, corev1.Endpoints{}, corev1.Event{}, corev1.Namespace{}, corev1.Node{}, corev1.Pod{},
	corev1.Secret{}, corev1.Service{}, corev1.ServiceAccount{}, appsv1.Deployment{}, appsv1.ReplicaSet{},
	coordinationv1.Lease{}, discoveryv1.EndpointSlice{}, eventsv1.Event{}, networkingv1.NetworkPolicy{},
	policyv1.PodDisruptionBudget{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{}, rbacv1.Role{}, rbacv1.RoleBinding{}, authorizationv1.SelfSubjectAccessReview{},
	authorizationv1.SelfSubjectRulesReview{}, authorizationv1.SubjectAccessReview{}, apiextensionsv1.CustomResourceDefinition{},
	// The schemas in a definition: any JSON to the server, but with field numbers in protobuf.
	apiextensionsv1.JSONSchemaProps{}, metav1.DeleteOptions{}}

// Types with a form of their own in JSON.
var special = []string{"Time", "MicroTime", "Quantity", "IntOrString", "FieldsV1", "RawExtension", "JSON", "JSONSchemaProps",
	"JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"}

const head = `// Written by tests/kubernetes/cmd/fieldtypes from the API types of Kubernetes; not to be edited.
//
// A line per type, continued by lines that are indented; field:type#N, where a type is
// - bool, int32, int64, float64, string, bytes, a type of these lines, or one with a form of its own, as Time
// - *T: optional, and kept when it is zero
// - [T]: a list. As an item of a list or map it is a message in protobuf, whose field 1 has the items.
// - <T>: a map from strings
// and may be followed by
// - ! written even when it is zero
// - ~ left out when it is zero, though an object
// - (a,b) the list merges by these keys, (=) it is a set of values
// - /a strategic merge patch merges by a, / it merges the values
// - @ an atomic map
// - =V the default that identifies a list's item
// and N is its number in protobuf; with N.M it is field M of field N, which JSON has not.
#include "field_types.hpp"

namespace gwctl::testing::detail {

std::string_view field_types() {
    return R"types(
`

func main() {
	w := &writer{definitions: openapi.GetOpenAPIDefinitions(func(string) spec.Ref { return spec.Ref{} }), lines: map[string]string{},
		types: map[string]reflect.Type{}}
	for _, kind := range kinds {
		w.add(reflect.TypeOf(kind))
	}
	names := make([]string, 0, len(w.lines))
	for name := range w.lines {
		names = append(names, name)
	}
	slices.Sort(names)
	out := head
	for _, name := range names {
		out += wrap(w.lines[name])
	}
	out += ")types\";\n}\n\nstd::string_view kubernetes_resources() {\n    return R\"resources(\n" + resources() + ")resources\";\n}\n\n"
	fmt.Fprint(os.Stdout, out, "} // namespace gwctl::testing::detail\n")
}

// resources are those of all of Kubernetes' kinds, a line per group; the core group is called "core".
func resources() string {
	// That of APIServices is not in client-go.
	groups := map[string]map[string]bool{"apiregistration.k8s.io": {"apiservices": true}}
	for kind, t := range scheme.Scheme.AllKnownTypes() {
		if _, object := reflect.New(t).Interface().(metav1.Object); !object || kind.Version == runtime.APIVersionInternal ||
			kind.Group == "extensions" { // of long ago
			continue
		}
		group := kind.Group
		if group == "" {
			group = "core"
		}
		if groups[group] == nil {
			groups[group] = map[string]bool{}
		}
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		groups[group][plural.Resource] = true
	}
	out := ""
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		out += wrap(group + " " + strings.Join(slices.Sorted(maps.Keys(groups[group])), " "))
	}
	return out
}

type writer struct {
	definitions map[string]common.OpenAPIDefinition
	lines       map[string]string
	types       map[string]reflect.Type
}

// nameOf tells types of one name apart: events.Event, discovery.EndpointPort.
func nameOf(t reflect.Type) string {
	for _, group := range []string{"events", "discovery"} {
		if strings.HasSuffix(t.PkgPath(), "k8s.io/api/"+group+"/v1") {
			return group + "." + t.Name()
		}
	}
	return t.Name()
}

func (w *writer) add(t reflect.Type) {
	name := nameOf(t)
	if known, ok := w.types[name]; ok {
		if known != t {
			panic(fmt.Sprintf("both %s and %s are called %s", known.PkgPath(), t.PkgPath(), name))
		}
		return
	}
	w.types[name] = t
	key := t.PkgPath() + "." + t.Name()
	if n, ok := reflect.New(t).Interface().(interface{ OpenAPIModelName() string }); ok {
		key = n.OpenAPIModelName()
	}
	schema := w.definitions[key].Schema
	text := name
	if schema.Extensions["x-kubernetes-map-type"] == "atomic" {
		text += "@"
	}
	w.lines[name] = text + w.fields(t, schema, "")
}

// fields of a struct; those of an embedded one are the outer one's in JSON, and below its number in protobuf.
func (w *writer) fields(t reflect.Type, schema spec.Schema, above string) string {
	var text string
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if field.Anonymous && name == "" {
			if field.Type.Name() != "TypeMeta" {
				text += w.fields(field.Type, schema, above+numberOf(t, field)+".")
			}
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		text += " " + name + ":" + w.typeOf(field.Type) + marks(options, schema.Properties[name]) + "#" + above + numberOf(t, field)
	}
	return text
}

// numberOf is the field's number in protobuf.
func numberOf(t reflect.Type, field reflect.StructField) string {
	parts := strings.Split(field.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		panic(fmt.Sprintf("%s.%s has no number in protobuf", t, field.Name))
	}
	if _, message := reflect.New(field.Type).Interface().(interface{ Marshal() ([]byte, error) }); message && field.Type.Kind() == reflect.Slice {
		panic(fmt.Sprintf("%s.%s is a list that is a message in protobuf; write down how", t, field.Name))
	}
	return parts[1]
}

func marks(options string, property spec.Schema) string {
	text := ""
	if strings.Contains(options, "omitzero") {
		text = "~"
	} else if !strings.Contains(options, "omitempty") {
		text = "!"
	}
	switch property.Extensions["x-kubernetes-list-type"] {
	case "map":
		keys, _ := json.Marshal(property.Extensions["x-kubernetes-list-map-keys"])
		text += "(" + strings.Trim(strings.ReplaceAll(string(keys), `"`, ""), "[]") + ")"
	case "set":
		text += "(=)"
	}
	if strategy, _ := property.Extensions["x-kubernetes-patch-strategy"].(string); strings.Contains(strategy, "merge") {
		key, _ := property.Extensions["x-kubernetes-patch-merge-key"].(string)
		text += "/" + key
	}
	if property.Extensions["x-kubernetes-map-type"] == "atomic" {
		text += "@"
	}
	if value, ok := property.Default.(string); ok && value != "" {
		text += "=" + value
	}
	return text
}

func (w *writer) typeOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + w.typeOf(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[" + w.typeOf(t.Elem()) + "]"
	case reflect.Map:
		return "<" + w.typeOf(t.Elem()) + ">"
	case reflect.Struct:
		if slices.Contains(special, t.Name()) {
			return t.Name()
		}
		w.add(t)
		return nameOf(t)
	}
	return t.Kind().String()
}

// wrap breaks a line at 110 characters.
func wrap(text string) string {
	var out, line string
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > 110 {
			out += line + "\n"
			line = "   "
		}
		if line == "" {
			line = word
		} else {
			line += " " + word
		}
	}
	return out + line + "\n"
}
