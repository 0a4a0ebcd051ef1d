package conformance

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/kubernetes"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"

	"gwctl.test/kubernetes/internal/cluster"
)

const (
	controllerName = "thebsdbox.co.uk/controller"
	// Addresses for documentation (RFC 5737). Up to some 30 Gateways exist at a time; the last address stays free,
	// since the allocator takes the first one that is.
	pool           = "198.51.100.1-198.51.100.200"
	usableAddress  = "198.51.100.200"
	outsideOfPools = "203.0.113.1"
)

var (
	verdictFile   = flag.String("verdict", "", "file for the verdict; default: standard output only")
	controllerLog = flag.String("controller-log", "controller.log", "file for what the controller says")
	permissions   = flag.String("permissions", "", "manifest with permissions that the controller needs for its flags; default: none")
	moreFlags     = flag.String("controller-flags", "-http-listeners=status", "further flags of the controller, separated by spaces")
)

// TestConformance runs the suite; tools/conformance calls it with a control plane. Flags are those of the suite.
func TestConformance(t *testing.T) {
	admin, account := os.Getenv("GWCTL_TEST_KUBECONFIG"), os.Getenv("GWCTL_TEST_CONTROLLER_KUBECONFIG")
	program := os.Getenv("GWCTL_CONTROLLER")
	if admin == "" || account == "" || program == "" {
		t.Skip("needs a control plane and a controller; run tools/conformance")
	}
	os.Setenv("KUBECONFIG", admin) // t.Setenv does not go with parallel tests
	options := conformance.DefaultOptions(t)
	r := &run{results: results{outcomes: map[string]outcome{}, only: options.RunTest}}
	configure(&options, r)

	t.Cleanup(func() { r.finish(t) }) // registered first, so it comes last
	if r.only != "" && !slices.Contains(required, r.only) {
		t.FailNow() // the verdict says why
	}
	createPrerequisites(t, options)
	args := append([]string{"-kubeconfig", account, "-ipam-configmap=ipam", "-metrics-bind-address=0", "-health-probe-bind-address=0"}, strings.Fields(*moreFlags)...)
	running, err := startController(program, *controllerLog, args, func(err error) {
		if !r.done() {
			r.abort(fmt.Sprintf("the controller ended by itself (%v): %s", err, lastLine(*controllerLog)))
		}
	})
	if err != nil {
		t.Fatalf("%s cannot be started: %v", program, err)
	}
	t.Cleanup(func() {
		r.end()
		running.stop(t)
	})
	if deadline, ok := t.Deadline(); ok {
		// Before the test framework ends the process without asking us.
		timer := time.AfterFunc(time.Until(deadline)-10*time.Second, func() { r.abort("no time was left") })
		t.Cleanup(func() { timer.Stop() })
	}
	// The suite reads the features that it tests from the class.
	kubernetes.GWCMustHaveAcceptedConditionTrue(t, options.Client, options.TimeoutConfig, options.GatewayClassName)
	conformance.RunConformanceWithOptions(t, options)
}

func configure(options *suite.ConformanceOptions, r *run) {
	options.ConformanceProfiles = []suite.ConformanceProfileName{suite.GatewayTCPConformanceProfileName, suite.GatewayUDPConformanceProfileName}
	for name := range notRun {
		options.SkipTests = append(options.SkipTests, name)
	}
	options.Hook = r.record
	options.CleanupBaseResources = false // the control plane goes with all that is in it
	kind := gatewayv1.IPAddressType
	options.UsableNetworkAddresses = []gatewayv1.GatewaySpecAddress{{Type: &kind, Value: usableAddress}}
	options.UnusableNetworkAddresses = []gatewayv1.GatewaySpecAddress{{Type: &kind, Value: outsideOfPools}}

	// The parallel tests share one client, whose default of 20 requests a second would make them wait for each other.
	options.RestConfig.QPS, options.RestConfig.Burst = 200, 400
	// Waits end as soon as their condition holds, so these bound only how long a test takes that fails.
	limits := &options.TimeoutConfig
	for _, limit := range []*time.Duration{
		&limits.CreateTimeout, &limits.DeleteTimeout, &limits.GetTimeout,
		&limits.GatewayMustHaveAddress, &limits.GatewayMustHaveCondition,
		&limits.GatewayStatusMustHaveListeners, &limits.GatewayListenersMustHaveConditions,
		&limits.ListenerSetMustHaveCondition, &limits.ListenerSetListenersMustHaveConditions,
		&limits.GWCMustBeAccepted, &limits.HTTPRouteMustHaveCondition,
		&limits.TCPRouteMustHaveCondition, &limits.UDPRouteMustHaveCondition, &limits.RouteMustHaveParents,
		&limits.NamespacesMustBeReady, &limits.LatestObservedGenerationSet, &limits.DefaultTestTimeout,
	} {
		*limit = 40 * time.Second
	}
}

func createPrerequisites(t *testing.T, options suite.ConformanceOptions) {
	pools := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ipam"},
		Data: map[string]string{"range-global": pool}}
	class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: options.GatewayClassName},
		Spec: gatewayv1.GatewayClassSpec{ControllerName: controllerName}}
	for _, object := range []client.Object{pools, class} {
		if err := options.Client.Create(context.Background(), object); err != nil {
			t.Fatalf("%T %s: %v", object, object.GetName(), err)
		}
	}
	if *permissions == "" {
		return
	}
	objects, err := cluster.ReadObjects(*permissions)
	if err == nil {
		err = cluster.Apply(context.Background(), options.RestConfig, objects)
	}
	if err != nil {
		t.Fatalf("-permissions: %v", err)
	}
}

// run collects what the tests say, which parallel ones do at the same time.
type run struct {
	mu sync.Mutex
	results
	ended   bool
	written bool
}

// record is called by the suite at the end of each test.
func (r *run) record(t *testing.T, test suite.ConformanceTest, s *suite.ConformanceTestSuite) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claimed = s.SupportedFeatures
	switch {
	case t.Failed():
		r.outcomes[test.ShortName] = failed
	case t.Skipped():
		r.outcomes[test.ShortName] = skipped
	default:
		r.outcomes[test.ShortName] = passed
	}
}

func (r *run) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

func (r *run) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// write judges what came until now, once, and says whether all is well.
func (r *run) write() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.written {
		return false
	}
	r.written = true
	v := judge(tests.ConformanceTests, required, notRun, r.results)
	var text strings.Builder
	v.write(&text)
	fmt.Print(text.String())
	if *verdictFile != "" {
		if err := os.WriteFile(*verdictFile, []byte(text.String()), 0o644); err != nil {
			fmt.Println(err)
			return false
		}
	}
	return len(v.failed) == 0
}

func (r *run) finish(t *testing.T) {
	if !r.write() {
		t.Error("required tests have not passed; see the verdict")
	}
}

func (r *run) abort(reason string) {
	r.mu.Lock()
	r.aborted = reason
	r.mu.Unlock()
	r.write()
	os.Exit(1)
}
