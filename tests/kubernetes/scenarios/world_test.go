// Package scenarios runs the controller, as the program that users run, through what only a real control plane can
// do to it. Run by tests/kubernetes/run, inside "kubernetes up"; the control plane is shared by all tests.
package scenarios

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"gwctl.test/kubernetes/internal/cluster"
)

const (
	gatewayGroup = "gateway.networking.k8s.io"
	account      = "system:serviceaccount:gateway-api-controller:gateway-api-controller"
)

// patience is how long a condition may take before a test fails: long, because the machine may be busy.
var patience = flag.Duration("patience", 90*time.Second, "how long a condition may take before a test fails")

func gatewayKind(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: gatewayGroup, Version: "v1", Resource: resource}
}

var (
	classes        = gatewayKind("gatewayclasses")
	gateways       = gatewayKind("gateways")
	tcpRoutes      = gatewayKind("tcproutes")
	udpRoutes      = gatewayKind("udproutes")
	listenerSets   = gatewayKind("listenersets")
	services       = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	configMaps     = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	namespaces     = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
	events         = schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"}
	leases         = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	crds           = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

var (
	folder = os.Getenv("GWCTL_TEST_CLUSTER")
	config *rest.Config
	client dynamic.Interface
)

func TestMain(m *testing.M) {
	flag.Parse()
	for _, name := range []string{"GWCTL_TEST_CLUSTER", "GWCTL_TEST_KUBECONFIG", "GWCTL_TEST_CONTROLLER_KUBECONFIG",
		"GWCTL_TEST_AUDIT_LOG", "GWCTL_CONTROLLER", "GWCTL_MANIFESTS", "GWCTL_KUBERNETES"} {
		if os.Getenv(name) == "" {
			fmt.Fprintf(os.Stderr, "scenarios: %s is not set; run tests/kubernetes/run BUILD scenarios\n", name)
			os.Exit(1)
		}
	}
	if err := connect(); err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// connect reads the administrator's kubeconfig, which changes when certificates are rotated.
func connect() (err error) {
	if config, err = clientcmd.BuildConfigFromFlags("", os.Getenv("GWCTL_TEST_KUBECONFIG")); err != nil {
		return err
	}
	config.QPS, config.Burst = 500, 1000
	// By content: connections are shared by configurations that name the same files, whatever is in them.
	if err = rest.LoadTLSFiles(config); err != nil {
		return err
	}
	config.CAFile, config.CertFile, config.KeyFile = "", "", ""
	client, err = dynamic.NewForConfig(config)
	return err
}

func ctl(t *testing.T, words ...string) {
	t.Helper()
	if err := cluster.Control(folder, words...); err != nil {
		t.Fatalf("%s: %v", strings.Join(words, " "), err)
	}
}

// eventually fails the test unless the check comes to have no error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	end := time.Now().Add(*patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

func parse(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(object); err != nil {
			break
		}
		if object.Object != nil {
			all = append(all, object)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no objects in %q", text)
	}
	return all
}

func apply(t *testing.T, text string) {
	t.Helper()
	if err := cluster.Apply(context.Background(), config, parse(t, text)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, kind schema.GroupVersionResource, namespace, name string) {
	t.Helper()
	err := client.Resource(kind).Namespace(namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

func get(kind schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	return client.Resource(kind).Namespace(namespace).Get(context.Background(), name, metav1.GetOptions{})
}

func patch(t *testing.T, kind schema.GroupVersionResource, namespace, name, body string) {
	t.Helper()
	_, err := client.Resource(kind).Namespace(namespace).Patch(context.Background(), name, types.MergePatchType,
		[]byte(body), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// condition is "True/Programmed: message" of a type, in status.conditions or those of the first parent.
func condition(object *unstructured.Unstructured, kind string) string {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	if parents, found, _ := unstructured.NestedSlice(object.Object, "status", "parents"); found && len(parents) > 0 {
		list, _, _ = unstructured.NestedSlice(parents[0].(map[string]any), "conditions")
	}
	for _, entry := range list {
		if c := entry.(map[string]any); c["type"] == kind {
			return fmt.Sprintf("%v/%v: %v", c["status"], c["reason"], c["message"])
		}
	}
	return "no condition " + kind
}

func expectCondition(t *testing.T, kind schema.GroupVersionResource, namespace, name, condition_, want string) {
	t.Helper()
	eventually(t, kind.Resource+" "+name, func() error {
		object, err := get(kind, namespace, name)
		if err != nil {
			return err
		}
		if got := condition(object, condition_); !strings.Contains(got, want) {
			return fmt.Errorf("expected %s to have %q, it is %q", condition_, want, got)
		}
		return nil
	})
}

// addresses of the endpoints behind a Service's port.
func addresses(namespace, service, port string) ([]string, error) {
	list, err := client.Resource(endpointSlices).Namespace(namespace).List(context.Background(),
		metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + service})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, slice := range list.Items {
		ports, _, _ := unstructured.NestedSlice(slice.Object, "ports")
		for _, p := range ports {
			if p.(map[string]any)["name"] != port {
				continue
			}
			endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
			for _, e := range endpoints {
				all = append(all, fmt.Sprint(e.(map[string]any)["addresses"].([]any)[0]))
			}
		}
	}
	return all, nil
}

func expectEndpoints(t *testing.T, namespace, service, port string, count int) {
	t.Helper()
	eventually(t, "endpoints of "+service, func() error {
		all, err := addresses(namespace, service, port)
		if err == nil && len(all) != count {
			err = fmt.Errorf("expected %d behind port %s, there are %v", count, port, all)
		}
		return err
	})
}

// manifest is a file of manifests/.
func manifest(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(os.Getenv("GWCTL_MANIFESTS"), name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		apply(t, string(text))
	}
}

// story applies the files of manifests/ and waits until all is served. What it made goes with the test.
func story(t *testing.T) {
	t.Helper()
	clean(t)
	manifest(t, "ipam", "nginx", "coredns", "class", "gateway", "tcproute", "udproute")
}

func expectServed(t *testing.T) {
	t.Helper()
	expectCondition(t, gateways, "default", "demo-gateway", "Programmed", "True/Programmed")
	expectCondition(t, tcpRoutes, "default", "web", "Accepted", "True/Accepted")
	expectCondition(t, udpRoutes, "default", "dns", "Accepted", "True/Accepted")
	expectEndpoints(t, "default", "demo-gateway-demo-gateway-class", "tcp-80", 2)
	expectEndpoints(t, "default", "demo-gateway-demo-gateway-class", "udp-53", 2)
}

// clean removes, now and when the test ends, what tests make in "default", with finalizers and all.
func clean(t *testing.T) {
	t.Helper()
	removeAll(t)
	t.Cleanup(func() { removeAll(t) })
}

func removeAll(t *testing.T) {
	t.Helper()
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	// The garbage collector may take long to find its way after the API server was away, and pods that it leaves are
	// endpoints in the next test.
	replicaSets := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	for _, kind := range []schema.GroupVersionResource{tcpRoutes, udpRoutes, listenerSets, gateways, classes, services, deployments, replicaSets, pods, configMaps, endpointSlices} {
		eventually(t, "removing "+kind.Resource, func() error { return removeKind(kind) })
	}
}

func removeKind(kind schema.GroupVersionResource) error {
	ctx := context.Background()
	kept := func(object *unstructured.Unstructured) bool {
		name := object.GetName()
		return kind == services && name == "kubernetes" || kind == configMaps && name == "kube-root-ca.crt" ||
			kind == endpointSlices && len(object.GetOwnerReferences()) == 0
	}
	var in dynamic.ResourceInterface = client.Resource(kind)
	if kind != classes {
		in = client.Resource(kind).Namespace("default")
	}
	list, err := in.List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil // not served
	}
	if err != nil {
		return err
	}
	left := 0
	for i := range list.Items {
		object := &list.Items[i]
		if kept(object) {
			continue
		}
		left++
		if len(object.GetFinalizers()) > 0 && kind.Group == gatewayGroup {
			_, _ = in.Patch(ctx, object.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		}
		if kind != endpointSlices { // those go with their Services
			options := metav1.DeleteOptions{}
			if kind.Resource == "pods" {
				options.GracePeriodSeconds = new(int64) // at once, whoever plays the kubelet
			}
			_ = in.Delete(ctx, object.GetName(), options)
		}
	}
	if left > 0 {
		return fmt.Errorf("%d of %s are left", left, kind.Resource)
	}
	return nil
}

// controller is the program, running.
type controller struct {
	t       *testing.T
	cmd     *exec.Cmd
	metrics string
	health  string
	ended   chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// run starts the controller with its own account. It is stopped when the test ends; its log is shown if it failed.
func run(t *testing.T, flags ...string) *controller {
	t.Helper()
	c := &controller{t: t, metrics: freeAddress(t), health: freeAddress(t), ended: make(chan struct{})}
	c.cmd = exec.Command(os.Getenv("GWCTL_CONTROLLER"), append([]string{"-kubeconfig",
		os.Getenv("GWCTL_TEST_CONTROLLER_KUBECONFIG"), "-ipam-configmap", "ipam",
		"-metrics-bind-address", c.metrics, "-health-probe-bind-address", c.health, "-zap-log-level", "debug"}, flags...)...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			c.mu.Lock()
			c.log.Write(append(lines.Bytes(), '\n'))
			c.mu.Unlock()
		}
		_ = c.cmd.Wait()
		close(c.ended)
	}()
	t.Cleanup(func() {
		c.stop()
		if t.Failed() {
			text := c.text()
			if len(text) > 8000 {
				text = "..." + text[len(text)-8000:]
			}
			t.Logf("the controller's log:\n%s", text)
		}
	})
	return c
}

func (c *controller) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

func (c *controller) alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// stop ends it as a cluster would and returns its exit code.
func (c *controller) stop() int {
	if c.alive() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.ended:
		case <-time.After(*patience):
			_ = c.cmd.Process.Kill()
			<-c.ended
		}
	}
	return c.cmd.ProcessState.ExitCode()
}

// expectLog waits for a line that has all of these words.
func (c *controller) expectLog(words ...string) {
	c.t.Helper()
	eventually(c.t, "the controller's log", func() error {
		for _, line := range strings.Split(c.text(), "\n") {
			missing := false
			for _, word := range words {
				missing = missing || !strings.Contains(line, word)
			}
			if !missing {
				return nil
			}
		}
		return fmt.Errorf("no line has %q", words)
	})
}

func (c *controller) ready() (bool, string) {
	response, err := http.Get("http://" + c.health + "/readyz?verbose")
	if err != nil {
		return false, err.Error()
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, _ = body.ReadFrom(response.Body)
	return response.StatusCode == http.StatusOK, body.String()
}

// audited is what an API server notes of a request.
type audited struct {
	Verb, UserAgent, RequestURI string
	User                        struct{ Username string }
	ObjectRef                   struct{ Resource, Namespace, Name, APIGroup, Subresource string }
	ResponseStatus              struct{ Code int }
}

func (a audited) String() string {
	return fmt.Sprintf("%d %s %s/%s %s/%s", a.ResponseStatus.Code, a.Verb, a.ObjectRef.Resource, a.ObjectRef.Subresource,
		a.ObjectRef.Namespace, a.ObjectRef.Name)
}

// auditMark is where the audit log ends now.
func auditMark(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(os.Getenv("GWCTL_TEST_AUDIT_LOG"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// requests of the controller's account since a mark.
func requests(t *testing.T, since int64) []audited {
	t.Helper()
	file, err := os.Open(os.Getenv("GWCTL_TEST_AUDIT_LOG"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Seek(since, 0); err != nil {
		t.Fatal(err)
	}
	var all []audited
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var entry audited
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.User.Username == account {
			all = append(all, entry)
		}
	}
	return all
}

func expectNoDenials(t *testing.T, since int64) {
	t.Helper()
	for _, request := range requests(t, since) {
		if request.ResponseStatus.Code == http.StatusForbidden {
			t.Errorf("denied: %v", request)
		}
	}
}
