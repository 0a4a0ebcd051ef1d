package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const protobuf = "application/vnd.kubernetes.protobuf"

func init() {
	if err := apiextensionsv1.AddToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
}

// shapes are how objects are filled; those of seeds leave half of the fields out.
func shapes() []shape {
	all := []shape{full, zeros}
	for seed := 1; seed <= 12; seed++ {
		all = append(all, shape(fmt.Sprintf("seed-%d", seed)))
	}
	return all
}

// sample is an object of a kind with its fields set as the shape says.
func sample(t *testing.T, k kind, s shape, name string) client.Object {
	t.Helper()
	made, err := scheme.Scheme.New(schema.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.Kind})
	if err != nil {
		t.Fatalf("the server serves %s of %s/%s, which client-go does not know: %v", k.Kind, k.group, k.version, err)
	}
	o := made.(client.Object)
	newFiller(s).fill(valueOf(o))
	o.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.Kind})
	filled := metav1.ObjectMeta{Labels: o.GetLabels(), Annotations: o.GetAnnotations(), Finalizers: []string{"example.com/f"},
		OwnerReferences: owners(t, o.GetOwnerReferences())}
	if k.Namespaced {
		filled.Namespace = namespace
	}
	valueOf(o).FieldByName("ObjectMeta").Set(reflect.ValueOf(filled))
	makeValid(o, name)
	return o
}

// owners are references to what there is, since the garbage collector takes what belongs to nothing.
func owners(t *testing.T, filled []metav1.OwnerReference) []metav1.OwnerReference {
	_, ns := call(t, "GET", "/api/v1/namespaces/kube-system", nil)
	if len(filled) > 1 {
		filled = filled[:1]
	}
	for i := range filled {
		filled[i].APIVersion, filled[i].Kind, filled[i].Name = "v1", "Namespace", "kube-system"
		filled[i].UID = types.UID(ns["metadata"].(map[string]any)["uid"].(string))
	}
	return filled
}

// recorder counts the types in which bodies are sent.
type recorder struct {
	next http.RoundTripper
	lock sync.Mutex
	sent map[string]int
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		r.lock.Lock()
		r.sent[request.Method+" "+request.Header.Get("Content-Type")]++
		r.lock.Unlock()
	}
	return r.next.RoundTrip(request)
}

func recorded(config *rest.Config) (*rest.Config, *recorder) {
	r := &recorder{sent: map[string]int{}}
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { r.next = next; return r })
	return config, r
}

// forGroup is client-go's own client, as its typed clients use it, with protobuf for bodies.
func forGroup(t *testing.T, k kind, accept string) (*rest.RESTClient, *recorder) {
	t.Helper()
	config, r := recorded(embedded)
	config.GroupVersion = &schema.GroupVersion{Group: k.group, Version: k.version}
	config.APIPath = "/apis"
	if k.group == "" {
		config.APIPath = "/api"
	}
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme.Scheme).WithoutConversion()
	config.ContentType, config.AcceptContentTypes = protobuf, accept
	c, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// release lets an object be deleted, and does it.
func release(t *testing.T, k kind, o client.Object) {
	t.Helper()
	call(t, "PATCH", k.path(o.GetName()), map[string]any{"metadata": map[string]any{"finalizers": nil}})
	call(t, "DELETE", k.path(o.GetName()), nil)
	if k.Kind == "Namespace" {
		_, ns := call(t, "GET", k.path(o.GetName()), nil)
		ns["spec"] = map[string]any{}
		call(t, "PUT", k.path(o.GetName())+"/finalize", ns)
	}
	if code, found := call(t, "GET", k.path(o.GetName()), nil); code != 404 {
		t.Fatalf("%s is not gone: %d %v", k.path(o.GetName()), code, found)
	}
}

// names are one object's in JSON and in protobuf, of equal length so that one can stand for the other.
func names(k kind, s shape) (string, string) {
	short := strings.ReplaceAll(strings.ToLower(k.Kind+string(s)), "-", "")
	return "inj" + short, "inp" + short
}

// TestEveryFieldInProtobufIsStored sends each kind as JSON and through client-go as protobuf.
func TestEveryFieldInProtobufIsStored(t *testing.T) {
	ctx := context.Background()
	for _, k := range servedKinds(t) {
		for i, s := range shapes() {
			t.Run(k.Kind+"."+k.group+"/"+string(s), func(t *testing.T) {
				inJSON, inProtobuf := names(k, s)
				accept := []string{"", protobuf + ",application/json"}[i%2]
				c, r := forGroup(t, k, accept)
				if strings.HasSuffix(k.Kind, "Review") {
					tryReview(t, k, s, c, r)
					return
				}
				a, b := sample(t, k, s, inJSON), sample(t, k, s, inProtobuf)
				if code, refused := call(t, "POST", k.path(""), a); code != 201 {
					t.Fatalf("in JSON: %d %v", code, refused["message"])
				}
				want := seen(t, k, a, inJSON)
				if s == full {
					complain(t, k, missing("", normal(t, asMap(t, a), inJSON), want))
				}
				wantStatus := tryStatus(t, k, s, a, inJSON, func(o client.Object) error {
					if code, refused := call(t, "PUT", k.path(o.GetName())+"/status", o); code != 200 {
						return fmt.Errorf("%d %v", code, refused["message"])
					}
					return nil
				})
				release(t, k, a)

				into := b.DeepCopyObject().(client.Object)
				if err := c.Post().NamespaceIfScoped(namespace, k.Namespaced).Resource(k.Name).Body(b).Do(ctx).Into(into); err != nil {
					t.Fatalf("in protobuf: %v", err)
				}
				if r.sent["POST "+protobuf] != 1 {
					t.Fatalf("sent %v", r.sent)
				}
				if into.GetUID() == "" {
					t.Error("the answer has no uid")
				}
				for _, d := range differences("", want, seen(t, k, b, inProtobuf)) {
					t.Error(d)
				}
				status := tryStatus(t, k, s, b, inProtobuf, func(o client.Object) error {
					return c.Put().NamespaceIfScoped(namespace, k.Namespaced).Resource(k.Name).Name(o.GetName()).SubResource("status").Body(o).Do(ctx).Error()
				})
				for _, d := range differences("", wantStatus, status) {
					t.Error(d)
				}
				release(t, k, b)
			})
		}
	}
}

// tryStatus writes the status of an object that is there, and returns how the object is read.
func tryStatus(t *testing.T, k kind, s shape, o client.Object, name string, put func(client.Object) error) any {
	t.Helper()
	if !k.status || k.Kind == "CustomResourceDefinition" {
		return nil
	}
	filled := sample(t, k, s, name)
	_, there := call(t, "GET", k.path(o.GetName()), nil)
	filled.SetResourceVersion(there["metadata"].(map[string]any)["resourceVersion"].(string))
	if err := put(filled); err != nil {
		t.Fatalf("the status of %s: %v", o.GetName(), err)
	}
	return seen(t, k, o, name)
}

func tryReview(t *testing.T, k kind, s shape, c *rest.RESTClient, r *recorder) {
	made, err := scheme.Scheme.New(schema.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.Kind})
	if err != nil {
		t.Fatal(err)
	}
	o := made.(client.Object)
	newFiller(s).fill(valueOf(o).FieldByName("Spec"))
	code, want := call(t, "POST", k.path(""), o)
	if code != 201 {
		t.Fatalf("in JSON: %d %v", code, want)
	}
	raw, err := c.Post().Resource(k.Name).Body(o).Do(context.Background()).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if r.sent["POST "+protobuf] != 1 {
		t.Fatalf("sent %v", r.sent)
	}
	got := map[string]any{}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for _, d := range differences("", want["spec"], got["spec"]) {
		t.Error(d)
	}
}

// TestControllerRuntime writes, reads, changes and deletes each kind with controller-runtime's client.
func TestControllerRuntime(t *testing.T) {
	ctx := context.Background()
	config, r := recorded(embedded)
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, k := range servedKinds(t) {
		if strings.HasSuffix(k.Kind, "Review") {
			continue
		}
		kinds++
		t.Run(k.Kind+"."+k.group, func(t *testing.T) {
			inJSON, inProtobuf := names(k, "runtime")
			inJSON, inProtobuf = inJSON+"r", inProtobuf+"r"
			a, b := sample(t, k, full, inJSON), sample(t, k, full, inProtobuf)
			if code, refused := call(t, "POST", k.path(""), a); code != 201 {
				t.Fatalf("in JSON: %d %v", code, refused["message"])
			}
			want := seen(t, k, a, inJSON)
			release(t, k, a)
			if err := c.Create(ctx, b); err != nil {
				t.Fatal(err)
			}
			for _, d := range differences("", want, seen(t, k, b, inProtobuf)) {
				t.Error(d)
			}

			got := b.DeepCopyObject().(client.Object)
			if err := c.Get(ctx, client.ObjectKeyFromObject(b), got); err != nil {
				t.Fatal(err)
			}
			list, err := scheme.Scheme.New(schema.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.Kind + "List"})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.List(ctx, list.(client.ObjectList)); err != nil || meta.LenList(list) == 0 {
				t.Errorf("the list has %d items: %v", meta.LenList(list), err)
			}
			got.SetLabels(map[string]string{"updated": "yes"})
			if err := c.Update(ctx, got); err != nil {
				t.Error(err)
			}
			before := got.DeepCopyObject().(client.Object)
			got.SetLabels(map[string]string{"patched": "yes"})
			if err := c.Patch(ctx, got, client.MergeFrom(before)); err != nil {
				t.Error(err)
			}
			if got.GetLabels()["patched"] != "yes" || got.GetLabels()["updated"] != "" {
				t.Errorf("labels are %v", got.GetLabels())
			}
			stranger := types.UID("other")
			if err := c.Delete(ctx, got, client.Preconditions{UID: &stranger}); !apierrors.IsConflict(err) {
				t.Errorf("DeleteOptions do not count: %v", err)
			}
			uid := got.GetUID()
			if err := c.Delete(ctx, got, client.Preconditions{UID: &uid}); err != nil {
				t.Error(err)
			}
			release(t, k, got)
		})
	}
	// All but definitions, which controller-runtime sends as JSON.
	if n := r.sent["POST "+protobuf]; n != kinds-1 {
		t.Errorf("%d kinds, and %v was sent", kinds, r.sent)
	}
	if r.sent["DELETE "+protobuf] == 0 {
		t.Errorf("no DeleteOptions in protobuf: %v", r.sent)
	}
}

// TestTypedClientset reads, with protobuf preferred, lists and watches that the server has in JSON only.
func TestTypedClientset(t *testing.T) {
	ctx := context.Background()
	for _, accept := range []string{"", protobuf + ",application/json"} {
		config := rest.CopyConfig(embedded)
		config.ContentType, config.AcceptContentTypes = protobuf, accept
		clients, err := kubernetes.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		maps := clients.CoreV1().ConfigMaps(namespace)
		made, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "typed"}, BinaryData: map[string][]byte{"b": {0, 255}}},
			metav1.CreateOptions{FieldManager: "typed", FieldValidation: "Strict"})
		if err != nil {
			t.Fatal(err)
		}
		if string(made.BinaryData["b"]) != "\x00\xff" || made.ManagedFields[0].Manager != "typed" {
			t.Errorf("made %v", made)
		}
		watch, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=typed"})
		if err != nil {
			t.Fatal(err)
		}
		if e := <-watch.ResultChan(); e.Object.(*corev1.ConfigMap).UID != made.UID {
			t.Errorf("the watch says %v", e)
		}
		watch.Stop()
		list, err := maps.List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) == 0 {
			t.Errorf("the list is %v: %v", list, err)
		}
		uid := types.UID("other")
		if err := maps.Delete(ctx, "typed", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); !apierrors.IsConflict(err) {
			t.Errorf("DeleteOptions do not count: %v", err)
		}
		if err := maps.Delete(ctx, "typed", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		_, err = clients.BatchV1().Jobs(namespace).Create(ctx, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j"}}, metav1.CreateOptions{})
		if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), "the embedded API server for tests does not serve jobs.batch") {
			t.Errorf("a Job is answered %v", err)
		}
	}
}
