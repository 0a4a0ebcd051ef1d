package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// component is one process of the control plane: this program again, under another subcommand. Its standard input is
// a pipe of ours, whose end tells it that we are gone, however we went (see WatchParent).
type component struct {
	name string
	args []string
	log  string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}
	meant bool // we ended it ourselves
	onEnd func(name string, err error)
}

func (c *component) start(further ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		return fmt.Errorf("%s runs already", c.name)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(self, slices.Concat([]string{c.name}, withoutFlags(c.args, further), further)...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = filepath.Dir(c.log)
	// A group of its own: a Ctrl-C at the terminal is for us to pass on, in our order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: cannot be started: %w", c.name, err)
	}
	ended := make(chan struct{})
	c.cmd, c.stdin, c.ended, c.meant = cmd, stdin, ended, false
	go func() {
		err := cmd.Wait()
		c.mu.Lock()
		c.cmd = nil
		meant := c.meant
		c.mu.Unlock()
		close(ended)
		if !meant && c.onEnd != nil {
			c.onEnd(c.name, err)
		}
	}()
	return nil
}

// withoutFlags leaves out the arguments that set one of the other flags.
func withoutFlags(args, others []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		flag, _, _ := strings.Cut(arg, "=")
		return strings.HasPrefix(arg, "--") && slices.ContainsFunc(others, func(other string) bool {
			return strings.HasPrefix(other, flag+"=")
		})
	})
}

// stop ends it with a signal, and with SIGKILL when that does not help within ten seconds.
func (c *component) stop(signal syscall.Signal) error {
	c.mu.Lock()
	cmd, ended := c.cmd, c.ended
	c.meant = true
	c.mu.Unlock()
	if cmd == nil {
		return fmt.Errorf("%s does not run", c.name)
	}
	_ = cmd.Process.Signal(signal)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
	return nil
}

func (c *component) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd != nil
}

// lastLines are the end of its log, for an error message.
func (c *component) lastLines(n int) string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}

// WatchParent ends the process once standard input ends, which it does when the parent is gone. With a folder, the
// folder is removed first: should everybody who might remove it have been killed at once, the last one still does.
func WatchParent(folder string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		if folder != "" {
			// The others write to it until they notice, too.
			for range 20 {
				if err := os.RemoveAll(folder); err == nil {
					if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
						break
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		os.Exit(0)
	}()
}

// Supervised is the environment variable that tells a component that its standard input ends with its parent.
const Supervised = "GWCTL_TEST_SUPERVISED"
