package differential

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	seedsFlag  = flag.String("seeds", "1..20", "seeds of the random cases, FIRST..LAST or one; \"\" for none")
	callsFlag  = flag.Int("calls", 200, "calls per seed")
	replayFlag = flag.String("replay", "", "run this file of a case and nothing else")
	budgetFlag = flag.Duration("shrink", 20*time.Second, "how long to look for a shorter case once the servers differ")
)

const howToRun = `run it against both servers, from tests/kubernetes:
  ../../tools/build gwctl-apiserver
  ./build ../../build/kubernetes
  GWCTL_APISERVER=$PWD/../../build/gwctl-apiserver ../../build/kubernetes/kubernetes up -- go test ./differential -count=1`

func TestMain(m *testing.M) {
	flag.Parse()
	begin := time.Now()
	code := m.Run()
	if started != nil {
		started.stop()
		summarise(started.pair, code, time.Since(begin))
	}
	os.Exit(code)
}

// started is both servers, once a test has asked for them.
var started *bothServers

type bothServers struct {
	pair *pair
	err  error
	stop func()
}

// servers starts the embedded server and prepares both. A test that is not given them fails.
func servers(t *testing.T) *pair {
	t.Helper()
	if started == nil {
		started = &bothServers{stop: func() {}}
		started.pair, started.err = started.start()
	}
	if started.err != nil {
		t.Fatal(started.err)
	}
	return started.pair
}

func (b *bothServers) start() (*pair, error) {
	p := &pair{calls: map[string]int{}}
	program, config, folder := os.Getenv("GWCTL_APISERVER"), os.Getenv("GWCTL_TEST_KUBECONFIG"), os.Getenv("GWCTL_TEST_CLUSTER")
	if program == "" || config == "" || folder == "" {
		return p, fmt.Errorf("GWCTL_APISERVER, GWCTL_TEST_KUBECONFIG and GWCTL_TEST_CLUSTER are not all set; %s", howToRun)
	}
	later := func(f func()) {
		before := b.stop
		b.stop = func() { f(); before() }
	}
	var err error
	if p.real, err = connect("real", config); err != nil {
		return p, err
	}
	scratch, err := os.MkdirTemp("", "gwctl-differential-")
	if err != nil {
		return p, err
	}
	later(func() { os.RemoveAll(scratch) })
	embedded, stop, err := startEmbedded(program, scratch)
	if err != nil {
		return p, err
	}
	later(stop)
	p.embedded = embedded
	restore, err := prepareServers(p, folder)
	if err != nil {
		return p, err
	}
	later(restore)
	return p, nil
}

func summarise(p *pair, code int, took time.Duration) {
	var parts []string
	total := 0
	for verb, n := range p.calls {
		parts = append(parts, fmt.Sprintf("%s %d", verb, n))
		total += n
	}
	sort.Strings(parts)
	differences := "differences 0"
	if code != 0 {
		differences = "differences: see above"
	}
	fmt.Printf("differential: %d calls in %.0f s (%s); %s\n", total, took.Seconds(), strings.Join(parts, ", "), differences)
}

// TestFixedCases runs what once differed.
func TestFixedCases(t *testing.T) {
	if *replayFlag != "" {
		c, err := readCase(*replayFlag)
		if err != nil {
			t.Fatal(err)
		}
		check(t, c)
		return
	}
	cases, err := readCases("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(strings.TrimSuffix(c.Name, ".json"), func(t *testing.T) { check(t, c) })
	}
}

// TestRandomCases runs the generated ones.
func TestRandomCases(t *testing.T) {
	if *replayFlag != "" {
		t.Skip("-replay is set")
	}
	first, last, err := seedRange(*seedsFlag)
	if err != nil {
		t.Fatal(err)
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) { check(t, generate(uint64(seed), *callsFlag)) })
	}
}

func seedRange(text string) (first, last int, err error) {
	if text == "" {
		return 1, 0, nil
	}
	from, to, ranged := strings.Cut(text, "..")
	if !ranged {
		to = from
	}
	first, err = strconv.Atoi(from)
	if err == nil {
		last, err = strconv.Atoi(to)
	}
	if err != nil {
		err = fmt.Errorf("-seeds %s: expected FIRST..LAST, as in 1..20, or one seed", text)
	}
	return first, last, err
}

func check(t *testing.T, c Case) {
	t.Helper()
	both := servers(t)
	failed, err := both.execute(c)
	if err != nil {
		t.Fatal(err)
	}
	if failed == nil {
		return
	}
	short, shortFailed := both.shrink(c, failed, *budgetFlag)
	short.Why = fmt.Sprintf("%s: %s", c.Name, failed.found[0].at)
	path := filepath.Join(os.TempDir(), fmt.Sprintf("differential-%s.json", strings.ReplaceAll(strings.TrimSuffix(c.Name, ".json"), " ", "-")))
	if err := os.WriteFile(path, []byte(short.text()), 0o644); err != nil {
		t.Error(err)
	}
	t.Errorf("%s: the servers differ\n  %s\nthe shortest case that shows it, to be run again with -replay %s:\n%s", c.Name, shortFailed, path, short.text())
}
