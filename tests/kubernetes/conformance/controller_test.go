package conformance

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// controller is the program under test, as one process.
type controller struct {
	process *os.Process
	ended   chan struct{}
	result  error // valid once ended is closed
}

// startController has the program write to a file, and calls onEnd when it ends before stop.
func startController(program, log string, args []string, onEnd func(error)) (*controller, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	// Should we be killed, it goes with us: with the thread that started it, which therefore lasts.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c := &controller{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer out.Close()
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		c.result = cmd.Wait()
		close(c.ended)
		onEnd(c.result)
	}()
	return c, <-started
}

// stop asks it to end as Kubernetes does.
func (c *controller) stop(t *testing.T) {
	_ = c.process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(40 * time.Second): // terminationGracePeriodSeconds of manifests/install.yaml
		_ = c.process.Kill()
		<-c.ended
		c.result = errors.New("it did not end within 40 s of SIGTERM")
	}
	if c.result != nil {
		t.Errorf("the controller did not end well: %v", c.result)
	}
}

func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
