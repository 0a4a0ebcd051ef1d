package differential

import (
	"fmt"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// prepareServers installs the Widget on both and leaves of the real cluster's controllers only those whose work the
// embedded server does itself. The returned function brings the others back.
func prepareServers(p *pair, folder string) (func(), error) {
	text, err := os.ReadFile("testdata/widgets.yaml")
	if err != nil {
		return nil, err
	}
	definition, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"kube-controller-manager", "stand-in"} {
		// After a run that broke off they may be stopped already.
		if err := control(folder, "stop", name); err != nil && !strings.Contains(err.Error(), "does not run") {
			return nil, err
		}
	}
	restore := func() {
		_ = control(folder, "restart", "kube-controller-manager")
		_ = control(folder, "start", "stand-in")
	}
	for _, s := range []*server{p.real, p.embedded} {
		if err := install(s, string(definition)); err != nil {
			restore()
			return nil, err
		}
	}
	// The garbage collector learns of kinds at its start.
	err = control(folder, "start", "kube-controller-manager", "--controllers=garbage-collector-controller,namespace-controller")
	if err != nil {
		restore()
		return nil, err
	}
	return restore, nil
}

func install(s *server, definition string) error {
	a, err := s.do(Call{Method: "PATCH", Path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com?fieldManager=test&force=true",
		Type: "application/apply-patch+yaml"}, definition)
	if err != nil {
		return err
	}
	if a.code/100 != 2 {
		return fmt.Errorf("the %s server refuses testdata/widgets.yaml: %s", s.name, a.text)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		a, err := s.do(Call{Method: "GET", Path: "/apis/example.com/v1/widgets"}, "")
		if err != nil {
			return err
		}
		if a.code == 200 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the %s server does not serve widgets after 20 s: %s", s.name, a.text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
