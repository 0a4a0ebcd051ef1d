package standin

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

var nodes = []string{"node-1", "node-2"}

func nodeAddress(name string) string { return "172.18.0." + name[len("node-"):] }

// kubelet runs the pods of all nodes, in name.
type kubelet struct {
	client kubernetes.Interface
	pods   listers.PodLister

	mu    sync.Mutex
	taken map[string]cache.ObjectName // IPv4 addresses
	next  int
}

// takeAddresses notes which addresses the pods of an earlier run have.
func (k *kubelet) takeAddresses() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taken = map[string]cache.ObjectName{}
	pods, _ := k.pods.List(labels.Everything())
	for _, pod := range pods {
		if pod.Status.PodIP != "" {
			k.taken[pod.Status.PodIP] = cache.MetaObjectToName(pod)
		}
	}
}

func (k *kubelet) reconcile(ctx context.Context, name cache.ObjectName) error {
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if apierrors.IsNotFound(err) {
		k.release(name)
		return nil
	}
	if err != nil {
		return err
	}
	pods := k.client.CoreV1().Pods(pod.Namespace)
	if pod.DeletionTimestamp != nil {
		now := int64(0)
		return pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now,
			Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	}
	if pod.Spec.NodeName == "" {
		return pods.Bind(ctx, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, UID: pod.UID},
			Target: corev1.ObjectReference{Kind: "Node", Name: k.choose(pod)}}, metav1.CreateOptions{})
	}
	if pod.Status.Phase != "" && pod.Status.Phase != corev1.PodPending {
		return nil
	}
	running := pod.DeepCopy()
	running.Status = k.runningStatus(pod)
	_, err = pods.UpdateStatus(ctx, running, metav1.UpdateOptions{})
	return err
}

// choose spreads the pods evenly.
func (k *kubelet) choose(pod *corev1.Pod) string {
	sum := 0
	for _, c := range pod.Name {
		sum += int(c)
	}
	return nodes[sum%len(nodes)]
}

func (k *kubelet) runningStatus(pod *corev1.Pod) corev1.PodStatus {
	now := metav1.Now()
	status := corev1.PodStatus{Phase: corev1.PodRunning, HostIP: nodeAddress(pod.Spec.NodeName), StartTime: &now}
	status.HostIPs = []corev1.HostIP{{IP: status.HostIP}}
	v4, v6 := k.address(cache.MetaObjectToName(pod))
	status.PodIP = v4
	status.PodIPs = []corev1.PodIP{{IP: v4}, {IP: v6}}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions,
			corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, c := range pod.Spec.Containers {
		started := true
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name, Image: c.Image,
			ImageID: c.Image, ContainerID: "stand-in://" + string(pod.UID), Ready: true, Started: &started,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}})
	}
	return status
}

func (k *kubelet) address(name cache.ObjectName) (v4, v6 string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		k.next = k.next%65000 + 1
		high, low := k.next/250, k.next%250+2
		v4 = fmt.Sprintf("10.244.%d.%d", high, low)
		if holder, ok := k.taken[v4]; !ok || holder == name {
			k.taken[v4] = name
			return v4, fmt.Sprintf("fd00:10:244::%x:%x", high, low)
		}
	}
}

func (k *kubelet) release(name cache.ObjectName) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for address, holder := range k.taken {
		if holder == name {
			delete(k.taken, address)
		}
	}
}
