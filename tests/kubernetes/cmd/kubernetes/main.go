// Command kubernetes runs a Kubernetes control plane on loopback, for tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"

	"gwctl.test/kubernetes/internal/cluster"
	"gwctl.test/kubernetes/internal/standin"
)

const usage = `usage: kubernetes up [FLAGS] [-- COMMAND ARGS...]
       kubernetes ctl --dir DIR COMMAND [NAME [FLAG...]]
       kubernetes stand-in --kubeconfig FILE

up runs a control plane: etcd, kube-apiserver, kube-controller-manager, stand-ins for nodes and kube-vip. With a
command it runs that, with the variables below, and ends with its exit code; without one it runs until Ctrl-C.
  --dir DIR       an empty or new folder for everything; default: a temporary one. It is removed at the end.
  --port PORT     of kube-apiserver, on 127.0.0.1; default: any free one
  --crds DIR      CustomResourceDefinitions to install, "none" for none; default: crds/standard beside this program
  --install FILE  the manifest whose permissions the controller's account gets; more than one with commas between
  --memory MIB    how much must be available; default 1024
Variables: GWCTL_TEST_KUBECONFIG (an administrator), GWCTL_TEST_CONTROLLER_KUBECONFIG (the controller's account),
GWCTL_TEST_AUDIT_LOG, GWCTL_TEST_CLUSTER (the folder, for ctl).

ctl changes a running control plane:
` + cluster.Commands + `

stand-in is for another API server: pods become Ready, Services of type LoadBalancer get the address they ask for.
`

func main() {
	if len(os.Args) < 2 {
		fail(2, usage)
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "up":
		os.Exit(up(args))
	case "supervise":
		os.Exit(supervise(args))
	case "ctl":
		ctl(args)
	case "etcd":
		runEtcd(args)
	case "kube-apiserver":
		cluster.WatchParent("")
		os.Args = append([]string{"kube-apiserver"}, args...)
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		cluster.WatchParent("")
		os.Args = append([]string{"kube-controller-manager"}, args...)
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "stand-in":
		runStandIn(args)
	case "-h", "--help", "help":
		fmt.Print(usage)
	default:
		fail(2, "kubernetes: unknown command "+os.Args[1]+"; see kubernetes --help\n")
	}
}

func fail(code int, message string) {
	fmt.Fprint(os.Stderr, message)
	os.Exit(code)
}

func ctl(args []string) {
	flags := flag.NewFlagSet("ctl", flag.ExitOnError)
	folder := flags.String("dir", os.Getenv("GWCTL_TEST_CLUSTER"), "folder of the control plane")
	_ = flags.Parse(args)
	if *folder == "" || flags.NArg() == 0 {
		fail(2, usage)
	}
	if err := cluster.Control(*folder, flags.Args()...); err != nil {
		fail(1, "kubernetes ctl: "+err.Error()+"\n")
	}
}

// runEtcd takes the data folder, which lies in the control plane's, and the URL to listen on.
func runEtcd(args []string) {
	data, url := args[0], args[1]
	cluster.WatchParent(parentOf(data))
	config := embed.NewConfig()
	config.Dir = data
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.QuotaBackendBytes = 2 << 30
	if err := listenOn(config, url); err != nil {
		fail(1, "etcd: "+err.Error()+"\n")
	}
	server, err := embed.StartEtcd(config)
	if err != nil {
		fail(1, "etcd: "+err.Error()+"\n")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	select {
	case <-ctx.Done():
		server.Close()
	case err := <-server.Err():
		fail(1, "etcd: "+err.Error()+"\n")
	}
}

func runStandIn(args []string) {
	flags := flag.NewFlagSet("stand-in", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the API server")
	_ = flags.Parse(args)
	if os.Getenv(cluster.Supervised) != "" {
		cluster.WatchParent("")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err == nil {
		err = standin.Run(ctx, config)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fail(1, "stand-in: "+err.Error()+"\n")
	}
}
