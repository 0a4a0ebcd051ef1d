package scenarios

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gwctl.test/kubernetes/internal/cluster"
)

// limitedPermissions gives the controller those of manifests/namespaced.yaml, and no others, until the test ends.
func limitedPermissions(t *testing.T, withNamespaces bool) {
	t.Helper()
	all, err := cluster.ReadObjects(filepath.Join(os.Getenv("GWCTL_MANIFESTS"), "namespaced.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var permissions []*unstructured.Unstructured
	for _, object := range all {
		if strings.HasPrefix(object.GetAPIVersion(), "rbac.") {
			if !withNamespaces && object.GetKind() == "ClusterRole" {
				for _, verb := range []string{"list", "watch"} {
					object = without(t, object, permission{"", "namespaces", verb})
				}
			}
			permissions = append(permissions, object)
		}
	}
	withoutParameters(t)
	t.Cleanup(func() {
		for _, resource := range []string{"roles", "rolebindings"} {
			kind := schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: resource}
			remove(t, kind, "default", "gateway-api-controller")
			remove(t, kind, "default", "gateway-api-controller-parameters")
		}
		applyRoles(t, roles(t))
	})
	applyRoles(t, permissions)
	expectDenied(t, permission{"", "services", "list"})
	eventually(t, "the permission to list services in namespace default", func() error {
		if !allowedIn(t, permission{"", "services", "list"}, "default", "") {
			return fmt.Errorf("it is still denied")
		}
		return nil
	})
}

// With the permissions of manifests/namespaced.yaml the controller serves its namespace, is denied nothing, and asks
// for nothing of other namespaces.
func TestOneNamespace(t *testing.T) {
	clean(t)
	limitedPermissions(t, true)
	since := auditMark(t)
	remove(t, leases, "gateway-api-controller", "gateway-api.fnnrn.me")
	c := run(t, "-leader-elect", "-namespace", "default")
	exercise(t)
	waitForExercise(t)
	apply(t, `
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other, namespace: elsewhere}
spec: {gatewayClassName: demo-gateway-class, listeners: [{name: a, protocol: TCP, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: far, namespace: default}
spec:
  parentRefs: [{name: demo-gateway, sectionName: web}]
  rules: [{backendRefs: [{name: app, namespace: elsewhere, port: 80}]}]
`)
	t.Cleanup(func() { remove(t, namespaces, "", "elsewhere") })
	expectCondition(t, tcpRoutes, "default", "far", "ResolvedRefs", "does not read elsewhere")
	repeatEvents(t)
	remove(t, tcpRoutes, "default", "far")
	remove(t, gateways, "elsewhere", "other")
	endExercise(t)
	waitForEndOfExercise(t)
	if code := c.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	expectNoDenials(t, since)
	for _, r := range requests(t, since) {
		switch r.ObjectRef.Resource {
		case "", "gatewayclasses", "namespaces", "customresourcedefinitions": // "": which kinds are served
		default:
			if r.ObjectRef.Namespace != "default" && r.ObjectRef.Namespace != "gateway-api-controller" {
				t.Errorf("a request beyond its namespace: %v %s", r, r.RequestURI)
			}
		}
	}
}

// The doctor looks at what these permissions show, and says in one line what it cannot check.
func TestDoctorInOneNamespace(t *testing.T) {
	clean(t)
	limitedPermissions(t, true)
	manifest(t, "class", "ipam")
	doctor := exec.Command(os.Getenv("GWCTL_CONTROLLER"), "doctor", "-kubeconfig",
		os.Getenv("GWCTL_TEST_CONTROLLER_KUBECONFIG"), "-ipam-configmap", "ipam", "-namespace", "default")
	var errors strings.Builder
	doctor.Stderr = &errors
	out, err := doctor.Output()
	if err != nil || string(out) != "no findings in what this account may look at\n" {
		t.Errorf("%v: %s", err, out)
	}
	const unchecked = "gateway-api-controller: not checked, because this account may not read what is in brackets: " +
		"Leases of other controllers (leases.coordination.k8s.io), addresses of nodes in pools (nodes), " +
		"announcers and other controllers (daemonsets.apps, deployments.apps, pods in namespace kube-system), " +
		"pools of kube-vip-cloud-provider (configmaps in namespace kube-system); " +
		"run doctor as somebody who may to have all checked\n"
	if errors.String() != unchecked {
		t.Errorf("said %s\nexpected %s", errors.String(), unchecked)
	}
}

// Without the permission to list namespaces all is served but what a selector of namespaces decides.
func TestOneNamespaceWithoutNamespaces(t *testing.T) {
	story(t)
	limitedPermissions(t, false)
	expectDenied(t, permission{"", "namespaces", "list"})
	since := auditMark(t)
	c := run(t, "-namespace", "default")
	expectServed(t)
	eventually(t, "readiness", func() error {
		if ready, why := c.ready(); !ready {
			return fmt.Errorf("%s", why)
		}
		return nil
	})
	_, err := client.Resource(gateways).Namespace("default").Patch(context.Background(), "demo-gateway", "application/json-patch+json",
		[]byte(`[{"op":"add","path":"/spec/listeners/-","value":{"name":"chosen","protocol":"TCP","port":9100,
"allowedRoutes":{"namespaces":{"from":"Selector","selector":{"matchLabels":{"a":"b"}}}}}}]`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: chosen, namespace: default}
spec:
  parentRefs: [{name: demo-gateway, sectionName: chosen}]
  rules: [{backendRefs: [{name: nginx, port: 80}]}]
`)
	expectCondition(t, tcpRoutes, "default", "chosen", "Accepted", "may not read the labels of namespace default")
	expectServed(t)
	for _, r := range requests(t, since) {
		if r.ResponseStatus.Code == 403 && r.ObjectRef.Resource != "namespaces" {
			t.Errorf("denied: %v", r)
		}
	}
}
