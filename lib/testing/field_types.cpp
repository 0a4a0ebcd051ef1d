// Written by tests/kubernetes/cmd/fieldtypes from the API types of Kubernetes; not to be edited.
//
// A line per type, continued by lines that are indented; field:type, where a type is
//   bool, int32, int64, string, bytes, a type of these lines, or one with a form of its own (Time,
//   IntOrString, ...) *T  optional, and kept when it is zero       [T] a list       <T> a map from strings
// and may be followed by
//   !        written even when it is zero        ~   left out when it is zero, though an object
//   (a,b)    the list merges by these keys       (=) it is a set of values
//   /a       strategic merge patch merges by a   /   it merges the values
//   @        an atomic map                       =V  the default that identifies a list's item
#include "field_types.hpp"

namespace gwctl::testing::detail {

std::string_view field_types() {
    return R"types(
AWSElasticBlockStoreVolumeSource volumeID:string! fsType:string partition:int32 readOnly:bool
Affinity nodeAffinity:*NodeAffinity podAffinity:*PodAffinity podAntiAffinity:*PodAntiAffinity
AggregationRule clusterRoleSelectors:[LabelSelector]
AppArmorProfile type:string! localhostProfile:*string
AttachedVolume name:string! devicePath:string!
AzureDiskVolumeSource diskName:string! diskURI:string! cachingMode:*string fsType:*string=ext4 readOnly:*bool
    kind:*string
AzureFileVolumeSource secretName:string! shareName:string! readOnly:bool
CSIVolumeSource driver:string! readOnly:*bool fsType:*string volumeAttributes:<string>
    nodePublishSecretRef:*LocalObjectReference
Capabilities add:[string] drop:[string]
CephFSVolumeSource monitors:[string]! path:string user:string secretFile:string
    secretRef:*LocalObjectReference readOnly:bool
CinderVolumeSource volumeID:string! fsType:string readOnly:bool secretRef:*LocalObjectReference
ClientIPConfig timeoutSeconds:*int32
ClusterRole metadata:ObjectMeta rules:[PolicyRule]! aggregationRule:*AggregationRule
ClusterRoleBinding metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef!
ClusterTrustBundleProjection name:*string signerName:*string labelSelector:*LabelSelector optional:*bool
    path:string!
Condition type:string! status:string! observedGeneration:int64 lastTransitionTime:Time! reason:string!
    message:string!
ConfigMap metadata:ObjectMeta immutable:*bool data:<string> binaryData:<bytes>
ConfigMapEnvSource name:string optional:*bool
ConfigMapKeySelector@ name:string key:string! optional:*bool
ConfigMapNodeConfigSource namespace:string! name:string! uid:string resourceVersion:string
    kubeletConfigKey:string!
ConfigMapProjection name:string items:[KeyToPath] optional:*bool
ConfigMapVolumeSource name:string items:[KeyToPath] defaultMode:*int32 optional:*bool
Container name:string! image:string command:[string] args:[string] workingDir:string
    ports:[ContainerPort](containerPort,protocol)/containerPort envFrom:[EnvFromSource]
    env:[EnvVar](name)/name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
    restartPolicy:*string restartPolicyRules:[ContainerRestartRule]
    volumeMounts:[VolumeMount](mountPath)/mountPath volumeDevices:[VolumeDevice](devicePath)/devicePath
    livenessProbe:*Probe readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle
    terminationMessagePath:string terminationMessagePolicy:string imagePullPolicy:string
    securityContext:*SecurityContext stdin:bool stdinOnce:bool tty:bool
ContainerExtendedResourceRequest containerName:string! resourceName:string! requestName:string!
ContainerImage names:[string]! sizeBytes:int64
ContainerPort name:string hostPort:int32 containerPort:int32! protocol:string=TCP hostIP:string
ContainerResizePolicy resourceName:string! restartPolicy:string!
ContainerRestartRule action:string exitCodes:*ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes operator:string values:[int32](=)
ContainerState waiting:*ContainerStateWaiting running:*ContainerStateRunning
    terminated:*ContainerStateTerminated
ContainerStateRunning startedAt:Time
ContainerStateTerminated exitCode:int32! signal:int32 reason:string message:string startedAt:Time
    finishedAt:Time containerID:string
ContainerStateWaiting reason:string message:string
ContainerStatus name:string! state:ContainerState lastState:ContainerState ready:bool! restartCount:int32!
    image:string! imageID:string! containerID:string started:*bool allocatedResources:<Quantity>
    resources:*ResourceRequirements volumeMounts:[VolumeMountStatus](mountPath)/mountPath user:*ContainerUser
    allocatedResourcesStatus:[ResourceStatus](name)/name stopSignal:*string
ContainerUser linux:*LinuxContainerUser
CustomResourceColumnDefinition name:string! type:string! format:string description:string priority:int32
    jsonPath:string!
CustomResourceConversion strategy:string! webhook:*WebhookConversion
CustomResourceDefinition metadata:ObjectMeta spec:CustomResourceDefinitionSpec!
    status:CustomResourceDefinitionStatus
CustomResourceDefinitionCondition type:string! status:string! lastTransitionTime:Time reason:string
    message:string observedGeneration:int64
CustomResourceDefinitionNames plural:string! singular:string shortNames:[string] kind:string! listKind:string
    categories:[string]
CustomResourceDefinitionSpec group:string! names:CustomResourceDefinitionNames! scope:string!
    versions:[CustomResourceDefinitionVersion]! conversion:*CustomResourceConversion
    preserveUnknownFields:bool
CustomResourceDefinitionStatus conditions:[CustomResourceDefinitionCondition]!(type)
    acceptedNames:CustomResourceDefinitionNames! storedVersions:[string]! observedGeneration:int64
CustomResourceDefinitionVersion name:string! served:bool! storage:bool! deprecated:bool
    deprecationWarning:*string schema:*CustomResourceValidation subresources:*CustomResourceSubresources
    additionalPrinterColumns:[CustomResourceColumnDefinition] selectableFields:[SelectableField]
CustomResourceSubresourceScale specReplicasPath:string! statusReplicasPath:string! labelSelectorPath:*string
CustomResourceSubresourceStatus
CustomResourceSubresources status:*CustomResourceSubresourceStatus scale:*CustomResourceSubresourceScale
CustomResourceValidation openAPIV3Schema:*JSONSchemaProps
DaemonEndpoint Port:int32!
DeleteOptions gracePeriodSeconds:*int64 preconditions:*Preconditions orphanDependents:*bool
    propagationPolicy:*string dryRun:[string] ignoreStoreReadErrorWithClusterBreakingPotential:*bool
Deployment metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentCondition type:string! status:string! lastUpdateTime:Time lastTransitionTime:Time reason:string
    message:string
DeploymentSpec replicas:*int32 selector:*LabelSelector! template:PodTemplateSpec! strategy:DeploymentStrategy
    minReadySeconds:int32 revisionHistoryLimit:*int32 paused:bool progressDeadlineSeconds:*int32
DeploymentStatus observedGeneration:int64 replicas:int32 updatedReplicas:int32 readyReplicas:int32
    availableReplicas:int32 unavailableReplicas:int32 terminatingReplicas:*int32
    conditions:[DeploymentCondition](type)/type collisionCount:*int32
DeploymentStrategy type:string rollingUpdate:*RollingUpdateDeployment
DownwardAPIProjection items:[DownwardAPIVolumeFile]
DownwardAPIVolumeFile path:string! fieldRef:*ObjectFieldSelector resourceFieldRef:*ResourceFieldSelector
    mode:*int32
DownwardAPIVolumeSource items:[DownwardAPIVolumeFile] defaultMode:*int32
EmptyDirVolumeSource medium:string sizeLimit:*Quantity
EndpointAddress@ ip:string! hostname:string nodeName:*string targetRef:*ObjectReference
EndpointPort@ name:string port:int32! protocol:string appProtocol:*string
EndpointSubset addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]
Endpoints metadata:ObjectMeta subsets:[EndpointSubset]
EnvFromSource prefix:string configMapRef:*ConfigMapEnvSource secretRef:*SecretEnvSource
EnvVar name:string! value:string valueFrom:*EnvVarSource
EnvVarSource fieldRef:*ObjectFieldSelector resourceFieldRef:*ResourceFieldSelector
    configMapKeyRef:*ConfigMapKeySelector secretKeyRef:*SecretKeySelector fileKeyRef:*FileKeySelector
EphemeralContainer name:string! image:string command:[string] args:[string] workingDir:string
    ports:[ContainerPort](containerPort,protocol)/containerPort envFrom:[EnvFromSource]
    env:[EnvVar](name)/name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
    restartPolicy:*string restartPolicyRules:[ContainerRestartRule]
    volumeMounts:[VolumeMount](mountPath)/mountPath volumeDevices:[VolumeDevice](devicePath)/devicePath
    livenessProbe:*Probe readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle
    terminationMessagePath:string terminationMessagePolicy:string imagePullPolicy:string
    securityContext:*SecurityContext stdin:bool stdinOnce:bool tty:bool targetContainerName:string
EphemeralVolumeSource volumeClaimTemplate:*PersistentVolumeClaimTemplate
Event metadata:ObjectMeta! involvedObject:ObjectReference! reason:string message:string source:EventSource
    firstTimestamp:Time lastTimestamp:Time count:int32 type:string eventTime:MicroTime series:*EventSeries
    action:string related:*ObjectReference reportingComponent:string! reportingInstance:string!
EventSeries count:int32 lastObservedTime:MicroTime
EventSource component:string host:string
ExecAction command:[string]
FCVolumeSource targetWWNs:[string] lun:*int32 fsType:string readOnly:bool wwids:[string]
FileKeySelector@ volumeName:string! path:string! key:string! optional:*bool
FlexVolumeSource driver:string! fsType:string secretRef:*LocalObjectReference readOnly:bool options:<string>
FlockerVolumeSource datasetName:string datasetUUID:string
GCEPersistentDiskVolumeSource pdName:string! fsType:string partition:int32 readOnly:bool
GRPCAction port:int32! service:*string!
GitRepoVolumeSource repository:string! revision:string directory:string
GlusterfsVolumeSource endpoints:string! path:string! readOnly:bool
HTTPGetAction path:string port:IntOrString! host:string scheme:string httpHeaders:[HTTPHeader]
HTTPHeader name:string! value:string!
HostAlias ip:string! hostnames:[string]
HostIP ip:string!
HostPathVolumeSource path:string! type:*string
ISCSIVolumeSource targetPortal:string! iqn:string! lun:int32! iscsiInterface:string=default fsType:string
    readOnly:bool portals:[string] chapAuthDiscovery:bool chapAuthSession:bool secretRef:*LocalObjectReference
    initiatorName:*string
ImageVolumeSource reference:string pullPolicy:string
ImageVolumeStatus imageRef:string
KeyToPath key:string! path:string! mode:*int32
LabelSelector@ matchLabels:<string> matchExpressions:[LabelSelectorRequirement]
LabelSelectorRequirement key:string! operator:string! values:[string]
Lease metadata:ObjectMeta spec:LeaseSpec
LeaseSpec holderIdentity:*string leaseDurationSeconds:*int32 acquireTime:*MicroTime renewTime:*MicroTime
    leaseTransitions:*int32 strategy:*string preferredHolder:*string
Lifecycle postStart:*LifecycleHandler preStop:*LifecycleHandler stopSignal:*string
LifecycleHandler exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction sleep:*SleepAction
LinuxContainerUser uid:int64! gid:int64! supplementalGroups:[int64]
LoadBalancerIngress ip:string hostname:string ipMode:*string ports:[PortStatus]
LoadBalancerStatus ingress:[LoadBalancerIngress]
LocalObjectReference@ name:string
ManagedFieldsEntry manager:string operation:string apiVersion:string time:*Time fieldsType:string
    fieldsV1:*FieldsV1 subresource:string
NFSVolumeSource server:string! path:string! readOnly:bool
Namespace metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceCondition type:string! status:string! lastTransitionTime:Time reason:string message:string
NamespaceSpec finalizers:[string]
NamespaceStatus phase:string conditions:[NamespaceCondition](type)/type
Node metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeAddress type:string! address:string!
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
    preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
NodeAllocatableResourceClaimStatus resourceClaimName:string! containers:[string](=) resources:<Quantity>!
NodeCondition type:string! status:string! lastHeartbeatTime:Time lastTransitionTime:Time reason:string
    message:string
NodeConfigSource configMap:*ConfigMapNodeConfigSource
NodeConfigStatus assigned:*NodeConfigSource active:*NodeConfigSource lastKnownGood:*NodeConfigSource
    error:string
NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint
NodeFeatures supplementalGroupsPolicy:*bool
NodeRuntimeHandler name:string! features:*NodeRuntimeHandlerFeatures
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:*bool userNamespaces:*bool
NodeSelector@ nodeSelectorTerms:[NodeSelectorTerm]!
NodeSelectorRequirement key:string! operator:string! values:[string]
NodeSelectorTerm@ matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSpec podCIDR:string podCIDRs:[string](=)/ providerID:string unschedulable:bool taints:[Taint]
    configSource:*NodeConfigSource externalID:string
NodeStatus capacity:<Quantity> allocatable:<Quantity> phase:string conditions:[NodeCondition](type)/type
    addresses:[NodeAddress](type)/type daemonEndpoints:NodeDaemonEndpoints nodeInfo:NodeSystemInfo
    images:[ContainerImage] volumesInUse:[string] volumesAttached:[AttachedVolume] config:*NodeConfigStatus
    runtimeHandlers:[NodeRuntimeHandler] features:*NodeFeatures declaredFeatures:[string]
NodeSwapStatus capacity:*int64
NodeSystemInfo machineID:string! systemUUID:string! bootID:string! kernelVersion:string! osImage:string!
    containerRuntimeVersion:string! kubeletVersion:string! kubeProxyVersion:string! operatingSystem:string!
    architecture:string! swap:*NodeSwapStatus
ObjectFieldSelector@ apiVersion:string fieldPath:string!
ObjectMeta name:string generateName:string namespace:string selfLink:string uid:string resourceVersion:string
    generation:int64 creationTimestamp:Time~ deletionTimestamp:*Time deletionGracePeriodSeconds:*int64
    labels:<string> annotations:<string> ownerReferences:[OwnerReference](uid)/uid finalizers:[string](=)/
    managedFields:[ManagedFieldsEntry]
ObjectReference@ kind:string namespace:string name:string uid:string apiVersion:string resourceVersion:string
    fieldPath:string
OwnerReference@ apiVersion:string! kind:string! name:string! uid:string! controller:*bool
    blockOwnerDeletion:*bool
PersistentVolumeClaimSpec accessModes:[string] selector:*LabelSelector resources:VolumeResourceRequirements
    volumeName:string storageClassName:*string volumeMode:*string dataSource:*TypedLocalObjectReference
    dataSourceRef:*TypedObjectReference volumeAttributesClassName:*string
PersistentVolumeClaimTemplate metadata:ObjectMeta spec:PersistentVolumeClaimSpec!
PersistentVolumeClaimVolumeSource claimName:string! readOnly:bool
PhotonPersistentDiskVolumeSource pdID:string! fsType:string
Pod metadata:ObjectMeta spec:PodSpec status:PodStatus
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodAffinityTerm labelSelector:*LabelSelector namespaces:[string] topologyKey:string!
    namespaceSelector:*LabelSelector matchLabelKeys:[string] mismatchLabelKeys:[string]
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodCertificateProjection signerName:string keyType:string maxExpirationSeconds:*int32
    credentialBundlePath:string keyPath:string certificateChainPath:string userAnnotations:<string>
PodCondition type:string! observedGeneration:int64 status:string! lastProbeTime:Time lastTransitionTime:Time
    reason:string message:string
PodDNSConfig nameservers:[string] searches:[string] options:[PodDNSConfigOption]
PodDNSConfigOption name:string value:*string
PodExtendedResourceClaimStatus requestMappings:[ContainerExtendedResourceRequest]! resourceClaimName:string!
PodIP ip:string!
PodOS name:string!
PodReadinessGate conditionType:string!
PodResourceClaim name:string! resourceClaimName:*string resourceClaimTemplateName:*string
PodResourceClaimStatus name:string! resourceClaimName:*string
PodSchedulingGate name:string!
PodSchedulingGroup podGroupName:*string
PodSecurityContext seLinuxOptions:*SELinuxOptions windowsOptions:*WindowsSecurityContextOptions
    runAsUser:*int64 runAsGroup:*int64 runAsNonRoot:*bool supplementalGroups:[int64]
    supplementalGroupsPolicy:*string fsGroup:*int64 sysctls:[Sysctl] fsGroupChangePolicy:*string
    seccompProfile:*SeccompProfile appArmorProfile:*AppArmorProfile seLinuxChangePolicy:*string
PodSpec volumes:[Volume](name)/name initContainers:[Container](name)/name containers:[Container]!(name)/name
    ephemeralContainers:[EphemeralContainer](name)/name restartPolicy:string
    terminationGracePeriodSeconds:*int64 activeDeadlineSeconds:*int64 dnsPolicy:string nodeSelector:<string>@
    serviceAccountName:string serviceAccount:string automountServiceAccountToken:*bool nodeName:string
    hostNetwork:bool hostPID:bool hostIPC:bool shareProcessNamespace:*bool securityContext:*PodSecurityContext
    imagePullSecrets:[LocalObjectReference](name)/name hostname:string subdomain:string affinity:*Affinity
    schedulerName:string tolerations:[Toleration] hostAliases:[HostAlias](ip)/ip priorityClassName:string
    priority:*int32 dnsConfig:*PodDNSConfig readinessGates:[PodReadinessGate] runtimeClassName:*string
    enableServiceLinks:*bool preemptionPolicy:*string overhead:<Quantity>
    topologySpreadConstraints:[TopologySpreadConstraint](topologyKey,whenUnsatisfiable)/topologyKey
    setHostnameAsFQDN:*bool os:*PodOS hostUsers:*bool schedulingGates:[PodSchedulingGate](name)/name
    resourceClaims:[PodResourceClaim](name)/name resources:*ResourceRequirements hostnameOverride:*string
    schedulingGroup:*PodSchedulingGroup
PodStatus observedGeneration:int64 phase:string conditions:[PodCondition](type)/type message:string
    reason:string nominatedNodeName:string hostIP:string hostIPs:[HostIP]/ip podIP:string
    podIPs:[PodIP](ip)/ip startTime:*Time initContainerStatuses:[ContainerStatus]
    containerStatuses:[ContainerStatus] qosClass:string ephemeralContainerStatuses:[ContainerStatus]
    resize:string resourceClaimStatuses:[PodResourceClaimStatus](name)/name
    extendedResourceClaimStatus:*PodExtendedResourceClaimStatus allocatedResources:<Quantity>
    resources:*ResourceRequirements nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus]
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
PolicyRule verbs:[string]! apiGroups:[string] resources:[string] resourceNames:[string]
    nonResourceURLs:[string]
PortStatus port:int32! protocol:string! error:*string
PortworxVolumeSource volumeID:string! fsType:string readOnly:bool
Preconditions uid:*string resourceVersion:*string
PreferredSchedulingTerm weight:int32! preference:NodeSelectorTerm!
Probe exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction grpc:*GRPCAction
    initialDelaySeconds:int32 timeoutSeconds:int32 periodSeconds:int32 successThreshold:int32
    failureThreshold:int32 terminationGracePeriodSeconds:*int64
ProjectedVolumeSource sources:[VolumeProjection]! defaultMode:*int32
QuobyteVolumeSource registry:string! volume:string! readOnly:bool user:string group:string tenant:string
RBDVolumeSource monitors:[string]! image:string! fsType:string pool:string=rbd user:string=admin
    keyring:string=/etc/ceph/keyring secretRef:*LocalObjectReference readOnly:bool
ReplicaSet metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetCondition type:string! status:string! lastTransitionTime:Time reason:string message:string
ReplicaSetSpec replicas:*int32 minReadySeconds:int32 selector:*LabelSelector! template:PodTemplateSpec
ReplicaSetStatus replicas:int32! fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32
    terminatingReplicas:*int32 observedGeneration:int64 conditions:[ReplicaSetCondition](type)/type
ResourceClaim name:string! request:string
ResourceFieldSelector@ containerName:string resource:string! divisor:Quantity
ResourceHealth resourceID:string! health:string message:*string
ResourceRequirements limits:<Quantity> requests:<Quantity> claims:[ResourceClaim](name)
ResourceStatus name:string! resources:[ResourceHealth](resourceID)
Role metadata:ObjectMeta rules:[PolicyRule]!
RoleBinding metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef!
RoleRef@ apiGroup:string! kind:string! name:string!
RollingUpdateDeployment maxUnavailable:*IntOrString maxSurge:*IntOrString
SELinuxOptions user:string role:string type:string level:string
ScaleIOVolumeSource gateway:string! system:string! secretRef:*LocalObjectReference! sslEnabled:bool
    protectionDomain:string storagePool:string storageMode:string=ThinProvisioned volumeName:string
    fsType:string=xfs readOnly:bool
SeccompProfile type:string! localhostProfile:*string
Secret metadata:ObjectMeta immutable:*bool data:<bytes> stringData:<string> type:string
SecretEnvSource name:string optional:*bool
SecretKeySelector@ name:string key:string! optional:*bool
SecretProjection name:string items:[KeyToPath] optional:*bool
SecretVolumeSource secretName:string items:[KeyToPath] defaultMode:*int32 optional:*bool
SecurityContext capabilities:*Capabilities privileged:*bool seLinuxOptions:*SELinuxOptions
    windowsOptions:*WindowsSecurityContextOptions runAsUser:*int64 runAsGroup:*int64 runAsNonRoot:*bool
    readOnlyRootFilesystem:*bool allowPrivilegeEscalation:*bool procMount:*string
    seccompProfile:*SeccompProfile appArmorProfile:*AppArmorProfile
SelectableField jsonPath:string!
Service metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceAccount metadata:ObjectMeta secrets:[ObjectReference](name)/name
    imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:*bool
ServiceAccountTokenProjection audience:string expirationSeconds:*int64 path:string!
ServicePort name:string protocol:string=TCP appProtocol:*string port:int32! targetPort:IntOrString
    nodePort:int32
ServiceReference namespace:string! name:string! path:*string port:*int32
ServiceSpec ports:[ServicePort](port,protocol)/port selector:<string>@ clusterIP:string clusterIPs:[string]
    type:string externalIPs:[string] sessionAffinity:string loadBalancerIP:string
    loadBalancerSourceRanges:[string] externalName:string externalTrafficPolicy:string
    healthCheckNodePort:int32 publishNotReadyAddresses:bool sessionAffinityConfig:*SessionAffinityConfig
    ipFamilies:[string] ipFamilyPolicy:*string allocateLoadBalancerNodePorts:*bool loadBalancerClass:*string
    internalTrafficPolicy:*string trafficDistribution:*string
ServiceStatus loadBalancer:LoadBalancerStatus conditions:[Condition](type)/type
SessionAffinityConfig clientIP:*ClientIPConfig
SleepAction seconds:int64!
StorageOSVolumeSource volumeName:string volumeNamespace:string fsType:string readOnly:bool
    secretRef:*LocalObjectReference
Subject@ kind:string! apiGroup:string name:string! namespace:string
Sysctl name:string! value:string!
TCPSocketAction port:IntOrString! host:string
Taint key:string! value:string effect:string! timeAdded:*Time
Toleration key:string operator:string value:string effect:string tolerationSeconds:*int64
TopologySpreadConstraint maxSkew:int32! topologyKey:string! whenUnsatisfiable:string!
    labelSelector:*LabelSelector minDomains:*int32 nodeAffinityPolicy:*string nodeTaintsPolicy:*string
    matchLabelKeys:[string]
TypedLocalObjectReference@ apiGroup:*string! kind:string! name:string!
TypedObjectReference apiGroup:*string! kind:string! name:string! namespace:*string
Volume name:string! hostPath:*HostPathVolumeSource emptyDir:*EmptyDirVolumeSource
    gcePersistentDisk:*GCEPersistentDiskVolumeSource awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource
    gitRepo:*GitRepoVolumeSource secret:*SecretVolumeSource nfs:*NFSVolumeSource iscsi:*ISCSIVolumeSource
    glusterfs:*GlusterfsVolumeSource persistentVolumeClaim:*PersistentVolumeClaimVolumeSource
    rbd:*RBDVolumeSource flexVolume:*FlexVolumeSource cinder:*CinderVolumeSource cephfs:*CephFSVolumeSource
    flocker:*FlockerVolumeSource downwardAPI:*DownwardAPIVolumeSource fc:*FCVolumeSource
    azureFile:*AzureFileVolumeSource configMap:*ConfigMapVolumeSource
    vsphereVolume:*VsphereVirtualDiskVolumeSource quobyte:*QuobyteVolumeSource
    azureDisk:*AzureDiskVolumeSource photonPersistentDisk:*PhotonPersistentDiskVolumeSource
    projected:*ProjectedVolumeSource portworxVolume:*PortworxVolumeSource scaleIO:*ScaleIOVolumeSource
    storageos:*StorageOSVolumeSource csi:*CSIVolumeSource ephemeral:*EphemeralVolumeSource
    image:*ImageVolumeSource
VolumeDevice name:string! devicePath:string!
VolumeMount name:string! readOnly:bool recursiveReadOnly:*string mountPath:string! subPath:string
    mountPropagation:*string subPathExpr:string
VolumeMountStatus name:string! mountPath:string! readOnly:bool recursiveReadOnly:*string
    volumeStatus:*VolumeStatus
VolumeProjection secret:*SecretProjection downwardAPI:*DownwardAPIProjection configMap:*ConfigMapProjection
    serviceAccountToken:*ServiceAccountTokenProjection clusterTrustBundle:*ClusterTrustBundleProjection
    podCertificate:*PodCertificateProjection
VolumeResourceRequirements limits:<Quantity> requests:<Quantity>
VolumeStatus image:*ImageVolumeStatus
VsphereVirtualDiskVolumeSource volumePath:string! fsType:string storagePolicyName:string
    storagePolicyID:string
WebhookClientConfig url:*string service:*ServiceReference caBundle:bytes
WebhookConversion clientConfig:*WebhookClientConfig conversionReviewVersions:[string]!
WeightedPodAffinityTerm weight:int32! podAffinityTerm:PodAffinityTerm!
WindowsSecurityContextOptions gmsaCredentialSpecName:*string gmsaCredentialSpec:*string runAsUserName:*string
    hostProcess:*bool
discovery.Endpoint addresses:[string]!(=) conditions:discovery.EndpointConditions hostname:*string
    targetRef:*ObjectReference deprecatedTopology:<string> nodeName:*string zone:*string
    hints:*discovery.EndpointHints
discovery.EndpointConditions ready:*bool serving:*bool terminating:*bool
discovery.EndpointHints forZones:[discovery.ForZone] forNodes:[discovery.ForNode]
discovery.EndpointPort@ name:*string protocol:*string port:*int32 appProtocol:*string
discovery.EndpointSlice metadata:ObjectMeta addressType:string! endpoints:[discovery.Endpoint]!
    ports:[discovery.EndpointPort]!
discovery.ForNode name:string!
discovery.ForZone name:string!
events.Event metadata:ObjectMeta! eventTime:MicroTime! series:*events.EventSeries reportingController:string
    reportingInstance:string action:string reason:string regarding:ObjectReference related:*ObjectReference
    note:string type:string deprecatedSource:EventSource deprecatedFirstTimestamp:Time
    deprecatedLastTimestamp:Time deprecatedCount:int32
events.EventSeries count:int32! lastObservedTime:MicroTime!
)types";
}

} // namespace gwctl::testing::detail
