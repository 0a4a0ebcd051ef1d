package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gwctl.test/kubernetes/internal/cluster"
)

// channel installs the CRDs of a channel, all of them or those of some resources.
func channel(t *testing.T, name string, resources ...string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(os.Getenv("GWCTL_KUBERNETES")), "crds", name)
	if len(resources) == 0 {
		if err := cluster.InstallCRDs(backgroundContext, config, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, resource := range resources {
		file := filepath.Join(path, gatewayGroup+"_"+resource+".yaml")
		if err := cluster.InstallCRDs(backgroundContext, config, file); err != nil {
			t.Fatal(err)
		}
	}
}

func removeCRD(t *testing.T, resource string) {
	t.Helper()
	name := resource + "." + gatewayGroup
	remove(t, crds, "", name)
	expectGone(t, crds, "", name)
}

func restoreCRDs(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { channel(t, "standard") })
}

var ours = []string{"gatewayclasses", "gateways", "tcproutes", "udproutes", "referencegrants", "listenersets"}

func TestCRDsInstalledAfterTheControllerStarted(t *testing.T) {
	clean(t)
	restoreCRDs(t)
	for _, resource := range ours {
		removeCRD(t, resource)
	}
	c := run(t)
	c.expectLog("gateways.gateway.networking.k8s.io", "not served")
	channel(t, "standard")
	manifest(t, "ipam", "nginx", "coredns", "class", "gateway", "tcproute", "udproute")
	expectServed(t)
	if !c.alive() {
		t.Fatal("the controller ended")
	}
}

func TestACRDRemovedUnderTheController(t *testing.T) {
	story(t)
	restoreCRDs(t)
	c := run(t)
	expectServed(t)
	removeCRD(t, "tcproutes")
	// The others go on: the route kind that is left, and the Gateway.
	c.expectLog("tcproutes.gateway.networking.k8s.io", "not served")
	addListener(t, "later", "TCP", 8443)
	expectPort(t, 8443)
	expectEndpoints(t, "default", "demo-gateway-demo-gateway-class", "udp-53", 2)
	expectEndpoints(t, "default", "demo-gateway-demo-gateway-class", "tcp-80", 0) // its routes are gone with it
	if !c.alive() {
		t.Fatal("the controller ended")
	}
	channel(t, "standard", "tcproutes")
	manifest(t, "tcproute")
	expectServed(t)
}

// serve sets which versions of a CRD are served.
func serve(t *testing.T, resource string, served ...string) {
	t.Helper()
	crd, err := get(crds, "", resource+"."+gatewayGroup)
	if err != nil {
		t.Fatal(err)
	}
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, entry := range versions {
		version := entry.(map[string]any)
		version["served"] = strings.Contains(" "+strings.Join(served, " ")+" ", fmt.Sprintf(" %v ", version["name"]))
	}
	_ = unstructured.SetNestedSlice(crd.Object, versions, "spec", "versions")
	if _, err := client.Resource(crds).Update(backgroundContext, crd, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The experimental channel of the release that moved the routes to v1 still serves v1alpha2, and earlier ones that alone.
func TestRoutesOfV1alpha2Alone(t *testing.T) {
	clean(t)
	restoreCRDs(t)
	for _, resource := range []string{"tcproutes", "udproutes"} {
		removeCRD(t, resource)
	}
	// The policy that comes with the standard channel keeps the experimental one out.
	for _, kind := range []string{"validatingadmissionpolicybindings", "validatingadmissionpolicies"} {
		in := client.Resource(policies)
		if kind == "validatingadmissionpolicybindings" {
			in = client.Resource(bindings)
		}
		list, err := in.List(backgroundContext, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range list.Items {
			if strings.Contains(object.GetName(), "gateway") {
				_ = in.Delete(backgroundContext, object.GetName(), metav1.DeleteOptions{})
			}
		}
	}
	eventually(t, "the experimental CRDs", func() error {
		path := filepath.Join(filepath.Dir(os.Getenv("GWCTL_KUBERNETES")), "crds", "experimental")
		for _, resource := range []string{"tcproutes", "udproutes"} {
			if err := cluster.InstallCRDs(backgroundContext, config, filepath.Join(path, gatewayGroup+"_"+resource+".yaml")); err != nil {
				return err
			}
		}
		return nil
	})
	t.Cleanup(func() { removeCRD(t, "tcproutes"); removeCRD(t, "udproutes") })
	for _, resource := range []string{"tcproutes", "udproutes"} {
		serve(t, resource, "v1alpha2")
	}
	eventually(t, "v1 to be gone", func() error {
		if _, err := client.Resource(tcpRoutes).List(backgroundContext, metav1.ListOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still served (%v)", err)
		}
		return nil
	})
	manifest(t, "ipam", "nginx", "coredns", "class", "gateway")
	apply(t, `
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: web, namespace: default}
spec: {parentRefs: [{name: demo-gateway, sectionName: web}], rules: [{backendRefs: [{name: nginx, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: direct, namespace: default, labels: {selectorkey: app, selectorvalue: nginx}}
spec: {parentRefs: [{name: demo-gateway, sectionName: web-direct}], rules: [{backendRefs: [{name: made, port: 80}]}]}
`)
	c := run(t)
	expectEndpoints(t, "default", "demo-gateway-demo-gateway-class", "tcp-80", 2)
	old := tcpRoutes
	old.Version = "v1alpha2"
	expectCondition(t, old, "default", "web", "Accepted", "True/Accepted")
	eventually(t, "the Service of its own", func() error {
		made, err := get(services, "default", "made")
		if err != nil {
			return err
		}
		owner := made.GetOwnerReferences()[0]
		if owner.APIVersion != gatewayGroup+"/v1alpha2" {
			return fmt.Errorf("its owner is of %s, which is not served", owner.APIVersion)
		}
		return nil
	})
	// The version comes back under the running controller, and the other one goes.
	for _, resource := range []string{"tcproutes", "udproutes"} {
		serve(t, resource, "v1", "v1alpha2")
	}
	for _, resource := range []string{"tcproutes", "udproutes"} {
		serve(t, resource, "v1")
	}
	apply(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: dns, namespace: default}
spec: {parentRefs: [{name: demo-gateway, sectionName: dns}], rules: [{backendRefs: [{name: coredns, port: 53}]}]}
`)
	expectServed(t)
	if !c.alive() {
		t.Fatal("the controller ended")
	}
}
