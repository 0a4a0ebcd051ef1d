// Package cluster runs a Kubernetes control plane on loopback for the length of a test run: etcd, kube-apiserver,
// kube-controller-manager and the stand-ins for nodes and announcer, one process each, in a folder of their own.
package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"gwctl.test/kubernetes/internal/certs"
)

// Options of a control plane.
type Options struct {
	// Folder is where everything is written. It must be empty.
	Folder string
	// Port of kube-apiserver on 127.0.0.1; 0 takes a free one.
	Port int
	// CRDs is a folder of CustomResourceDefinitions to install; "" for none.
	CRDs string
	// Install is the YAML whose namespace, service account and permissions the controller gets; "" for none.
	Install string
	// Log gets one line for what takes long.
	Log func(string)
}

// Paths that tests use, within the folder.
const (
	AdminKubeconfig      = "admin.kubeconfig"
	ControllerKubeconfig = "controller.kubeconfig"
	AuditLog             = "audit.log"
	ControlSocket        = "control.sock"
)

const controllers = "deployment-controller,replicaset-controller,endpoints-controller,endpointslice-controller," +
	"endpointslice-mirroring-controller,garbage-collector-controller,namespace-controller,serviceaccount-controller," +
	"root-ca-certificate-publisher-controller"

// Cluster is a running control plane.
type Cluster struct {
	options    Options
	server     string
	etcd       string
	authority  *certs.Authority
	components map[string]*component
	order      []string
	failed     chan error
}

// Start returns once everything answers. What it started when it failed is stopped again.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c := &Cluster{options: options, components: map[string]*component{}, failed: make(chan error, 8)}
	if c.options.Log == nil {
		c.options.Log = func(string) {}
	}
	if err := c.start(ctx); err != nil {
		select {
		case err = <-c.failed: // the cause of whatever else went wrong
		default:
		}
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.options.Folder, name) }

// Server is the URL of kube-apiserver.
func (c *Cluster) Server() string { return c.server }

// Folder is where the kubeconfigs and logs are.
func (c *Cluster) Folder() string { return c.options.Folder }

// Failed gets an error when a component ends that nobody stopped.
func (c *Cluster) Failed() <-chan error { return c.failed }

func (c *Cluster) start(ctx context.Context) error {
	port, err := takePort(c.options.Port)
	if err != nil {
		return err
	}
	etcdPort, err := takePort(0)
	if err != nil {
		return err
	}
	c.server = "https://127.0.0.1:" + strconv.Itoa(port)
	c.etcd = "http://127.0.0.1:" + strconv.Itoa(etcdPort)
	if err := c.writeFiles(); err != nil {
		return err
	}
	c.add("etcd", c.path("etcd"), c.etcd)
	c.add("kube-apiserver", c.apiserverFlags(port)...)
	c.add("kube-controller-manager", c.controllerManagerFlags()...)
	c.add("stand-in", "--kubeconfig", c.path(AdminKubeconfig))

	if err := c.Run(ctx, "etcd"); err != nil {
		return err
	}
	if err := c.Run(ctx, "kube-apiserver"); err != nil {
		return err
	}
	// The garbage collector learns of kinds at its start, and later only every half a minute.
	if err := c.install(ctx); err != nil {
		return err
	}
	if err := c.Run(ctx, "kube-controller-manager"); err != nil {
		return err
	}
	if err := c.Run(ctx, "stand-in"); err != nil {
		return err
	}
	return c.waitForDefaults(ctx)
}

func (c *Cluster) add(name string, args ...string) {
	c.order = append(c.order, name)
	c.components[name] = &component{name: name, args: args, log: c.path(name + ".log"),
		onEnd: func(name string, err error) {
			c.failed <- fmt.Errorf("%s ended by itself (%v); the end of its log:\n%s", name, err,
				c.components[name].lastLines(10))
		}}
}

// Run starts a component that does not run and waits until it answers. Further flags replace those of the same name.
func (c *Cluster) Run(ctx context.Context, name string, further ...string) error {
	p, ok := c.components[name]
	if !ok {
		return fmt.Errorf("no component is called %q; there are %s", name, strings.Join(c.order, ", "))
	}
	c.options.Log("starting " + name)
	if err := p.start(further...); err != nil {
		return err
	}
	ready := map[string]func(context.Context) error{
		"etcd":           func(ctx context.Context) error { return answers(ctx, http.DefaultClient, c.etcd+"/health") },
		"kube-apiserver": c.apiserverReady,
	}[name]
	if ready == nil {
		return nil
	}
	deadline := time.Now().Add(90 * time.Second)
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		if !p.running() {
			return fmt.Errorf("%s does not start; the end of its log:\n%s", name, p.lastLines(5))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after 90 s: %w", name, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// End stops a component, with SIGKILL if abruptly.
func (c *Cluster) End(name string, abruptly bool) error {
	p, ok := c.components[name]
	if !ok {
		return fmt.Errorf("no component is called %q; there are %s", name, strings.Join(c.order, ", "))
	}
	signal := syscall.SIGTERM
	if abruptly {
		signal = syscall.SIGKILL
	}
	return p.stop(signal)
}

// Stop ends everything, in the opposite order.
func (c *Cluster) Stop() {
	for i := len(c.order) - 1; i >= 0; i-- {
		// Nothing of it is kept, so nothing needs to end in good order; etcd alone would take seconds.
		_ = c.components[c.order[i]].stop(syscall.SIGKILL)
	}
}

// Compact forgets etcd's history, so that watches from old versions get 410: at once from an API server that starts
// afterwards, since a running one remembers some of the history itself.
func (c *Cluster) Compact(ctx context.Context) error {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{c.etcd}, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	now, err := client.Get(ctx, "compaction-needs-the-revision")
	if err != nil {
		return err
	}
	_, err = client.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical())
	return err
}

// RotateServing gives kube-apiserver a certificate of a new authority and restarts it. What trusts only the old one,
// by the file ca.crt which is rewritten, has to read that again. Client certificates stay valid.
func (c *Cluster) RotateServing(ctx context.Context) error {
	authority, err := certs.NewAuthority("rotated")
	if err != nil {
		return err
	}
	serving, err := authority.Server()
	if err != nil {
		return err
	}
	if err := c.End("kube-apiserver", true); err != nil {
		return err
	}
	if err := serving.Write(c.path("apiserver")); err != nil {
		return err
	}
	if err := writeAtomically(c.path("ca.crt"), authority.PEM); err != nil {
		return err
	}
	if err := writeAdminKubeconfig(c.path(AdminKubeconfig), c.server, c.path("ca.crt"), c.path("admin")); err != nil {
		return err
	}
	// These read the authority at their start only.
	for _, name := range []string{"kube-controller-manager", "stand-in"} {
		if err := c.End(name, true); err != nil {
			return err
		}
	}
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "stand-in"} {
		if err := c.Run(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) writeFiles() error {
	authority, err := certs.NewAuthority("gwctl-tests")
	if err != nil {
		return err
	}
	c.authority = authority
	serving, err := authority.Server()
	if err != nil {
		return err
	}
	admin, err := authority.Client("admin", "system:masters")
	if err != nil {
		return err
	}
	signing, err := certs.SigningKey()
	if err != nil {
		return err
	}
	const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived, ResponseStarted]\n" +
		"rules: [{level: Metadata}]\n"
	return errors.Join(
		os.WriteFile(c.path("ca.crt"), authority.PEM, 0o600),
		os.WriteFile(c.path("client-ca.crt"), authority.PEM, 0o600),
		os.WriteFile(c.path("service-account.key"), signing, 0o600),
		os.WriteFile(c.path("audit-policy.yaml"), []byte(policy), 0o600),
		serving.Write(c.path("apiserver")),
		admin.Write(c.path("admin")),
		writeAdminKubeconfig(c.path(AdminKubeconfig), c.server, c.path("ca.crt"), c.path("admin")))
}

func (c *Cluster) apiserverFlags(port int) []string {
	return []string{
		"--etcd-servers=" + c.etcd,
		"--etcd-compaction-interval=0",
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + c.path("apiserver.crt"),
		"--tls-private-key-file=" + c.path("apiserver.key"),
		"--client-ca-file=" + c.path("client-ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path("service-account.key"),
		"--service-account-signing-key-file=" + c.path("service-account.key"),
		"--authorization-mode=RBAC",
		"--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
		"--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
		"--endpoint-reconciler-type=none",
		"--audit-policy-file=" + c.path("audit-policy.yaml"),
		"--audit-log-path=" + c.path(AuditLog),
		"--audit-log-mode=blocking-strict",
	}
}

func (c *Cluster) controllerManagerFlags() []string {
	return []string{
		"--kubeconfig=" + c.path(AdminKubeconfig),
		"--secure-port=0",
		"--leader-elect=false",
		"--controllers=" + controllers,
		"--root-ca-file=" + c.path("ca.crt"),
		"--service-account-private-key-file=" + c.path("service-account.key"),
		"--kube-api-qps=500", "--kube-api-burst=1000",
	}
}

func (c *Cluster) apiserverReady(ctx context.Context) error {
	pem, err := os.ReadFile(c.path("ca.crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pair, err := tls.LoadX509KeyPair(c.path("admin.crt"), c.path("admin.key"))
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	defer transport.CloseIdleConnections()
	return answers(ctx, &http.Client{Transport: transport}, c.server+"/readyz")
}

func answers(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// takePort checks that a port is free, or finds one that is.
func takePort(port int) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return 0, fmt.Errorf("port %d of 127.0.0.1 cannot be used: %v; name another one, or none for any free one", port, err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func writeAtomically(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
