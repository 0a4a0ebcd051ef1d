package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

type outcome string

const (
	passed  outcome = "passed"
	failed  outcome = "failed"
	skipped outcome = "skipped"
)

// results are what the tests of a run said themselves, and what the run was asked to do.
type results struct {
	outcomes map[string]outcome
	claimed  suite.FeaturesSet
	only     string // the one test that was asked for, or ""
	aborted  string // why the run ended before its end, or ""
}

type finding struct{ name, text string }

type verdict struct {
	passed, failed, notRun []finding
	others                 int    // tests of other profiles, which do not apply
	aborted                string // as in results
}

// judge holds a run against the lists. Whatever is in neither is a failure, so that a new version of the suite cannot
// bring a test that nobody looked at, and so is whatever ran without being in the list of what must.
func judge(tests []suite.ConformanceTest, required []string, notRun map[string]string, got results) verdict {
	v := verdict{aborted: got.aborted}
	fail := func(name, format string, args ...any) {
		v.failed = append(v.failed, finding{name, fmt.Sprintf(format, args...)})
	}
	known := map[string]bool{}
	for _, test := range tests {
		name := test.ShortName
		known[name] = true
		must := slices.Contains(required, name)
		reason, not := notRun[name]
		ran, came := got.outcomes[name]
		switch {
		case got.only != "" && name != got.only:
		case must && not:
			fail(name, "is in both lists of lists.go")
		case must && ran == passed:
			v.passed = append(v.passed, finding{name, remarks[name]})
		case must && ran == failed:
			fail(name, "failed")
		case must && ran == skipped:
			fail(name, "was skipped%s", unclaimed(test, got.claimed))
		case must && got.aborted != "":
			fail(name, "did not end")
		case must:
			fail(name, "did not run")
		case came && ran != skipped:
			fail(name, "ran (and %s) but is not in the list of required tests", ran)
		case not && got.only == name:
			fail(name, "is not run: %s", reason)
		case not:
			v.notRun = append(v.notRun, finding{name, reason})
		case inProfiles(test):
			fail(name, "is in neither list of lists.go: decide whether it is required")
		case got.only == name:
			fail(name, "is not of the profiles GATEWAY-TCP and GATEWAY-UDP")
		default:
			v.others++
		}
	}
	listed := slices.Clone(required)
	for name := range notRun {
		listed = append(listed, name)
	}
	if got.only != "" {
		listed = []string{got.only}
	}
	for _, name := range listed {
		if !known[name] {
			fail(name, "is no test of this version of the suite")
		}
	}
	for _, list := range [][]finding{v.passed, v.failed, v.notRun} {
		slices.SortFunc(list, func(a, b finding) int { return strings.Compare(a.name, b.name) })
	}
	return v
}

func inProfiles(test suite.ConformanceTest) bool {
	for _, profile := range []suite.ConformanceProfile{suite.GatewayTCPConformanceProfile, suite.GatewayUDPConformanceProfile} {
		if profile.CoreFeatures.Union(profile.ExtendedFeatures).HasAll(test.Features...) {
			return true
		}
	}
	return false
}

func unclaimed(test suite.ConformanceTest, claimed suite.FeaturesSet) string {
	missing := sets.List(sets.New(test.Features...).Difference(claimed))
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf(": the GatewayClass does not claim %v", missing)
}

// write prints a line per test, the failures last, and the counts.
func (v verdict) write(out io.Writer) {
	for _, group := range []struct {
		word string
		list []finding
	}{{"passed", v.passed}, {"not run", v.notRun}, {"FAILED", v.failed}} {
		for _, f := range group.list {
			fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-8s %-42s %s", group.word, f.name, f.text), " "))
		}
	}
	if v.others > 0 {
		fmt.Fprintf(out, "%d tests of other profiles do not apply\n", v.others)
	}
	if v.aborted != "" {
		fmt.Fprintf(out, "The run was aborted: %s\n", v.aborted)
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", len(v.passed), len(v.failed))
}
