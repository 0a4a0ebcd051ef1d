package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"gwctl.test/kubernetes/internal/cluster"
)

// up is what the user started. It does nothing but to keep a supervisor, so that whichever of the two is killed, the
// other one cleans up.
func up(args []string) int {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	folder := flags.String("dir", "", "")
	port := flags.Int("port", 0, "")
	crds := flags.String("crds", "", "")
	install := flags.String("install", "", "")
	memory := flags.Int("memory", 1024, "")
	_ = flags.Parse(args)
	if available, err := availableMemory(); err == nil && available < *memory {
		return complain(fmt.Errorf("a control plane needs %d MiB of memory, %d MiB are available; end other programs, "+
			"or set --memory to try all the same", *memory, available))
	}
	made, err := prepareFolder(*folder)
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(made)
	if *crds == "" {
		self, err := os.Executable()
		if err != nil {
			return complain(err)
		}
		*crds = filepath.Join(filepath.Dir(self), "crds", "standard")
	} else if *crds == "none" {
		*crds = ""
	}
	words := append([]string{made, fmt.Sprint(*port), absolute(*crds), absoluteAll(*install)}, flags.Args()...)
	return keepSupervisor(words)
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "kubernetes up: "+err.Error())
	return 1
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// absoluteAll takes several paths, separated by commas.
func absoluteAll(paths string) string {
	all := strings.Split(paths, ",")
	for i := range all {
		all[i] = absolute(all[i])
	}
	return strings.Join(all, ",")
}

// availableMemory is in MiB.
func availableMemory() (int, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		var kib int
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("/proc/meminfo has no MemAvailable")
}

func prepareFolder(folder string) (string, error) {
	if folder == "" {
		return os.MkdirTemp("", "gwctl-kubernetes-")
	}
	folder = absolute(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("--dir %s: expected an empty folder, it has %s in it; it will be removed at the end, so name a new one", folder, entries[0].Name())
	}
	return folder, nil
}

func keepSupervisor(words []string) int {
	self, err := os.Executable()
	if err != nil {
		return complain(err)
	}
	supervisor := exec.Command(self, append([]string{"supervise"}, words...)...)
	supervisor.Stdout, supervisor.Stderr = os.Stdout, os.Stderr
	supervisor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := supervisor.StdinPipe() // ends with us
	if err != nil {
		return complain(err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if err := supervisor.Start(); err != nil {
		return complain(err)
	}
	interrupted := false
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Wait() }()
	for {
		select {
		case <-signals:
			interrupted = true
			stdin.Close()
		case err := <-ended:
			var exit *exec.ExitError
			switch {
			case interrupted:
				return 130
			case err == nil:
				return 0
			case errors.As(err, &exit) && exit.ExitCode() >= 0:
				return exit.ExitCode()
			}
			return complain(fmt.Errorf("the supervisor ended: %w", err))
		}
	}
}

// supervise runs the control plane and the command in it.
func supervise(words []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		// The user's process is gone, or wants us to go.
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	folder, command := words[0], words[4:]
	defer os.RemoveAll(folder)
	os.Setenv(cluster.Supervised, "1")
	begin := time.Now()
	var port int
	fmt.Sscan(words[1], &port)
	options := cluster.Options{Folder: folder, Port: port, CRDs: words[2], Install: words[3],
		Log: func(line string) { fmt.Fprintf(os.Stderr, "kubernetes: %s\n", line) }}
	running, err := cluster.Start(ctx, options)
	if ctx.Err() != nil {
		if running != nil {
			running.Stop()
		}
		return 130
	}
	if err != nil {
		return complain(err)
	}
	defer running.Stop()
	if err := running.Serve(ctx); err != nil {
		return complain(err)
	}
	environment := []string{
		"GWCTL_TEST_KUBECONFIG=" + filepath.Join(folder, cluster.AdminKubeconfig),
		"GWCTL_TEST_CONTROLLER_KUBECONFIG=" + filepath.Join(folder, cluster.ControllerKubeconfig),
		"GWCTL_TEST_AUDIT_LOG=" + filepath.Join(folder, cluster.AuditLog),
		"GWCTL_TEST_CLUSTER=" + folder,
	}
	fmt.Fprintf(os.Stderr, "kubernetes: ready at %s after %.1f s\n", running.Server(), time.Since(begin).Seconds())
	if len(command) == 0 {
		fmt.Println(strings.Join(environment, "\n"))
		select {
		case <-ctx.Done():
			return 130
		case err := <-running.Failed():
			return complain(err)
		}
	}
	return runCommand(ctx, running, command, environment)
}

func runCommand(ctx context.Context, running *cluster.Cluster, words, environment []string) int {
	// The kernel ends the command with the thread that started it, so that thread must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command := exec.Command(words[0], words[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return complain(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if exit.ExitCode() < 0 {
				return complain(fmt.Errorf("%s: %w", words[0], err))
			}
			return exit.ExitCode()
		}
		if err != nil {
			return complain(err)
		}
		return 0
	case err := <-running.Failed():
		complain(err)
	case <-ctx.Done():
	}
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	return 1
}
