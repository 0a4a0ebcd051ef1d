package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	controllerNamespace = "gateway-api-controller"
	controllerAccount   = "gateway-api-controller"
)

func (c *Cluster) config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.path(AdminKubeconfig))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 500, 1000
	return config, nil
}

// install puts the CRDs and the controller's permissions there.
func (c *Cluster) install(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if c.options.CRDs != "" {
		c.options.Log("installing the CRDs of " + filepath.Base(c.options.CRDs))
		if err := InstallCRDs(ctx, config, c.options.CRDs); err != nil {
			return err
		}
	}
	if c.options.Install == "" {
		return nil
	}
	var permissions []*unstructured.Unstructured
	for _, file := range strings.Split(c.options.Install, ",") {
		objects, err := ReadObjects(file)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if object.GetKind() != "Deployment" { // there is no image, and no node to run it
				permissions = append(permissions, object)
			}
		}
	}
	if err := Apply(ctx, config, permissions); err != nil {
		return err
	}
	if err := IssueToken(ctx, config, c.options.Folder); err != nil {
		return err
	}
	return writeTokenKubeconfig(c.path(ControllerKubeconfig), c.server, c.path("ca.crt"), c.path("controller.token"),
		controllerNamespace)
}

// IssueToken writes a new token of the controller's account to controller.token. It is bound to a Secret that
// belongs to this token alone and whose name is in controller.secret, so that deleting that revokes the token.
func IssueToken(ctx context.Context, config *rest.Config, folder string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	secret, err := client.CoreV1().Secrets(controllerNamespace).Create(ctx,
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "token-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Secret", APIVersion: "v1", Name: secret.Name, UID: secret.UID},
	}}
	got, err := client.CoreV1().ServiceAccounts(controllerNamespace).CreateToken(ctx, controllerAccount, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := writeAtomically(filepath.Join(folder, "controller.token"), []byte(got.Status.Token)); err != nil {
		return err
	}
	return writeAtomically(filepath.Join(folder, "controller.secret"), []byte(secret.Name))
}

// InstallCRDs applies a folder of CustomResourceDefinitions and waits until they are served.
func InstallCRDs(ctx context.Context, config *rest.Config, folder string) error {
	objects, err := ReadObjects(folder)
	if err != nil {
		return err
	}
	if err := Apply(ctx, config, objects); err != nil {
		return err
	}
	client, err := apiextensions.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		err := poll(ctx, 30*time.Second, func() error {
			crd, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, condition := range crd.Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return nil
				}
			}
			return fmt.Errorf("CustomResourceDefinition %s is not established", object.GetName())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadObjects reads the YAML documents of a file, or of the files of a folder in the order of their names.
func ReadObjects(path string) ([]*unstructured.Unstructured, error) {
	files := []string{path}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.yaml")); err != nil {
			return nil, err
		}
		sort.Strings(files)
	}
	var all []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			object := &unstructured.Unstructured{}
			if err := documents.Decode(object); err == io.EOF {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if object.Object != nil && object.GetKind() != "" && object.GetKind() != "Kustomization" {
				all = append(all, object)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no Kubernetes objects in it", path)
	}
	return all, nil
}

// Apply applies objects server-side, in their order; a namespaced one without namespace goes to "default".
func Apply(ctx context.Context, config *rest.Config, objects []*unstructured.Unstructured) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	known, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(known))
	for _, object := range objects {
		mapping, err := mapper.RESTMapping(object.GroupVersionKind().GroupKind(), object.GroupVersionKind().Version)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		var target dynamic.ResourceInterface = client.Resource(mapping.Resource)
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			namespace := object.GetNamespace()
			if namespace == "" {
				namespace = "default"
			}
			target = client.Resource(mapping.Resource).Namespace(namespace)
		}
		options := metav1.ApplyOptions{FieldManager: "gwctl-tests", Force: true}
		// An admission plugin or webhook may still be on its way right after the start.
		err = poll(ctx, 20*time.Second, func() error {
			_, err := target.Apply(ctx, object.GetName(), object, options)
			if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) {
				return permanent{err}
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// waitForDefaults returns when the controllers have made what every test takes for granted.
func (c *Cluster) waitForDefaults(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return poll(ctx, 60*time.Second, func() error {
		if _, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return err
		}
		if _, err := client.CoreV1().ConfigMaps("default").Get(ctx, "kube-root-ca.crt", metav1.GetOptions{}); err != nil {
			return err
		}
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err == nil && len(nodes.Items) == 0 {
			err = fmt.Errorf("there are no nodes yet")
		}
		return err
	})
}

type permanent struct{ error }

// poll asks again until there is no error, or a permanent one.
func poll(ctx context.Context, timeout time.Duration, try func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if fatal, ok := err.(permanent); ok {
			return fatal.error
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// rotateToken writes a new token for the controller and revokes the one before.
func (c *Cluster) rotateToken(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(c.path("controller.secret"))
	if err != nil {
		return fmt.Errorf("there is no token to revoke: %w", err)
	}
	if err := IssueToken(ctx, config, c.options.Folder); err != nil {
		return err
	}
	return client.CoreV1().Secrets(controllerNamespace).Delete(ctx, string(old), metav1.DeleteOptions{})
}
