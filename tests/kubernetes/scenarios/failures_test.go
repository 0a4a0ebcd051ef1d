package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

func addListener(t *testing.T, name, protocol string, port int) {
	t.Helper()
	// The controller writes the Gateway too, and may be faster.
	eventually(t, "adding listener "+name, func() error {
		gateway, err := get(gateways, "default", "demo-gateway")
		if err != nil {
			return err
		}
		gateway.SetManagedFields(nil)
		spec := gateway.Object["spec"].(map[string]any)
		spec["listeners"] = append(spec["listeners"].([]any),
			map[string]any{"name": name, "protocol": protocol, "port": int64(port)})
		_, err = client.Resource(gateways).Namespace("default").Update(backgroundContext, gateway, updateOptions)
		return err
	})
}

// expectPort waits for a port in the Gateway's Service: the controller sees and does things.
func expectPort(t *testing.T, port int) {
	t.Helper()
	eventually(t, "the Gateway's Service", func() error {
		service, err := get(services, "default", "demo-gateway-demo-gateway-class")
		if err != nil {
			return err
		}
		text := fmt.Sprint(service.Object["spec"].(map[string]any)["ports"])
		if !strings.Contains(text, fmt.Sprintf("port:%d ", port)) {
			return fmt.Errorf("no port %d in %s", port, text)
		}
		return nil
	})
}

func TestAPIServerKilledAndStartedAgain(t *testing.T) {
	story(t)
	c := run(t)
	expectServed(t)
	before, _ := addresses("default", "demo-gateway-demo-gateway-class", "tcp-80")
	ctl(t, "kill", "kube-apiserver")
	c.expectLog("warn")
	ctl(t, "start", "kube-apiserver")
	addListener(t, "later", "TCP", 8443)
	expectPort(t, 8443)
	if !c.alive() {
		t.Fatal("the controller ended")
	}
	after, err := addresses("default", "demo-gateway-demo-gateway-class", "tcp-80")
	if err != nil || fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("endpoints were %v and are %v (%v)", before, after, err)
	}
}

func TestCompactionWhileTheAPIServerIsAway(t *testing.T) {
	story(t)
	c := run(t)
	expectServed(t)
	since := auditMark(t)
	// The API server that comes back has nothing of the history in which the watches stand.
	ctl(t, "compact")
	addListener(t, "later", "TCP", 8443)
	expectPort(t, 8443)
	gone, listed := 0, 0
	for _, r := range requests(t, since) {
		if r.Verb == "watch" && r.ResponseStatus.Code == 410 {
			gone++
		}
		if r.Verb == "list" && r.ResponseStatus.Code == 200 {
			listed++
		}
	}
	t.Logf("%d watches got 410, %d lists", gone, listed)
	if listed == 0 {
		t.Error("no kind was listed again, so no watch was too old: the test shows nothing")
	}
	if !c.alive() {
		t.Fatal("the controller ended")
	}
}

func TestTokenRevokedAndReplaced(t *testing.T) {
	story(t)
	c := run(t)
	expectServed(t)
	since := auditMark(t)
	ctl(t, "rotate-token")
	// Watches end with their connections, not with their token; these have to be opened anew.
	ctl(t, "restart", "kube-apiserver")
	addListener(t, "later", "TCP", 8443)
	expectPort(t, 8443)
	if !c.alive() {
		t.Fatal("the controller ended")
	}
	expectNoDenials(t, since)
}

func TestServingCertificateOfANewAuthority(t *testing.T) {
	story(t)
	c := run(t)
	expectServed(t)
	ctl(t, "rotate-serving")
	if err := connect(); err != nil {
		t.Fatal(err)
	}
	addListener(t, "later", "TCP", 8443)
	expectPort(t, 8443)
	if !c.alive() {
		t.Fatal("the controller ended")
	}
}

func TestAdmissionRefusesWhatTheControllerMakes(t *testing.T) {
	clean(t)
	t.Cleanup(func() { removePolicy(t) })
	apply(t, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-load-balancers}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [services]}]
  validations:
  - expression: object.spec.type != 'LoadBalancer'
    message: load balancers need the approval of team network
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-load-balancers}
spec: {policyName: no-load-balancers, validationActions: [Deny]}
`)
	expectPolicy(t)
	manifest(t, "ipam", "nginx", "coredns", "class", "gateway", "tcproute", "udproute")
	c := run(t)
	expectCondition(t, gateways, "default", "demo-gateway", "Accepted", "True/Accepted")
	c.expectLog("team network")
	// The author of the Gateway does not read the controller's log.
	expectCondition(t, gateways, "default", "demo-gateway", "Programmed", "team network")
	removePolicy(t)
	expectServed(t)
}

func TestDefaultsAndValidationOfTheCRDs(t *testing.T) {
	story(t)
	run(t)
	expectServed(t)
	// What the CRD fills in, an author did not write: from: Same, weight 1, group and kind of references.
	route, err := get(tcpRoutes, "default", "web")
	if err != nil {
		t.Fatal(err)
	}
	parents := fmt.Sprint(route.Object["spec"].(map[string]any)["parentRefs"])
	if !strings.Contains(parents, "kind:Gateway") {
		t.Errorf("the API server did not fill in parentRefs: %s", parents)
	}
	bad := parse(t, `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: bad, namespace: default},
spec: {gatewayClassName: demo-gateway-class, listeners: [{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 80}]}}`)
	_, err = client.Resource(gateways).Namespace("default").Create(t.Context(), bad[0], createOptions)
	if err == nil || !strings.Contains(err.Error(), "unique") {
		t.Errorf("two listeners of one port and protocol: expected the API server to refuse them, got %v", err)
	}
}
