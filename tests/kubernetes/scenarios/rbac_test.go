package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gwctl.test/kubernetes/internal/cluster"
)

// permission is one verb on one resource, as a role grants it.
type permission struct{ group, resource, verb string }

func (p permission) String() string { return fmt.Sprintf("%s %s.%s", p.verb, p.resource, p.group) }

// roles of the manifests, those that may be left out as well.
func roles(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, name := range []string{"install.yaml", "parameters-rbac.yaml"} {
		some, err := cluster.ReadObjects(filepath.Join(os.Getenv("GWCTL_MANIFESTS"), name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return slices.DeleteFunc(all, func(o *unstructured.Unstructured) bool {
		return o.GetKind() != "Role" && o.GetKind() != "ClusterRole"
	})
}

func rulesOf(t *testing.T, role *unstructured.Unstructured) []rbacv1.PolicyRule {
	t.Helper()
	var typed rbacv1.ClusterRole
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(role.Object, &typed); err != nil {
		t.Fatal(err)
	}
	return typed.Rules
}

func granted(t *testing.T) []permission {
	t.Helper()
	var all []permission
	for _, role := range roles(t) {
		for _, rule := range rulesOf(t, role) {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						all = append(all, permission{group, resource, verb})
					}
				}
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	return slices.Compact(all)
}

// without is a role that grants everything it did but some permissions.
func without(t *testing.T, role *unstructured.Unstructured, taken ...permission) *unstructured.Unstructured {
	t.Helper()
	var kept []any
	for _, rule := range rulesOf(t, role) {
		for _, resource := range rule.Resources {
			verbs := slices.Clone(rule.Verbs)
			for _, p := range taken {
				if resource == p.resource && slices.Contains(rule.APIGroups, p.group) {
					verbs = slices.DeleteFunc(verbs, func(v string) bool { return v == p.verb })
				}
			}
			if len(verbs) == 0 {
				continue
			}
			one := rbacv1.PolicyRule{APIGroups: rule.APIGroups, Resources: []string{resource}, Verbs: verbs, ResourceNames: rule.ResourceNames}
			object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&one)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, object)
		}
	}
	changed := role.DeepCopy()
	changed.Object["rules"] = kept
	return changed
}

func applyRoles(t *testing.T, all []*unstructured.Unstructured) {
	t.Helper()
	if err := cluster.Apply(context.Background(), config, all); err != nil {
		t.Fatal(err)
	}
}

// takeAway removes permissions until the test ends.
func takeAway(t *testing.T, taken ...permission) {
	t.Helper()
	var changed []*unstructured.Unstructured
	for _, role := range roles(t) {
		changed = append(changed, without(t, role, taken...))
	}
	applyRoles(t, changed)
	t.Cleanup(func() { applyRoles(t, roles(t)) })
}

// withoutParameters takes the optional ClusterRole away until the test ends.
func withoutParameters(t *testing.T) {
	t.Helper()
	for _, role := range roles(t) {
		if role.GetName() == "gateway-api-controller-parameters" {
			empty := role.DeepCopy()
			empty.Object["rules"] = []any{}
			applyRoles(t, []*unstructured.Unstructured{empty})
		}
	}
	t.Cleanup(func() { applyRoles(t, roles(t)) })
	eventually(t, "the end of the ClusterRole for parameters", func() error {
		if allowedIn(t, permission{"", "configmaps", "list"}, "", "") {
			return fmt.Errorf("ConfigMaps may still be listed everywhere")
		}
		return nil
	})
}

// expectDenial waits until the API server enforces it for the controller's account: it learns of roles by a watch.
func expectDenied(t *testing.T, p permission) {
	t.Helper()
	eventually(t, "the role without "+p.String(), func() error {
		if allowed(t, p) {
			return fmt.Errorf("it is still allowed")
		}
		return nil
	})
}

func allowed(t *testing.T, p permission) bool {
	t.Helper()
	namespace, name := "", ""
	switch p.resource {
	case "configmaps":
		namespace, name = "default", "ipam"
	case "leases":
		namespace = "gateway-api-controller"
	}
	return allowedIn(t, p, namespace, name)
}

// allowedIn asks about one namespace, or all with "".
func allowedIn(t *testing.T, p permission, namespace, name string) bool {
	t.Helper()
	resource, subresource, _ := strings.Cut(p.resource, "/")
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": account,
			"groups": []any{"system:serviceaccounts", "system:serviceaccounts:gateway-api-controller", "system:authenticated"},
			"resourceAttributes": map[string]any{"group": p.group, "resource": resource, "subresource": subresource,
				"verb": p.verb, "namespace": namespace, "name": name}}}}
	answer, err := client.Resource(accessReviews).Create(backgroundContext, review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	is, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
	return is
}

// exercise has the controller do everything it ever does: all behaviours, and every way to end.
func exercise(t *testing.T) {
	t.Helper()
	manifest(t, "ipam", "nginx", "coredns", "class", "gateway", "tcproute", "udproute", "selector-route")
	apply(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: borrower, namespace: default, labels: {serviceBehaviour: update}}
spec:
  parentRefs: [{name: demo-gateway, sectionName: borrowed}]
  rules: [{backendRefs: [{name: lent, port: 9100}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: borrower, namespace: default, labels: {serviceBehaviour: update}}
spec:
  parentRefs: [{name: demo-gateway, sectionName: borrowed-dns}]
  rules: [{backendRefs: [{name: lent-dns, port: 9153}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: default}
spec:
  parentRef: {name: demo-gateway}
  listeners: [{name: more, protocol: TCP, port: 9010}]
---
apiVersion: v1
kind: Service
metadata: {name: lent, namespace: default}
spec: {selector: {app: nginx}, ports: [{port: 9100, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: lent-dns, namespace: default}
spec: {selector: {app: coredns}, ports: [{port: 9153, targetPort: 5353, protocol: UDP}]}
`)
	addListener(t, "borrowed", "TCP", 9000)
	addListener(t, "borrowed-dns", "UDP", 9053)
	patch(t, gateways, "default", "demo-gateway", `{"spec":{"allowedListeners":{"namespaces":{"from":"Same"}}}}`)
}

// endExercise deletes what exercise made, while the controller runs.
func endExercise(t *testing.T) {
	t.Helper()
	remove(t, tcpRoutes, "default", "borrower")
	remove(t, udpRoutes, "default", "borrower")
	remove(t, tcpRoutes, "default", "web-direct")
	remove(t, gateways, "default", "demo-gateway")
	remove(t, classes, "", "demo-gateway-class")
}

// expectType waits until a lent Service is of a type.
func expectType(t *testing.T, name, want string) {
	t.Helper()
	eventually(t, "Service "+name, func() error {
		lent, err := get(services, "default", name)
		if err != nil {
			return err
		}
		if kind, _, _ := unstructured.NestedString(lent.Object, "spec", "type"); kind != want {
			return fmt.Errorf("it is of type %s, expected %s", kind, want)
		}
		return nil
	})
}

func expectGone(t *testing.T, kind schema.GroupVersionResource, namespace, name string) {
	t.Helper()
	eventually(t, "the end of "+kind.Resource+" "+name, func() error {
		if _, err := get(kind, namespace, name); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still there (%v)", err)
		}
		return nil
	})
}

func waitForExercise(t *testing.T) {
	t.Helper()
	expectServed(t)
	expectCondition(t, listenerSets, "default", "more", "Programmed", "True/Programmed")
	expectType(t, "lent", "LoadBalancer")
	expectType(t, "lent-dns", "LoadBalancer")
}

func waitForEndOfExercise(t *testing.T) {
	t.Helper()
	expectGone(t, tcpRoutes, "default", "borrower")
	expectGone(t, udpRoutes, "default", "borrower")
	expectGone(t, tcpRoutes, "default", "web-direct")
	expectGone(t, gateways, "default", "demo-gateway")
	expectGone(t, classes, "", "demo-gateway-class")
	expectType(t, "lent", "ClusterIP")
	expectType(t, "lent-dns", "ClusterIP")
}

// repeatEvents has the route refer to what is not there, and back: the same Events twice.
func repeatEvents(t *testing.T) {
	t.Helper()
	for _, backend := range []string{"none", "nginx", "none", "nginx"} {
		patch(t, tcpRoutes, "default", "web",
			fmt.Sprintf(`{"spec":{"rules":[{"backendRefs":[{"name":"%s","port":80}]}]}}`, backend))
		reason := map[string]string{"none": "False/BackendNotFound", "nginx": "True/ResolvedRefs"}[backend]
		expectCondition(t, tcpRoutes, "default", "web", "ResolvedRefs", reason)
	}
}

// The manifest grants what the controller uses, no less and no more.
func TestPermissionsAreThoseThatAreUsed(t *testing.T) {
	clean(t)
	since := auditMark(t)
	remove(t, leases, "gateway-api-controller", "gateway-api.fnnrn.me")
	c := run(t, "-leader-elect")
	exercise(t)
	waitForExercise(t)
	repeatEvents(t)
	endExercise(t)
	waitForEndOfExercise(t)
	if code := c.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	expectNoDenials(t, since)
	used := map[permission]bool{}
	for _, r := range requests(t, since) {
		resource := r.ObjectRef.Resource
		if r.ObjectRef.Subresource != "" {
			resource += "/" + r.ObjectRef.Subresource
		}
		used[permission{r.ObjectRef.APIGroup, resource, r.Verb}] = true
	}
	// An admission plugin asks for this one, on our behalf.
	used[permission{gatewayGroup, "gateways/finalizers", "update"}] = true
	// The garbage collector may take slices before the controller does, which asks for none that its cache does not
	// show. TestEveryPermissionIsNeeded shows that this permission is used.
	used[permission{"discovery.k8s.io", "endpointslices", "delete"}] = true
	// Events go to core/v1 when events.k8s.io does not take them. TestEveryPermissionIsNeeded shows these, too.
	used[permission{"", "events", "create"}] = true
	used[permission{"", "events", "patch"}] = true
	// The API server takes a server-side apply for a create where there is nothing yet, and asks for that too.
	for _, resource := range []string{"services", "endpointslices"} {
		for p := range used {
			if p.resource == resource && p.verb == "patch" {
				used[permission{p.group, p.resource, "create"}] = true
			}
		}
	}
	for _, p := range granted(t) {
		if !used[p] {
			t.Errorf("%v is granted by manifests/install.yaml and was not used", p)
		}
	}
}

// releaseLease leaves a Lease that can be taken over at once: who creates one waits for a lease duration before it acts.
func releaseLease(t *testing.T) {
	t.Helper()
	apply(t, `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: gateway-api.fnnrn.me, namespace: gateway-api-controller}
spec: {holderIdentity: "", leaseDurationSeconds: 1}
`)
}

// Without any one of its permissions the controller meets a denial: the manifest can be shortened by none.
func TestEveryPermissionIsNeeded(t *testing.T) {
	for _, p := range granted(t) {
		t.Run(strings.ReplaceAll(p.String(), " ", "_"), func(t *testing.T) {
			clean(t)
			if p.resource == leases.Resource {
				remove(t, leases, "gateway-api-controller", "gateway-api.fnnrn.me")
			} else {
				releaseLease(t)
			}
			taken := []permission{p}
			if p.resource == "events" && p.group == "" {
				// What events.k8s.io takes is not written to core/v1.
				taken = append(taken, permission{"events.k8s.io", "events", p.verb})
			}
			takeAway(t, taken...)
			for _, one := range taken {
				expectDenied(t, one)
			}
			since := auditMark(t)
			c := run(t, "-leader-elect")
			exercise(t)
			ended := false
			eventually(t, "a denial of "+p.String(), func() error {
				if !c.alive() {
					return fmt.Errorf("the controller ended")
				}
				for _, r := range requests(t, since) {
					resource := r.ObjectRef.Resource
					if r.ObjectRef.Subresource != "" {
						resource += "/" + r.ObjectRef.Subresource
					}
					denied := permission{r.ObjectRef.APIGroup, resource, r.Verb}
					// A create by apply is a patch to the audit log, and so is what blocks an owner's deletion.
					same := denied == p || p.verb == "create" && denied == permission{p.group, p.resource, "patch"} ||
						p.resource == "gateways/finalizers" && denied.verb == "patch"
					if same && r.ResponseStatus.Code == 403 {
						return nil
					}
				}
				if p.resource == "events" && exercised() {
					repeatEvents(t)
				}
				// Deletions are needed when things end.
				if !ended && (p.verb == "delete" || p.resource == "gatewayclasses") && exercised() {
					ended = true
					endExercise(t)
				}
				return fmt.Errorf("there was none")
			})
		})
	}
}

func exercised() bool {
	gateway, err := get(gateways, "default", "demo-gateway")
	if err != nil {
		return false
	}
	return strings.HasPrefix(condition(gateway, "Programmed"), "True")
}

// The pools are read by name, with a Role. Without the optional ClusterRole for parameters only those say so who have a
// parametersRef, and everything else goes on.
func TestWithoutPermissionForParameters(t *testing.T) {
	clean(t)
	withoutParameters(t)
	apply(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: tuning, namespace: default, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {sessionAffinity: ClientIP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: tuned}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: tuning, namespace: default}
`)
	t.Cleanup(func() { remove(t, classes, "", "tuned") })
	since := auditMark(t)
	c := run(t)
	exercise(t)
	waitForExercise(t)
	expectCondition(t, classes, "", "tuned", "Accepted", "as manifests/parameters-rbac.yaml does")
	eventually(t, "readiness", func() error {
		if ready, why := c.ready(); !ready {
			return fmt.Errorf("%s", why)
		}
		return nil
	})
	for _, r := range requests(t, since) {
		if r.ResponseStatus.Code == 403 && (r.ObjectRef.Resource != "configmaps" || r.ObjectRef.Namespace != "") {
			t.Errorf("denied: %v", r)
		}
		if r.ObjectRef.Resource == "configmaps" && r.ResponseStatus.Code != 403 &&
			(r.ObjectRef.Namespace != "default" || r.ObjectRef.Name != "ipam") {
			t.Errorf("a ConfigMap that is not that of the pools was read: %v %s", r, r.RequestURI)
		}
	}
	applyRoles(t, roles(t))
	expectCondition(t, classes, "", "tuned", "Accepted", "True/Accepted")
	expectServed(t)
}

// A slip in RBAC must not take traffic away: what cannot be read is not taken for empty.
func TestDeniedIsNotEmpty(t *testing.T) {
	story(t)
	c := run(t)
	expectServed(t)
	c.stop()
	before, err := addresses("default", "demo-gateway-demo-gateway-class", "tcp-80")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []permission{{"discovery.k8s.io", "endpointslices", "list"}, {"", "services", "list"},
		{gatewayGroup, "tcproutes", "list"}, {gatewayGroup, "referencegrants", "list"}, {gatewayGroup, "gatewayclasses", "list"}} {
		t.Run(p.resource, func(t *testing.T) {
			takeAway(t, p)
			expectDenied(t, p)
			since := auditMark(t)
			again := run(t)
			again.expectLog("forbidden", p.resource)
			eventually(t, "readiness", func() error {
				if ready, why := again.ready(); ready || !strings.Contains(why, p.resource) {
					return fmt.Errorf("expected not ready with %s named, got ready=%v %q", p.resource, ready, why)
				}
				return nil
			})
			// Anything that it could do with what it sees, it does when it is nudged.
			patch(t, gateways, "default", "demo-gateway", fmt.Sprintf(`{"metadata":{"labels":{"nudge":"%s"}}}`, p.resource))
			applyRoles(t, roles(t))
			eventually(t, "readiness after the permission is back", func() error {
				if ready, why := again.ready(); !ready {
					return fmt.Errorf("%s", why)
				}
				return nil
			})
			expectServed(t)
			again.stop()
			after, err := addresses("default", "demo-gateway-demo-gateway-class", "tcp-80")
			if err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("endpoints were %v and are %v (%v)", before, after, err)
			}
			for _, r := range requests(t, since) {
				if r.Verb == "delete" || r.Verb == "patch" && r.ObjectRef.Resource == "endpointslices" {
					t.Errorf("wrote while %s was denied: %v", p.resource, r)
				}
			}
		})
	}
}
