package conformance

import (
	"strings"
	"testing"

	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

// TestLists needs no control plane: with every required test passed, this version of the suite leaves nothing open.
func TestLists(t *testing.T) {
	outcomes := map[string]outcome{}
	for _, name := range required {
		outcomes[name] = passed
	}
	v := judge(tests.ConformanceTests, required, notRun, results{outcomes: outcomes})
	for _, f := range v.failed {
		t.Errorf("%s %s", f.name, f.text)
	}
	if len(v.passed) != len(required) || len(v.notRun) != len(notRun) {
		t.Errorf("%d of %d required tests passed, %d of %d are not run", len(v.passed), len(required), len(v.notRun), len(notRun))
	}
	for name := range remarks {
		if outcomes[name] != passed {
			t.Errorf("the remark about %s is about no required test", name)
		}
	}
}

func TestJudge(t *testing.T) {
	udp := []features.FeatureName{features.SupportGateway, features.SupportUDPRoute}
	set := []features.FeatureName{features.SupportGateway, features.SupportListenerSet}
	http := []features.FeatureName{features.SupportGateway, features.SupportHTTPRoute}
	inSuite := []suite.ConformanceTest{
		{ShortName: "Status", Features: udp}, {ShortName: "Set", Features: set},
		{ShortName: "Traffic", Features: udp}, {ShortName: "Web", Features: http}}
	must := []string{"Status", "Set"}
	not := map[string]string{"Traffic": "sends traffic"}
	good := map[string]outcome{"Status": passed, "Set": passed, "Traffic": skipped, "Web": skipped}
	with := func(name string, o outcome) map[string]outcome {
		all := map[string]outcome{}
		for n, v := range good {
			all[n] = v
		}
		if all[name] = o; o == "" {
			delete(all, name)
		}
		return all
	}
	claimed := suite.FeaturesSet{features.SupportGateway: {}, features.SupportUDPRoute: {}}
	for _, c := range []struct {
		what   string
		tests  []suite.ConformanceTest
		got    results
		failed string // the findings, "name text" each
		passed int
	}{
		{"all is well", inSuite, results{outcomes: good}, "", 2},
		{"one failed", inSuite, results{outcomes: with("Set", failed)}, "Set failed", 1},
		{"one was skipped", inSuite, results{outcomes: with("Set", skipped), claimed: claimed},
			"Set was skipped: the GatewayClass does not claim [ListenerSet]", 1},
		{"one did not run", inSuite, results{outcomes: with("Set", "")}, "Set did not run", 1},
		{"the run was aborted", inSuite, results{outcomes: with("Set", ""), aborted: "no time left"},
			"Set did not end", 1},
		{"a failure counts although the run was aborted", inSuite,
			results{outcomes: with("Set", failed), aborted: "no time left"}, "Set failed", 1},
		{"a new test of ours", append(inSuite, suite.ConformanceTest{ShortName: "New", Features: udp}),
			results{outcomes: good}, "New is in neither list of lists.go: decide whether it is required", 2},
		{"a new test of another profile", append(inSuite, suite.ConformanceTest{ShortName: "New", Features: http}),
			results{outcomes: good}, "", 2},
		{"a test is gone", inSuite[1:], results{outcomes: good}, "Status is no test of this version of the suite", 1},
		{"a test that needs traffic ran", inSuite, results{outcomes: with("Traffic", passed)},
			"Traffic ran (and passed) but is not in the list of required tests", 2},
		{"a test of another profile ran", inSuite, results{outcomes: with("Web", failed)},
			"Web ran (and failed) but is not in the list of required tests", 2},
		{"one asked for", inSuite, results{outcomes: map[string]outcome{"Set": passed}, only: "Set"}, "", 1},
		{"one asked for that needs traffic", inSuite, results{outcomes: map[string]outcome{"Traffic": skipped}, only: "Traffic"},
			"Traffic is not run: sends traffic", 0},
		{"one asked for that is not ours", inSuite, results{outcomes: map[string]outcome{"Web": skipped}, only: "Web"},
			"Web is not of the profiles GATEWAY-TCP and GATEWAY-UDP", 0},
		{"one asked for that does not exist", inSuite, results{only: "Nothing"},
			"Nothing is no test of this version of the suite", 0},
	} {
		v := judge(c.tests, must, not, c.got)
		var found []string
		for _, f := range v.failed {
			found = append(found, f.name+" "+f.text)
		}
		if got := strings.Join(found, "; "); got != c.failed || len(v.passed) != c.passed {
			t.Errorf("%s: %d passed, found %q; expected %d and %q", c.what, len(v.passed), got, c.passed, c.failed)
		}
	}
	both := judge(inSuite, must, map[string]string{"Set": "x", "Traffic": "y"}, results{outcomes: good})
	if len(both.failed) != 1 || both.failed[0].name != "Set" {
		t.Errorf("a test in both lists: found %v", both.failed)
	}
}
