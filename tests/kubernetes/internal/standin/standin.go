// Package standin plays the parts of a cluster that tests need and that want machines: kubelets, whose pods become
// Ready with addresses and go away when deleted, and kube-vip, which puts requested addresses into Services' status.
// It works on any API server.
package standin

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Run works until ctx ends.
func Run(ctx context.Context, config *rest.Config) error {
	config.QPS, config.Burst = 500, 1000
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, name := range nodes {
		if err := makeNode(ctx, client, name); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	kubelet := &kubelet{client: client, pods: factory.Core().V1().Pods().Lister()}
	announcer := &announcer{client: client, services: factory.Core().V1().Services().Lister()}
	podQueue := follow(factory.Core().V1().Pods().Informer())
	serviceQueue := follow(factory.Core().V1().Services().Informer())
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	kubelet.takeAddresses()
	go work(ctx, podQueue, kubelet.reconcile)
	go work(ctx, serviceQueue, announcer.reconcile)
	<-ctx.Done()
	podQueue.ShutDown()
	serviceQueue.ShutDown()
	return nil
}

type queue = workqueue.TypedRateLimitingInterface[cache.ObjectName]

func follow(informer cache.SharedIndexInformer) queue {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](5*time.Millisecond, time.Second)
	q := workqueue.NewTypedRateLimitingQueue(limiter)
	add := func(object any) {
		if name, err := cache.DeletionHandlingObjectToName(object); err == nil {
			q.Add(name)
		}
	}
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, now any) { add(now) }, DeleteFunc: add})
	return q
}

func work(ctx context.Context, q queue, reconcile func(context.Context, cache.ObjectName) error) {
	for {
		name, done := q.Get()
		if done {
			return
		}
		err := reconcile(ctx, name)
		// Somebody was faster, or it is gone: the cache will say so.
		if err != nil && !apierrors.IsNotFound(err) {
			q.AddRateLimited(name)
		} else {
			q.Forget(name)
		}
		q.Done(name)
	}
}

func makeNode(ctx context.Context, client kubernetes.Interface, name string) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": "zone-of-" + name}}}
	_, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	status := corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "StandIn",
			Message: "there is no machine", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()}},
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeAddress(name)}},
	}
	live, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	live.Status = status
	_, err = client.CoreV1().Nodes().UpdateStatus(ctx, live, metav1.UpdateOptions{})
	return err
}
