package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func valueOf(p any) reflect.Value { return reflect.ValueOf(p).Elem() }

// embedded is the server that the tests of this package share.
var embedded *rest.Config

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	program := os.Getenv("GWCTL_APISERVER")
	if program == "" {
		return 1, fmt.Errorf("GWCTL_APISERVER is not set; run ./tools/test kubernetes-clients")
	}
	scratch, err := os.MkdirTemp("", "gwctl-clients-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(scratch)
	path := filepath.Join(scratch, "kubeconfig")
	command := exec.Command(program, "--no-stand-ins", "--kubeconfig-out", path)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for waited := time.After(time.Minute); ; {
		if _, err := os.Stat(path); err == nil {
			break
		}
		select {
		case err := <-ended:
			return 1, fmt.Errorf("%s ended: %v", program, err)
		case <-waited:
			return 1, fmt.Errorf("%s wrote no kubeconfig", program)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if embedded, err = clientcmd.BuildConfigFromFlags("", path); err != nil {
		return 1, err
	}
	embedded.QPS = -1
	code := m.Run()
	_ = command.Process.Signal(syscall.SIGTERM)
	<-ended
	return code, nil
}

// call makes a request in JSON, without any client's help.
func call(t *testing.T, method, path string, body any) (int, map[string]any) {
	t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, embedded.Host+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if method == "PATCH" {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(answer, &object); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	return response.StatusCode, object
}

// kind is one that the server serves, as it says itself.
type kind struct {
	group, version string
	metav1.APIResource
	status bool
}

func (k kind) root() string {
	if k.group == "" {
		return "/api/" + k.version
	}
	return "/apis/" + k.group + "/" + k.version
}

func (k kind) path(name string) string {
	path := k.root()
	if k.Namespaced {
		path += "/namespaces/" + namespace
	}
	path += "/" + k.Name
	if name != "" {
		path += "/" + name
	}
	return path
}

// servedKinds are all but those of the Gateway API, which have no protobuf.
func servedKinds(t *testing.T) []kind {
	t.Helper()
	roots := map[string]schema.GroupVersion{"/api/v1": {Version: "v1"}}
	_, groups := call(t, "GET", "/apis", nil)
	for _, g := range groups["groups"].([]any) {
		group := g.(map[string]any)
		name := group["name"].(string)
		for _, v := range group["versions"].([]any) {
			version := v.(map[string]any)["version"].(string)
			if !strings.HasPrefix(name, "gateway.networking") && name != "example.com" {
				roots["/apis/"+name+"/"+version] = schema.GroupVersion{Group: name, Version: version}
			}
		}
	}
	var found []kind
	for root, gv := range roots {
		_, list := call(t, "GET", root, nil)
		text, _ := json.Marshal(list)
		var resources metav1.APIResourceList
		if err := json.Unmarshal(text, &resources); err != nil {
			t.Fatal(err)
		}
		status := map[string]bool{}
		for _, r := range resources.APIResources {
			if name, sub := strings.CutSuffix(r.Name, "/status"); sub {
				status[name] = true
			}
		}
		for _, r := range resources.APIResources {
			if !strings.Contains(r.Name, "/") {
				found = append(found, kind{gv.Group, gv.Version, r, status[r.Name]})
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("the server says that it serves no more than %v", found)
	}
	return found
}
