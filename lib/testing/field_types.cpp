// Written by tests/kubernetes/cmd/fieldtypes from the API types of Kubernetes; not to be edited.
//
// A line per type, continued by lines that are indented; field:type#N, where a type is
// - bool, int32, int64, float64, string, bytes, a type of these lines, or one with a form of its own, as Time
// - *T: optional, and kept when it is zero
// - [T]: a list. As an item of a list or map it is a message in protobuf, whose field 1 has the items.
// - <T>: a map from strings
// and may be followed by
// - ! written even when it is zero
// - ~ left out when it is zero, though an object
// - (a,b) the list merges by these keys, (=) it is a set of values
// - /a strategic merge patch merges by a, / it merges the values
// - @ an atomic map
// - =V the default that identifies a list's item
// and N is its number in protobuf; with N.M it is field M of field N, which JSON has not.
#include "field_types.hpp"

namespace gwctl::testing::detail {

std::string_view field_types() {
    return R"types(
AWSElasticBlockStoreVolumeSource volumeID:string!#1 fsType:string#2 partition:int32#3 readOnly:bool#4
Affinity nodeAffinity:*NodeAffinity#1 podAffinity:*PodAffinity#2 podAntiAffinity:*PodAntiAffinity#3
AggregationRule clusterRoleSelectors:[LabelSelector]#1
AppArmorProfile type:string!#1 localhostProfile:*string#2
AttachedVolume name:string!#1 devicePath:string!#2
AzureDiskVolumeSource diskName:string!#1 diskURI:string!#2 cachingMode:*string#3 fsType:*string=ext4#4
    readOnly:*bool#5 kind:*string#6
AzureFileVolumeSource secretName:string!#1 shareName:string!#2 readOnly:bool#3
CSIVolumeSource driver:string!#1 readOnly:*bool#2 fsType:*string#3 volumeAttributes:<string>#4
    nodePublishSecretRef:*LocalObjectReference#5
Capabilities add:[string]#1 drop:[string]#2
CephFSVolumeSource monitors:[string]!#1 path:string#2 user:string#3 secretFile:string#4
    secretRef:*LocalObjectReference#5 readOnly:bool#6
CinderVolumeSource volumeID:string!#1 fsType:string#2 readOnly:bool#3 secretRef:*LocalObjectReference#4
ClientIPConfig timeoutSeconds:*int32#1
ClusterRole metadata:ObjectMeta#1 rules:[PolicyRule]!#2 aggregationRule:*AggregationRule#3
ClusterRoleBinding metadata:ObjectMeta#1 subjects:[Subject]#2 roleRef:RoleRef!#3
ClusterTrustBundleProjection name:*string#1 signerName:*string#2 labelSelector:*LabelSelector#3
    optional:*bool#5 path:string!#4
Condition type:string!#1 status:string!#2 observedGeneration:int64#3 lastTransitionTime:Time!#4
    reason:string!#5 message:string!#6
ConfigMap metadata:ObjectMeta#1 immutable:*bool#4 data:<string>#2 binaryData:<bytes>#3
ConfigMapEnvSource name:string#1.1 optional:*bool#2
ConfigMapKeySelector@ name:string#1.1 key:string!#2 optional:*bool#3
ConfigMapNodeConfigSource namespace:string!#1 name:string!#2 uid:string#3 resourceVersion:string#4
    kubeletConfigKey:string!#5
ConfigMapProjection name:string#1.1 items:[KeyToPath]#2 optional:*bool#4
ConfigMapVolumeSource name:string#1.1 items:[KeyToPath]#2 defaultMode:*int32#3 optional:*bool#4
Container name:string!#1 image:string#2 command:[string]#3 args:[string]#4 workingDir:string#5
    ports:[ContainerPort](containerPort,protocol)/containerPort#6 envFrom:[EnvFromSource]#19
    env:[EnvVar](name)/name#7 resources:ResourceRequirements#8 resizePolicy:[ContainerResizePolicy]#23
    restartPolicy:*string#24 restartPolicyRules:[ContainerRestartRule]#25
    volumeMounts:[VolumeMount](mountPath)/mountPath#9 volumeDevices:[VolumeDevice](devicePath)/devicePath#21
    livenessProbe:*Probe#10 readinessProbe:*Probe#11 startupProbe:*Probe#22 lifecycle:*Lifecycle#12
    terminationMessagePath:string#13 terminationMessagePolicy:string#20 imagePullPolicy:string#14
    securityContext:*SecurityContext#15 stdin:bool#16 stdinOnce:bool#17 tty:bool#18
ContainerExtendedResourceRequest containerName:string!#1 resourceName:string!#2 requestName:string!#3
ContainerImage names:[string]!#1 sizeBytes:int64#2
ContainerPort name:string#1 hostPort:int32#2 containerPort:int32!#3 protocol:string=TCP#4 hostIP:string#5
ContainerResizePolicy resourceName:string!#1 restartPolicy:string!#2
ContainerRestartRule action:string#1 exitCodes:*ContainerRestartRuleOnExitCodes#2
ContainerRestartRuleOnExitCodes operator:string#1 values:[int32](=)#2
ContainerState waiting:*ContainerStateWaiting#1 running:*ContainerStateRunning#2
    terminated:*ContainerStateTerminated#3
ContainerStateRunning startedAt:Time#1
ContainerStateTerminated exitCode:int32!#1 signal:int32#2 reason:string#3 message:string#4 startedAt:Time#5
    finishedAt:Time#6 containerID:string#7
ContainerStateWaiting reason:string#1 message:string#2
ContainerStatus name:string!#1 state:ContainerState#2 lastState:ContainerState#3 ready:bool!#4
    restartCount:int32!#5 image:string!#6 imageID:string!#7 containerID:string#8 started:*bool#9
    allocatedResources:<Quantity>#10 resources:*ResourceRequirements#11
    volumeMounts:[VolumeMountStatus](mountPath)/mountPath#12 user:*ContainerUser#13
    allocatedResourcesStatus:[ResourceStatus](name)/name#14 stopSignal:*string#15
ContainerUser linux:*LinuxContainerUser#1
CustomResourceColumnDefinition name:string!#1 type:string!#2 format:string#3 description:string#4
    priority:int32#5 jsonPath:string!#6
CustomResourceConversion strategy:string!#1 webhook:*WebhookConversion#2
CustomResourceDefinition metadata:ObjectMeta#1 spec:CustomResourceDefinitionSpec!#2
    status:CustomResourceDefinitionStatus#3
CustomResourceDefinitionCondition type:string!#1 status:string!#2 lastTransitionTime:Time#3 reason:string#4
    message:string#5 observedGeneration:int64#6
CustomResourceDefinitionNames plural:string!#1 singular:string#2 shortNames:[string]#3 kind:string!#4
    listKind:string#5 categories:[string]#6
CustomResourceDefinitionSpec group:string!#1 names:CustomResourceDefinitionNames!#3 scope:string!#4
    versions:[CustomResourceDefinitionVersion]!#7 conversion:*CustomResourceConversion#9
    preserveUnknownFields:bool#10
CustomResourceDefinitionStatus conditions:[CustomResourceDefinitionCondition]!(type)#1
    acceptedNames:CustomResourceDefinitionNames!#2 storedVersions:[string]!#3 observedGeneration:int64#4
CustomResourceDefinitionVersion name:string!#1 served:bool!#2 storage:bool!#3 deprecated:bool#7
    deprecationWarning:*string#8 schema:*CustomResourceValidation#4 subresources:*CustomResourceSubresources#5
    additionalPrinterColumns:[CustomResourceColumnDefinition]#6 selectableFields:[SelectableField]#9
CustomResourceSubresourceScale specReplicasPath:string!#1 statusReplicasPath:string!#2
    labelSelectorPath:*string#3
CustomResourceSubresourceStatus
CustomResourceSubresources status:*CustomResourceSubresourceStatus#1 scale:*CustomResourceSubresourceScale#2
CustomResourceValidation openAPIV3Schema:*JSONSchemaProps#1
DaemonEndpoint Port:int32!#1
DeleteOptions gracePeriodSeconds:*int64#1 preconditions:*Preconditions#2 orphanDependents:*bool#3
    propagationPolicy:*string#4 dryRun:[string]#5 ignoreStoreReadErrorWithClusterBreakingPotential:*bool#6
Deployment metadata:ObjectMeta#1 spec:DeploymentSpec#2 status:DeploymentStatus#3
DeploymentCondition type:string!#1 status:string!#2 lastUpdateTime:Time#6 lastTransitionTime:Time#7
    reason:string#4 message:string#5
DeploymentSpec replicas:*int32#1 selector:*LabelSelector!#2 template:PodTemplateSpec!#3
    strategy:DeploymentStrategy#4 minReadySeconds:int32#5 revisionHistoryLimit:*int32#6 paused:bool#7
    progressDeadlineSeconds:*int32#9
DeploymentStatus observedGeneration:int64#1 replicas:int32#2 updatedReplicas:int32#3 readyReplicas:int32#7
    availableReplicas:int32#4 unavailableReplicas:int32#5 terminatingReplicas:*int32#9
    conditions:[DeploymentCondition](type)/type#6 collisionCount:*int32#8
DeploymentStrategy type:string#1 rollingUpdate:*RollingUpdateDeployment#2
DownwardAPIProjection items:[DownwardAPIVolumeFile]#1
DownwardAPIVolumeFile path:string!#1 fieldRef:*ObjectFieldSelector#2 resourceFieldRef:*ResourceFieldSelector#3
    mode:*int32#4
DownwardAPIVolumeSource items:[DownwardAPIVolumeFile]#1 defaultMode:*int32#2
EmptyDirVolumeSource medium:string#1 sizeLimit:*Quantity#2
EndpointAddress@ ip:string!#1 hostname:string#3 nodeName:*string#4 targetRef:*ObjectReference#2
EndpointPort@ name:string#1 port:int32!#2 protocol:string#3 appProtocol:*string#4
EndpointSubset addresses:[EndpointAddress]#1 notReadyAddresses:[EndpointAddress]#2 ports:[EndpointPort]#3
Endpoints metadata:ObjectMeta#1 subsets:[EndpointSubset]#2
EnvFromSource prefix:string#1 configMapRef:*ConfigMapEnvSource#2 secretRef:*SecretEnvSource#3
EnvVar name:string!#1 value:string#2 valueFrom:*EnvVarSource#3
EnvVarSource fieldRef:*ObjectFieldSelector#1 resourceFieldRef:*ResourceFieldSelector#2
    configMapKeyRef:*ConfigMapKeySelector#3 secretKeyRef:*SecretKeySelector#4 fileKeyRef:*FileKeySelector#5
EphemeralContainer name:string!#1.1 image:string#1.2 command:[string]#1.3 args:[string]#1.4
    workingDir:string#1.5 ports:[ContainerPort](containerPort,protocol)/containerPort#1.6
    envFrom:[EnvFromSource]#1.19 env:[EnvVar](name)/name#1.7 resources:ResourceRequirements#1.8
    resizePolicy:[ContainerResizePolicy]#1.23 restartPolicy:*string#1.24
    restartPolicyRules:[ContainerRestartRule]#1.25 volumeMounts:[VolumeMount](mountPath)/mountPath#1.9
    volumeDevices:[VolumeDevice](devicePath)/devicePath#1.21 livenessProbe:*Probe#1.10
    readinessProbe:*Probe#1.11 startupProbe:*Probe#1.22 lifecycle:*Lifecycle#1.12
    terminationMessagePath:string#1.13 terminationMessagePolicy:string#1.20 imagePullPolicy:string#1.14
    securityContext:*SecurityContext#1.15 stdin:bool#1.16 stdinOnce:bool#1.17 tty:bool#1.18
    targetContainerName:string#2
EphemeralVolumeSource volumeClaimTemplate:*PersistentVolumeClaimTemplate#1
Event metadata:ObjectMeta!#1 involvedObject:ObjectReference!#2 reason:string#3 message:string#4
    source:EventSource#5 firstTimestamp:Time#6 lastTimestamp:Time#7 count:int32#8 type:string#9
    eventTime:MicroTime#10 series:*EventSeries#11 action:string#12 related:*ObjectReference#13
    reportingComponent:string!#14 reportingInstance:string!#15
EventSeries count:int32#1 lastObservedTime:MicroTime#2
EventSource component:string#1 host:string#2
ExecAction command:[string]#1
ExternalDocumentation description:string#1 url:string#2
FCVolumeSource targetWWNs:[string]#1 lun:*int32#2 fsType:string#3 readOnly:bool#4 wwids:[string]#5
FieldSelectorAttributes rawSelector:string#1 requirements:[FieldSelectorRequirement]#2
FieldSelectorRequirement key:string!#1 operator:string!#2 values:[string]#3
FileKeySelector@ volumeName:string!#1 path:string!#2 key:string!#3 optional:*bool#4
FlexVolumeSource driver:string!#1 fsType:string#2 secretRef:*LocalObjectReference#3 readOnly:bool#4
    options:<string>#5
FlockerVolumeSource datasetName:string#1 datasetUUID:string#2
GCEPersistentDiskVolumeSource pdName:string!#1 fsType:string#2 partition:int32#3 readOnly:bool#4
GRPCAction port:int32!#1 service:*string!#2
GitRepoVolumeSource repository:string!#1 revision:string#2 directory:string#3
GlusterfsVolumeSource endpoints:string!#1 path:string!#2 readOnly:bool#3
HTTPGetAction path:string#1 port:IntOrString!#2 host:string#3 scheme:string#4 httpHeaders:[HTTPHeader]#5
HTTPHeader name:string!#1 value:string!#2
HostAlias ip:string!#1 hostnames:[string]#2
HostIP ip:string!#1
HostPathVolumeSource path:string!#1 type:*string#2
IPBlock cidr:string!#1 except:[string]#2
ISCSIVolumeSource targetPortal:string!#1 iqn:string!#2 lun:int32!#3 iscsiInterface:string=default#4
    fsType:string#5 readOnly:bool#6 portals:[string]#7 chapAuthDiscovery:bool#8 chapAuthSession:bool#11
    secretRef:*LocalObjectReference#10 initiatorName:*string#12
ImageVolumeSource reference:string#1 pullPolicy:string#2
ImageVolumeStatus imageRef:string#1
JSONSchemaProps id:string#1 $schema:string#2 $ref:*string#3 description:string#4 type:string#5 format:string#6
    title:string#7 default:*JSON#8 maximum:*float64#9 exclusiveMaximum:bool#10 minimum:*float64#11
    exclusiveMinimum:bool#12 maxLength:*int64#13 minLength:*int64#14 pattern:string#15 maxItems:*int64#16
    minItems:*int64#17 uniqueItems:bool#18 multipleOf:*float64#19 enum:[JSON]#20 maxProperties:*int64#21
    minProperties:*int64#22 required:[string]#23 items:*JSONSchemaPropsOrArray#24 allOf:[JSONSchemaProps]#25
    oneOf:[JSONSchemaProps]#26 anyOf:[JSONSchemaProps]#27 not:*JSONSchemaProps#28
    properties:<JSONSchemaProps>#29 additionalProperties:*JSONSchemaPropsOrBool#30
    patternProperties:<JSONSchemaProps>#31 dependencies:<JSONSchemaPropsOrStringArray>#32
    additionalItems:*JSONSchemaPropsOrBool#33 definitions:<JSONSchemaProps>#34
    externalDocs:*ExternalDocumentation#35 example:*JSON#36 nullable:bool#37
    x-kubernetes-preserve-unknown-fields:*bool#38 x-kubernetes-embedded-resource:bool#39
    x-kubernetes-int-or-string:bool#40 x-kubernetes-list-map-keys:[string]#41
    x-kubernetes-list-type:*string#42 x-kubernetes-map-type:*string#43
    x-kubernetes-validations:[ValidationRule](rule)/rule#44
KeyToPath key:string!#1 path:string!#2 mode:*int32#3
LabelSelector@ matchLabels:<string>#1 matchExpressions:[LabelSelectorRequirement]#2
LabelSelectorAttributes rawSelector:string#1 requirements:[LabelSelectorRequirement]#2
LabelSelectorRequirement key:string!#1 operator:string!#2 values:[string]#3
Lease metadata:ObjectMeta#1 spec:LeaseSpec#2
LeaseSpec holderIdentity:*string#1 leaseDurationSeconds:*int32#2 acquireTime:*MicroTime#3
    renewTime:*MicroTime#4 leaseTransitions:*int32#5 strategy:*string#6 preferredHolder:*string#7
Lifecycle postStart:*LifecycleHandler#1 preStop:*LifecycleHandler#2 stopSignal:*string#3
LifecycleHandler exec:*ExecAction#1 httpGet:*HTTPGetAction#2 tcpSocket:*TCPSocketAction#3 sleep:*SleepAction#4
LinuxContainerUser uid:int64!#1 gid:int64!#2 supplementalGroups:[int64]#3
LoadBalancerIngress ip:string#1 hostname:string#2 ipMode:*string#3 ports:[PortStatus]#4
LoadBalancerStatus ingress:[LoadBalancerIngress]#1
LocalObjectReference@ name:string#1
ManagedFieldsEntry manager:string#1 operation:string#2 apiVersion:string#3 time:*Time#4 fieldsType:string#6
    fieldsV1:*FieldsV1#7 subresource:string#8
NFSVolumeSource server:string!#1 path:string!#2 readOnly:bool#3
Namespace metadata:ObjectMeta#1 spec:NamespaceSpec#2 status:NamespaceStatus#3
NamespaceCondition type:string!#1 status:string!#2 lastTransitionTime:Time#4 reason:string#5 message:string#6
NamespaceSpec finalizers:[string]#1
NamespaceStatus phase:string#1 conditions:[NamespaceCondition](type)/type#2
NetworkPolicy metadata:ObjectMeta#1 spec:NetworkPolicySpec#2
NetworkPolicyEgressRule ports:[NetworkPolicyPort]#1 to:[NetworkPolicyPeer]#2
NetworkPolicyIngressRule ports:[NetworkPolicyPort]#1 from:[NetworkPolicyPeer]#2
NetworkPolicyPeer podSelector:*LabelSelector#1 namespaceSelector:*LabelSelector#2 ipBlock:*IPBlock#3
NetworkPolicyPort protocol:*string#1 port:*IntOrString#2 endPort:*int32#3
NetworkPolicySpec podSelector:LabelSelector!#1 ingress:[NetworkPolicyIngressRule]#2
    egress:[NetworkPolicyEgressRule]#3 policyTypes:[string]#4
Node metadata:ObjectMeta#1 spec:NodeSpec#2 status:NodeStatus#3
NodeAddress type:string!#1 address:string!#2
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector#1
    preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]#2
NodeAllocatableResourceClaimStatus resourceClaimName:string!#1 containers:[string](=)#2
    resources:<Quantity>!#3
NodeCondition type:string!#1 status:string!#2 lastHeartbeatTime:Time#3 lastTransitionTime:Time#4
    reason:string#5 message:string#6
NodeConfigSource configMap:*ConfigMapNodeConfigSource#2
NodeConfigStatus assigned:*NodeConfigSource#1 active:*NodeConfigSource#2 lastKnownGood:*NodeConfigSource#3
    error:string#4
NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint#1
NodeFeatures supplementalGroupsPolicy:*bool#1
NodeRuntimeHandler name:string!#1 features:*NodeRuntimeHandlerFeatures#2
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:*bool#1 userNamespaces:*bool#2
NodeSelector@ nodeSelectorTerms:[NodeSelectorTerm]!#1
NodeSelectorRequirement key:string!#1 operator:string!#2 values:[string]#3
NodeSelectorTerm@ matchExpressions:[NodeSelectorRequirement]#1 matchFields:[NodeSelectorRequirement]#2
NodeSpec podCIDR:string#1 podCIDRs:[string](=)/#7 providerID:string#3 unschedulable:bool#4 taints:[Taint]#5
    configSource:*NodeConfigSource#6 externalID:string#2
NodeStatus capacity:<Quantity>#1 allocatable:<Quantity>#2 phase:string#3
    conditions:[NodeCondition](type)/type#4 addresses:[NodeAddress](type)/type#5
    daemonEndpoints:NodeDaemonEndpoints#6 nodeInfo:NodeSystemInfo#7 images:[ContainerImage]#8
    volumesInUse:[string]#9 volumesAttached:[AttachedVolume]#10 config:*NodeConfigStatus#11
    runtimeHandlers:[NodeRuntimeHandler]#12 features:*NodeFeatures#13 declaredFeatures:[string]#14
NodeSwapStatus capacity:*int64#1
NodeSystemInfo machineID:string!#1 systemUUID:string!#2 bootID:string!#3 kernelVersion:string!#4
    osImage:string!#5 containerRuntimeVersion:string!#6 kubeletVersion:string!#7 kubeProxyVersion:string!#8
    operatingSystem:string!#9 architecture:string!#10 swap:*NodeSwapStatus#11
NonResourceAttributes path:string#1 verb:string#2
NonResourceRule verbs:[string]!#1 nonResourceURLs:[string]#2
ObjectFieldSelector@ apiVersion:string#1 fieldPath:string!#2
ObjectMeta name:string#1 generateName:string#2 namespace:string#3 selfLink:string#4 uid:string#5
    resourceVersion:string#6 generation:int64#7 creationTimestamp:Time~#8 deletionTimestamp:*Time#9
    deletionGracePeriodSeconds:*int64#10 labels:<string>#11 annotations:<string>#12
    ownerReferences:[OwnerReference](uid)/uid#13 finalizers:[string](=)/#14
    managedFields:[ManagedFieldsEntry]#17
ObjectReference@ kind:string#1 namespace:string#2 name:string#3 uid:string#4 apiVersion:string#5
    resourceVersion:string#6 fieldPath:string#7
OwnerReference@ apiVersion:string!#5 kind:string!#1 name:string!#3 uid:string!#4 controller:*bool#6
    blockOwnerDeletion:*bool#7
PersistentVolumeClaimSpec accessModes:[string]#1 selector:*LabelSelector#4
    resources:VolumeResourceRequirements#2 volumeName:string#3 storageClassName:*string#5 volumeMode:*string#6
    dataSource:*TypedLocalObjectReference#7 dataSourceRef:*TypedObjectReference#8
    volumeAttributesClassName:*string#9
PersistentVolumeClaimTemplate metadata:ObjectMeta#1 spec:PersistentVolumeClaimSpec!#2
PersistentVolumeClaimVolumeSource claimName:string!#1 readOnly:bool#2
PhotonPersistentDiskVolumeSource pdID:string!#1 fsType:string#2
Pod metadata:ObjectMeta#1 spec:PodSpec#2 status:PodStatus#3
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]#1
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]#2
PodAffinityTerm labelSelector:*LabelSelector#1 namespaces:[string]#2 topologyKey:string!#3
    namespaceSelector:*LabelSelector#4 matchLabelKeys:[string]#5 mismatchLabelKeys:[string]#6
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]#1
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]#2
PodCertificateProjection signerName:string#1 keyType:string#2 maxExpirationSeconds:*int32#3
    credentialBundlePath:string#4 keyPath:string#5 certificateChainPath:string#6 userAnnotations:<string>#7
PodCondition type:string!#1 observedGeneration:int64#7 status:string!#2 lastProbeTime:Time#3
    lastTransitionTime:Time#4 reason:string#5 message:string#6
PodDNSConfig nameservers:[string]#1 searches:[string]#2 options:[PodDNSConfigOption]#3
PodDNSConfigOption name:string#1 value:*string#2
PodDisruptionBudget metadata:ObjectMeta#1 spec:PodDisruptionBudgetSpec#2 status:PodDisruptionBudgetStatus#3
PodDisruptionBudgetSpec minAvailable:*IntOrString#1 selector:*LabelSelector#2 maxUnavailable:*IntOrString#3
    unhealthyPodEvictionPolicy:*string#4
PodDisruptionBudgetStatus observedGeneration:int64#1 disruptedPods:<Time>#2 disruptionsAllowed:int32!#3
    currentHealthy:int32!#4 desiredHealthy:int32!#5 expectedPods:int32!#6 conditions:[Condition](type)/type#7
PodExtendedResourceClaimStatus requestMappings:[ContainerExtendedResourceRequest]!#1
    resourceClaimName:string!#2
PodIP ip:string!#1
PodOS name:string!#1
PodReadinessGate conditionType:string!#1
PodResourceClaim name:string!#1 resourceClaimName:*string#3 resourceClaimTemplateName:*string#4
PodResourceClaimStatus name:string!#1 resourceClaimName:*string#2
PodSchedulingGate name:string!#1
PodSchedulingGroup podGroupName:*string#1
PodSecurityContext seLinuxOptions:*SELinuxOptions#1 windowsOptions:*WindowsSecurityContextOptions#8
    runAsUser:*int64#2 runAsGroup:*int64#6 runAsNonRoot:*bool#3 supplementalGroups:[int64]#4
    supplementalGroupsPolicy:*string#12 fsGroup:*int64#5 sysctls:[Sysctl]#7 fsGroupChangePolicy:*string#9
    seccompProfile:*SeccompProfile#10 appArmorProfile:*AppArmorProfile#11 seLinuxChangePolicy:*string#13
PodSpec volumes:[Volume](name)/name#1 initContainers:[Container](name)/name#20
    containers:[Container]!(name)/name#2 ephemeralContainers:[EphemeralContainer](name)/name#34
    restartPolicy:string#3 terminationGracePeriodSeconds:*int64#4 activeDeadlineSeconds:*int64#5
    dnsPolicy:string#6 nodeSelector:<string>@#7 serviceAccountName:string#8 serviceAccount:string#9
    automountServiceAccountToken:*bool#21 nodeName:string#10 hostNetwork:bool#11 hostPID:bool#12
    hostIPC:bool#13 shareProcessNamespace:*bool#27 securityContext:*PodSecurityContext#14
    imagePullSecrets:[LocalObjectReference](name)/name#15 hostname:string#16 subdomain:string#17
    affinity:*Affinity#18 schedulerName:string#19 tolerations:[Toleration]#22
    hostAliases:[HostAlias](ip)/ip#23 priorityClassName:string#24 priority:*int32#25
    dnsConfig:*PodDNSConfig#26 readinessGates:[PodReadinessGate]#28 runtimeClassName:*string#29
    enableServiceLinks:*bool#30 preemptionPolicy:*string#31 overhead:<Quantity>#32
    topologySpreadConstraints:[TopologySpreadConstraint](topologyKey,whenUnsatisfiable)/topologyKey#33
    setHostnameAsFQDN:*bool#35 os:*PodOS#36 hostUsers:*bool#37
    schedulingGates:[PodSchedulingGate](name)/name#38 resourceClaims:[PodResourceClaim](name)/name#39
    resources:*ResourceRequirements#40 hostnameOverride:*string#41 schedulingGroup:*PodSchedulingGroup#43
PodStatus observedGeneration:int64#17 phase:string#1 conditions:[PodCondition](type)/type#2 message:string#3
    reason:string#4 nominatedNodeName:string#11 hostIP:string#5 hostIPs:[HostIP]/ip#16 podIP:string#6
    podIPs:[PodIP](ip)/ip#12 startTime:*Time#7 initContainerStatuses:[ContainerStatus]#10
    containerStatuses:[ContainerStatus]#8 qosClass:string#9 ephemeralContainerStatuses:[ContainerStatus]#13
    resize:string#14 resourceClaimStatuses:[PodResourceClaimStatus](name)/name#15
    extendedResourceClaimStatus:*PodExtendedResourceClaimStatus#18 allocatedResources:<Quantity>#19
    resources:*ResourceRequirements#20
    nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus]#21
PodTemplateSpec metadata:ObjectMeta#1 spec:PodSpec#2
PolicyRule verbs:[string]!#1 apiGroups:[string]#2 resources:[string]#3 resourceNames:[string]#4
    nonResourceURLs:[string]#5
PortStatus port:int32!#1 protocol:string!#2 error:*string#3
PortworxVolumeSource volumeID:string!#1 fsType:string#2 readOnly:bool#3
Preconditions uid:*string#1 resourceVersion:*string#2
PreferredSchedulingTerm weight:int32!#1 preference:NodeSelectorTerm!#2
Probe exec:*ExecAction#1.1 httpGet:*HTTPGetAction#1.2 tcpSocket:*TCPSocketAction#1.3 grpc:*GRPCAction#1.4
    initialDelaySeconds:int32#2 timeoutSeconds:int32#3 periodSeconds:int32#4 successThreshold:int32#5
    failureThreshold:int32#6 terminationGracePeriodSeconds:*int64#7
ProjectedVolumeSource sources:[VolumeProjection]!#1 defaultMode:*int32#2
QuobyteVolumeSource registry:string!#1 volume:string!#2 readOnly:bool#3 user:string#4 group:string#5
    tenant:string#6
RBDVolumeSource monitors:[string]!#1 image:string!#2 fsType:string#3 pool:string=rbd#4 user:string=admin#5
    keyring:string=/etc/ceph/keyring#6 secretRef:*LocalObjectReference#7 readOnly:bool#8
ReplicaSet metadata:ObjectMeta#1 spec:ReplicaSetSpec#2 status:ReplicaSetStatus#3
ReplicaSetCondition type:string!#1 status:string!#2 lastTransitionTime:Time#3 reason:string#4 message:string#5
ReplicaSetSpec replicas:*int32#1 minReadySeconds:int32#4 selector:*LabelSelector!#2 template:PodTemplateSpec#3
ReplicaSetStatus replicas:int32!#1 fullyLabeledReplicas:int32#2 readyReplicas:int32#4
    availableReplicas:int32#5 terminatingReplicas:*int32#7 observedGeneration:int64#3
    conditions:[ReplicaSetCondition](type)/type#6
ResourceAttributes namespace:string#1 verb:string#2 group:string#3 version:string#4 resource:string#5
    subresource:string#6 name:string#7 fieldSelector:*FieldSelectorAttributes#8
    labelSelector:*LabelSelectorAttributes#9
ResourceClaim name:string!#1 request:string#2
ResourceFieldSelector@ containerName:string#1 resource:string!#2 divisor:Quantity#3
ResourceHealth resourceID:string!#1 health:string#2 message:*string#6
ResourceRequirements limits:<Quantity>#1 requests:<Quantity>#2 claims:[ResourceClaim](name)#3
ResourceRule verbs:[string]!#1 apiGroups:[string]#2 resources:[string]#3 resourceNames:[string]#4
ResourceStatus name:string!#1 resources:[ResourceHealth](resourceID)#2
Role metadata:ObjectMeta#1 rules:[PolicyRule]!#2
RoleBinding metadata:ObjectMeta#1 subjects:[Subject]#2 roleRef:RoleRef!#3
RoleRef@ apiGroup:string!#1 kind:string!#2 name:string!#3
RollingUpdateDeployment maxUnavailable:*IntOrString#1 maxSurge:*IntOrString#2
SELinuxOptions user:string#1 role:string#2 type:string#3 level:string#4
ScaleIOVolumeSource gateway:string!#1 system:string!#2 secretRef:*LocalObjectReference!#3 sslEnabled:bool#4
    protectionDomain:string#5 storagePool:string#6 storageMode:string=ThinProvisioned#7 volumeName:string#8
    fsType:string=xfs#9 readOnly:bool#10
SeccompProfile type:string!#1 localhostProfile:*string#2
Secret metadata:ObjectMeta#1 immutable:*bool#5 data:<bytes>#2 stringData:<string>#4 type:string#3
SecretEnvSource name:string#1.1 optional:*bool#2
SecretKeySelector@ name:string#1.1 key:string!#2 optional:*bool#3
SecretProjection name:string#1.1 items:[KeyToPath]#2 optional:*bool#4
SecretVolumeSource secretName:string#1 items:[KeyToPath]#2 defaultMode:*int32#3 optional:*bool#4
SecurityContext capabilities:*Capabilities#1 privileged:*bool#2 seLinuxOptions:*SELinuxOptions#3
    windowsOptions:*WindowsSecurityContextOptions#10 runAsUser:*int64#4 runAsGroup:*int64#8
    runAsNonRoot:*bool#5 readOnlyRootFilesystem:*bool#6 allowPrivilegeEscalation:*bool#7 procMount:*string#9
    seccompProfile:*SeccompProfile#11 appArmorProfile:*AppArmorProfile#12
SelectableField jsonPath:string!#1
SelfSubjectAccessReview metadata:ObjectMeta#1 spec:SelfSubjectAccessReviewSpec!#2
    status:SubjectAccessReviewStatus#3
SelfSubjectAccessReviewSpec resourceAttributes:*ResourceAttributes#1
    nonResourceAttributes:*NonResourceAttributes#2
SelfSubjectRulesReview metadata:ObjectMeta#1 spec:SelfSubjectRulesReviewSpec!#2
    status:SubjectRulesReviewStatus#3
SelfSubjectRulesReviewSpec namespace:string#1
Service metadata:ObjectMeta#1 spec:ServiceSpec#2 status:ServiceStatus#3
ServiceAccount metadata:ObjectMeta#1 secrets:[ObjectReference](name)/name#2
    imagePullSecrets:[LocalObjectReference]#3 automountServiceAccountToken:*bool#4
ServiceAccountTokenProjection audience:string#1 expirationSeconds:*int64#2 path:string!#3
ServicePort name:string#1 protocol:string=TCP#2 appProtocol:*string#6 port:int32!#3 targetPort:IntOrString#4
    nodePort:int32#5
ServiceReference namespace:string!#1 name:string!#2 path:*string#3 port:*int32#4
ServiceSpec ports:[ServicePort](port,protocol)/port#1 selector:<string>@#2 clusterIP:string#3
    clusterIPs:[string]#18 type:string#4 externalIPs:[string]#5 sessionAffinity:string#7
    loadBalancerIP:string#8 loadBalancerSourceRanges:[string]#9 externalName:string#10
    externalTrafficPolicy:string#11 healthCheckNodePort:int32#12 publishNotReadyAddresses:bool#13
    sessionAffinityConfig:*SessionAffinityConfig#14 ipFamilies:[string]#19 ipFamilyPolicy:*string#17
    allocateLoadBalancerNodePorts:*bool#20 loadBalancerClass:*string#21 internalTrafficPolicy:*string#22
    trafficDistribution:*string#23
ServiceStatus loadBalancer:LoadBalancerStatus#1 conditions:[Condition](type)/type#2
SessionAffinityConfig clientIP:*ClientIPConfig#1
SleepAction seconds:int64!#1
StorageOSVolumeSource volumeName:string#1 volumeNamespace:string#2 fsType:string#3 readOnly:bool#4
    secretRef:*LocalObjectReference#5
Subject@ kind:string!#1 apiGroup:string#2 name:string!#3 namespace:string#4
SubjectAccessReview metadata:ObjectMeta#1 spec:SubjectAccessReviewSpec!#2 status:SubjectAccessReviewStatus#3
SubjectAccessReviewSpec resourceAttributes:*ResourceAttributes#1
    nonResourceAttributes:*NonResourceAttributes#2 user:string#3 groups:[string]#4 extra:<[string]>#5
    uid:string#6
SubjectAccessReviewStatus allowed:bool!#1 denied:bool#4 reason:string#2 evaluationError:string#3
SubjectRulesReviewStatus resourceRules:[ResourceRule]!#1 nonResourceRules:[NonResourceRule]!#2
    incomplete:bool!#3 evaluationError:string#4
Sysctl name:string!#1 value:string!#2
TCPSocketAction port:IntOrString!#1 host:string#2
Taint key:string!#1 value:string#2 effect:string!#3 timeAdded:*Time#4
Toleration key:string#1 operator:string#2 value:string#3 effect:string#4 tolerationSeconds:*int64#5
TopologySpreadConstraint maxSkew:int32!#1 topologyKey:string!#2 whenUnsatisfiable:string!#3
    labelSelector:*LabelSelector#4 minDomains:*int32#5 nodeAffinityPolicy:*string#6 nodeTaintsPolicy:*string#7
    matchLabelKeys:[string]#8
TypedLocalObjectReference@ apiGroup:*string!#1 kind:string!#2 name:string!#3
TypedObjectReference apiGroup:*string!#1 kind:string!#2 name:string!#3 namespace:*string#4
ValidationRule rule:string!#1 message:string#2 messageExpression:string#3 reason:*string#4 fieldPath:string#5
    optionalOldSelf:*bool#6
Volume name:string!#1 hostPath:*HostPathVolumeSource#2.1 emptyDir:*EmptyDirVolumeSource#2.2
    gcePersistentDisk:*GCEPersistentDiskVolumeSource#2.3
    awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource#2.4 gitRepo:*GitRepoVolumeSource#2.5
    secret:*SecretVolumeSource#2.6 nfs:*NFSVolumeSource#2.7 iscsi:*ISCSIVolumeSource#2.8
    glusterfs:*GlusterfsVolumeSource#2.9 persistentVolumeClaim:*PersistentVolumeClaimVolumeSource#2.10
    rbd:*RBDVolumeSource#2.11 flexVolume:*FlexVolumeSource#2.12 cinder:*CinderVolumeSource#2.13
    cephfs:*CephFSVolumeSource#2.14 flocker:*FlockerVolumeSource#2.15
    downwardAPI:*DownwardAPIVolumeSource#2.16 fc:*FCVolumeSource#2.17 azureFile:*AzureFileVolumeSource#2.18
    configMap:*ConfigMapVolumeSource#2.19 vsphereVolume:*VsphereVirtualDiskVolumeSource#2.20
    quobyte:*QuobyteVolumeSource#2.21 azureDisk:*AzureDiskVolumeSource#2.22
    photonPersistentDisk:*PhotonPersistentDiskVolumeSource#2.23 projected:*ProjectedVolumeSource#2.26
    portworxVolume:*PortworxVolumeSource#2.24 scaleIO:*ScaleIOVolumeSource#2.25
    storageos:*StorageOSVolumeSource#2.27 csi:*CSIVolumeSource#2.28 ephemeral:*EphemeralVolumeSource#2.29
    image:*ImageVolumeSource#2.30
VolumeDevice name:string!#1 devicePath:string!#2
VolumeMount name:string!#1 readOnly:bool#2 recursiveReadOnly:*string#7 mountPath:string!#3 subPath:string#4
    mountPropagation:*string#5 subPathExpr:string#6
VolumeMountStatus name:string!#1 mountPath:string!#2 readOnly:bool#3 recursiveReadOnly:*string#4
    volumeStatus:*VolumeStatus#5
VolumeProjection secret:*SecretProjection#1 downwardAPI:*DownwardAPIProjection#2
    configMap:*ConfigMapProjection#3 serviceAccountToken:*ServiceAccountTokenProjection#4
    clusterTrustBundle:*ClusterTrustBundleProjection#5 podCertificate:*PodCertificateProjection#6
VolumeResourceRequirements limits:<Quantity>#1 requests:<Quantity>#2
VolumeStatus image:*ImageVolumeStatus#1
VsphereVirtualDiskVolumeSource volumePath:string!#1 fsType:string#2 storagePolicyName:string#3
    storagePolicyID:string#4
WebhookClientConfig url:*string#3 service:*ServiceReference#1 caBundle:bytes#2
WebhookConversion clientConfig:*WebhookClientConfig#2 conversionReviewVersions:[string]!#3
WeightedPodAffinityTerm weight:int32!#1 podAffinityTerm:PodAffinityTerm!#2
WindowsSecurityContextOptions gmsaCredentialSpecName:*string#1 gmsaCredentialSpec:*string#2
    runAsUserName:*string#3 hostProcess:*bool#4
discovery.Endpoint addresses:[string]!(=)#1 conditions:discovery.EndpointConditions#2 hostname:*string#3
    targetRef:*ObjectReference#4 deprecatedTopology:<string>#5 nodeName:*string#6 zone:*string#7
    hints:*discovery.EndpointHints#8
discovery.EndpointConditions ready:*bool#1 serving:*bool#2 terminating:*bool#3
discovery.EndpointHints forZones:[discovery.ForZone]#1 forNodes:[discovery.ForNode]#2
discovery.EndpointPort@ name:*string#1 protocol:*string#2 port:*int32#3 appProtocol:*string#4
discovery.EndpointSlice metadata:ObjectMeta#1 addressType:string!#4 endpoints:[discovery.Endpoint]!#2
    ports:[discovery.EndpointPort]!#3
discovery.ForNode name:string!#1
discovery.ForZone name:string!#1
events.Event metadata:ObjectMeta!#1 eventTime:MicroTime!#2 series:*events.EventSeries#3
    reportingController:string#4 reportingInstance:string#5 action:string#6 reason:string#7
    regarding:ObjectReference#8 related:*ObjectReference#9 note:string#10 type:string#11
    deprecatedSource:EventSource#12 deprecatedFirstTimestamp:Time#13 deprecatedLastTimestamp:Time#14
    deprecatedCount:int32#15
events.EventSeries count:int32!#1 lastObservedTime:MicroTime!#2
)types";
}

std::string_view kubernetes_resources() {
    return R"resources(
admissionregistration.k8s.io mutatingadmissionpolicies mutatingadmissionpolicybindings
    mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings
    validatingwebhookconfigurations
apiregistration.k8s.io apiservices
apps controllerrevisions daemonsets deployments replicasets scales statefulsets
authentication.k8s.io selfsubjectreviews tokenrequests tokenreviews
authorization.k8s.io localsubjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews
    subjectaccessreviews
autoscaling horizontalpodautoscalers scales
batch cronjobs jobs
certificates.k8s.io certificatesigningrequests clustertrustbundles podcertificaterequests
coordination.k8s.io leasecandidates leases
core bindings componentstatuses configmaps endpoints events limitranges namespaces nodes
    persistentvolumeclaims persistentvolumes pods podstatusresults podtemplates rangeallocations
    replicationcontrollers resourcequotas secrets serviceaccounts services
discovery.k8s.io endpointslices
events.k8s.io events
flowcontrol.apiserver.k8s.io flowschemas prioritylevelconfigurations
internal.apiserver.k8s.io storageversions
networking.k8s.io ingressclasses ingresses ipaddresses networkpolicies servicecidrs
node.k8s.io runtimeclasses
policy evictions poddisruptionbudgets
rbac.authorization.k8s.io clusterrolebindings clusterroles rolebindings roles
resource.k8s.io deviceclasses devicetaintrules resourceclaims resourceclaimtemplates
    resourcepoolstatusrequests resourceslices
scheduling.k8s.io podgroups priorityclasses workloads
storage.k8s.io csidrivers csinodes csistoragecapacities storageclasses volumeattachments
    volumeattributesclasses
storagemigration.k8s.io storageversionmigrations
)resources";
}

} // namespace gwctl::testing::detail
