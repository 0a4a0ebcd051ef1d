package standin

import (
	"context"
	"net/netip"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// announcer answers for addresses that Services ask for, the way kube-vip does: the annotation wins over the field.
type announcer struct {
	client   kubernetes.Interface
	services listers.ServiceLister
}

func (a *announcer) reconcile(ctx context.Context, name cache.ObjectName) error {
	service, err := a.services.Services(name.Namespace).Get(name.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	class := service.Spec.LoadBalancerClass
	if service.DeletionTimestamp != nil || class != nil && *class != "kube-vip.io/kube-vip-class" {
		return nil
	}
	var wanted corev1.LoadBalancerStatus
	if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		wanted.Ingress = ingress(service)
	}
	if reflect.DeepEqual(wanted, service.Status.LoadBalancer) {
		return nil
	}
	announced := service.DeepCopy()
	announced.Status.LoadBalancer = wanted
	_, err = a.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, announced, metav1.UpdateOptions{})
	return err
}

func ingress(service *corev1.Service) []corev1.LoadBalancerIngress {
	list := service.Annotations["kube-vip.io/loadbalancerIPs"]
	if list == "" {
		list = service.Spec.LoadBalancerIP
	}
	vip := corev1.LoadBalancerIPModeVIP
	var ports []corev1.PortStatus
	for _, port := range service.Spec.Ports {
		ports = append(ports, corev1.PortStatus{Port: port.Port, Protocol: port.Protocol})
	}
	var all []corev1.LoadBalancerIngress
	for _, text := range strings.Split(list, ",") {
		// 0.0.0.0 asks for DHCP, which nobody answers here.
		address, err := netip.ParseAddr(strings.TrimSpace(text))
		if err == nil && !address.IsUnspecified() {
			all = append(all, corev1.LoadBalancerIngress{IP: address.String(), IPMode: &vip, Ports: ports})
		}
	}
	return all
}
