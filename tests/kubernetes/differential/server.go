package differential

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/yaml"
)

// server is one of the two API servers.
type server struct {
	name   string
	url    string
	client *http.Client
}

// answer is what a server said.
type answer struct {
	code        int
	contentType string
	warnings    []string
	retryAfter  string
	text        string
	// body is nil where text is no JSON.
	body any
}

// kubeconfig is the part of the file that is needed here.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server    string `json:"server"`
			Authority string `json:"certificate-authority"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Certificate string `json:"client-certificate"`
			Key         string `json:"client-key"`
		} `json:"user"`
	} `json:"users"`
}

func connect(name, path string) (*server, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var config kubeconfig
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return nil, fmt.Errorf("%s: expected one cluster and one user", path)
	}
	cluster, user := config.Clusters[0].Cluster, config.Users[0].User
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	if cluster.Authority != "" {
		pem, err := os.ReadFile(cluster.Authority)
		if err != nil {
			return nil, err
		}
		pair, err := tls.LoadX509KeyPair(user.Certificate, user.Key)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
		transport.ForceAttemptHTTP2 = true
	}
	return &server{name: name, url: cluster.Server, client: &http.Client{Transport: transport}}, nil
}

func (s *server) open(ctx context.Context, call Call, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, call.Method, s.url+call.Path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if call.Type != "" {
		request.Header.Set("Content-Type", call.Type)
	}
	accept, agent := "application/json", "differential/1"
	if call.Accept != "" {
		accept = call.Accept
	}
	if call.Agent != "" {
		agent = call.Agent
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", agent)
	return s.client.Do(request)
}

// do sends a call whose placeholders are filled in.
func (s *server) do(call Call, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	response, err := s.open(ctx, call, body)
	if err != nil {
		return answer{}, fmt.Errorf("the %s server does not answer: %w", s.name, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("the %s server breaks off: %w", s.name, err)
	}
	return answerOf(response, string(text)), nil
}

func answerOf(response *http.Response, text string) answer {
	contentType, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	return answer{code: response.StatusCode, contentType: contentType, warnings: response.Header.Values("Warning"),
		retryAfter: response.Header.Get("Retry-After"), text: text, body: decode(asJSONText(contentType, text))}
}

func asJSONText(contentType, text string) string {
	if contentType == "application/yaml" {
		if converted, err := yaml.YAMLToJSON([]byte(text)); err == nil {
			return string(converted)
		}
	}
	return text
}

// decode keeps numbers as they are written; nil for what is no JSON.
func decode(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return nil
	}
	return v
}

// startEmbedded runs gwctl-apiserver without its stand-ins until the returned function is called.
func startEmbedded(program, folder string) (*server, func(), error) {
	path := filepath.Join(folder, "embedded.kubeconfig")
	command := exec.Command(program, "--bind", "127.0.0.1:0", "--no-stand-ins", "--kubeconfig-out", path)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, nil, fmt.Errorf("GWCTL_APISERVER: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	stop := func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	deadline := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(path); err == nil {
			s, err := connect("embedded", path)
			return s, stop, err
		}
		select {
		case err := <-ended:
			return nil, nil, fmt.Errorf("%s ended (%v): %s", program, err, output.String())
		case <-deadline:
			stop()
			return nil, nil, fmt.Errorf("%s wrote no kubeconfig in 30 s: %s", program, output.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// control has the control plane of a folder do something, as `kubernetes ctl` does.
func control(folder string, words ...string) error {
	connection, err := net.Dial("unix", filepath.Join(folder, "control.sock"))
	if err != nil {
		return err
	}
	defer connection.Close()
	if _, err := fmt.Fprintln(connection, strings.Join(words, " ")); err != nil {
		return err
	}
	said, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return err
	}
	if said = strings.TrimSpace(said); said != "ok" {
		return errors.New(said)
	}
	return nil
}
