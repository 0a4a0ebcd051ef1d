package scenarios

import (
	"context"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	backgroundContext = context.Background() // t.Context ends before cleanups run
	createOptions     = metav1.CreateOptions{FieldManager: "scenarios"}
	updateOptions     = metav1.UpdateOptions{FieldManager: "scenarios"}
	policies          = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"}
	bindings          = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"}
)

func tryLoadBalancer(t *testing.T) error {
	probe := parse(t, `{apiVersion: v1, kind: Service, metadata: {name: probe, namespace: default}, spec: {type: LoadBalancer, ports: [{port: 1}]}}`)
	_, err := client.Resource(services).Namespace("default").Create(backgroundContext, probe[0],
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// expectPolicy waits until the API server enforces the policy: it learns of it by a watch of its own.
func expectPolicy(t *testing.T) {
	t.Helper()
	eventually(t, "the admission policy", func() error {
		if err := tryLoadBalancer(t); err == nil || !strings.Contains(err.Error(), "team network") {
			return fmt.Errorf("a load balancer is still let in (%v)", err)
		}
		return nil
	})
}

func removePolicy(t *testing.T) {
	t.Helper()
	for _, kind := range []schema.GroupVersionResource{bindings, policies} {
		err := client.Resource(kind).Delete(backgroundContext, "no-load-balancers", metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	}
	eventually(t, "the end of the admission policy", func() error { return tryLoadBalancer(t) })
}

var accessReviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews"}
