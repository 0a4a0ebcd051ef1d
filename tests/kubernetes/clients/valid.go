package clients

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const namespace = "default"

// makeValid changes what a filler put into an object to what the server has rules for.
func makeValid(o runtime.Object, name string) {
	m := o.(metav1.Object)
	namespaced := m.GetNamespace() != ""
	m.SetName(name)
	m.SetNamespace("")
	if namespaced {
		m.SetNamespace(namespace)
	}
	switch o := o.(type) {
	case *corev1.Namespace:
		o.Spec.Finalizers = []corev1.FinalizerName{"kubernetes", "example.com/n"}
		o.Status.Phase = corev1.NamespaceActive
	case *corev1.Service:
		validService(o)
	case *appsv1.Deployment:
		o.Spec.Selector, o.Spec.Template.Labels = selector()
		validContainers(&o.Spec.Template.Spec)
		positive(&o.Spec.MinReadySeconds)
		positive(o.Spec.Replicas, o.Spec.RevisionHistoryLimit, o.Spec.ProgressDeadlineSeconds)
		if o.Spec.Strategy.RollingUpdate != nil {
			o.Spec.Strategy.Type = appsv1.RollingUpdateDeploymentStrategyType
		} else {
			o.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
		}
	case *appsv1.ReplicaSet:
		o.Spec.Selector, o.Spec.Template.Labels = selector()
		validContainers(&o.Spec.Template.Spec)
		positive(&o.Spec.MinReadySeconds)
		positive(o.Spec.Replicas)
	case *coordinationv1.Lease:
		strategy := coordinationv1.OldestEmulationVersion
		o.Spec.Strategy = &strategy
		positive(o.Spec.LeaseDurationSeconds, o.Spec.LeaseTransitions)
		if d := o.Spec.LeaseDurationSeconds; d != nil && *d == 0 {
			*d = 1
		}
	case *discoveryv1.EndpointSlice:
		o.AddressType = discoveryv1.AddressTypeIPv4
		for i := range o.Endpoints {
			o.Endpoints[i].Addresses = []string{"192.0.2.1", "192.0.2.2"}[:1+i%2]
			for _, p := range []**string{&o.Endpoints[i].NodeName, &o.Endpoints[i].Hostname} {
				if *p != nil && **p == "" {
					*p = nil
				}
			}
		}
		for i := range o.Ports {
			name, protocol := string(rune('a'+i)), corev1.ProtocolUDP
			o.Ports[i].Name, o.Ports[i].Protocol = &name, &protocol
			if p := o.Ports[i].AppProtocol; p != nil && *p == "" {
				o.Ports[i].AppProtocol = nil
			}
		}
	case *corev1.Event:
		o.InvolvedObject.Namespace = namespace
		o.Type = corev1.EventTypeWarning
		o.ReportingController, o.ReportingInstance, o.Action, o.Reason = "example.com/c", "i", "a", "r"
		if o.Series != nil {
			o.Series.Count, o.Series.LastObservedTime = 2, metav1.NewMicroTime(metav1.Unix(1700000000, 7000).Time)
		}
	case *eventsv1.Event:
		*o = eventsv1.Event{ObjectMeta: o.ObjectMeta, EventTime: metav1.MicroTime(o.EventTime), Action: "a", Reason: "r",
			Regarding: o.Regarding, Related: o.Related, Note: o.Note, Type: corev1.EventTypeNormal,
			ReportingController: "example.com/c", ReportingInstance: "i", Series: o.Series}
		o.Regarding.Namespace = namespace
		if o.EventTime.IsZero() {
			o.EventTime.Time = metav1.Unix(1700000000, 0).Time
		}
		if o.Series != nil {
			o.Series.Count, o.Series.LastObservedTime = 2, o.EventTime
		}
	case *apiextensionsv1.CustomResourceDefinition:
		validDefinition(o, name)
	}
}

func positive(all ...*int32) {
	for _, p := range all {
		if p != nil && *p < 0 {
			*p = -*p
		}
	}
}

func selector() (*metav1.LabelSelector, map[string]string) {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"x", "y"}}}},
		map[string]string{"app": "web", "tier": "x"}
}

func validContainers(spec *corev1.PodSpec) {
	if len(spec.Containers) == 0 {
		spec.Containers = make([]corev1.Container, 1)
	}
	for i := range spec.Containers {
		spec.Containers[i].Name, spec.Containers[i].Image = string(rune('a'+i)), "registry.example/c:1"
	}
}

func validService(o *corev1.Service) {
	for i := range o.Status.LoadBalancer.Ingress {
		mode := corev1.LoadBalancerIPModeVIP
		ingress := &o.Status.LoadBalancer.Ingress[i]
		ingress.IP, ingress.IPMode = "192.0.2.4", &mode
		for j := range ingress.Ports {
			ingress.Ports[j].Protocol = corev1.ProtocolTCP
		}
	}
	if len(o.Spec.Ports) == 0 {
		o.Status.LoadBalancer = corev1.LoadBalancerStatus{}
		o.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "example.com", Selector: o.Spec.Selector}
		return
	}
	policy, single, class := corev1.ServiceInternalTrafficPolicyLocal, corev1.IPFamilyPolicySingleStack, "example.com/lb"
	yes, distribution, protocol := true, corev1.ServiceTrafficDistributionPreferClose, "http"
	timeout := int32(7)
	o.Spec = corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, Selector: o.Spec.Selector, ClusterIP: "10.96.0.77", ClusterIPs: []string{"10.96.0.77"},
		ExternalIPs: []string{"192.0.2.1", "192.0.2.2"}, SessionAffinity: corev1.ServiceAffinityClientIP,
		SessionAffinityConfig: &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &timeout}},
		LoadBalancerIP:        "192.0.2.3", LoadBalancerSourceRanges: []string{"192.0.2.0/24"},
		ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal, HealthCheckNodePort: 30999, PublishNotReadyAddresses: true,
		IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, IPFamilyPolicy: &single, AllocateLoadBalancerNodePorts: &yes,
		LoadBalancerClass: &class, InternalTrafficPolicy: &policy, TrafficDistribution: &distribution,
		Ports: []corev1.ServicePort{{Name: "a", Protocol: corev1.ProtocolTCP, AppProtocol: &protocol, Port: 80, NodePort: 30080},
			{Name: "b", Protocol: corev1.ProtocolUDP, Port: 81, NodePort: 30081}}}
	f := newFiller(full)
	for i := range o.Spec.Ports {
		f.special(valueOf(&o.Spec.Ports[i].TargetPort))
	}
}

func validDefinition(o *apiextensionsv1.CustomResourceDefinition, name string) {
	plural := name
	o.Name = plural + ".example.com"
	o.Spec.Group, o.Spec.Scope = "example.com", apiextensionsv1.NamespaceScoped
	o.Spec.Names.Plural, o.Spec.Names.Singular, o.Spec.Names.Kind, o.Spec.Names.ListKind = plural, "", "K"+plural, ""
	o.Spec.PreserveUnknownFields = false
	if o.Spec.Conversion != nil {
		o.Spec.Conversion.Strategy = apiextensionsv1.WebhookConverter
	}
	if len(o.Spec.Versions) == 0 {
		o.Spec.Versions = make([]apiextensionsv1.CustomResourceDefinitionVersion, 1)
	}
	for i := range o.Spec.Versions {
		v := &o.Spec.Versions[i]
		v.Name, v.Served, v.Storage = []string{"v1", "v2", "v3"}[i], true, i == 0
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			v.Schema = &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{}}
		}
		v.Schema.OpenAPIV3Schema.Type = "object"
	}
}
