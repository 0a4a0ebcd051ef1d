// Package conformance runs the Gateway API's own conformance suite against the controller, on a control plane
// without nodes, and judges the run by the names of tests: what has to pass, what cannot run here, and nothing else.
package conformance

// required are the tests of the profiles GATEWAY-TCP and GATEWAY-UDP that look at status and at objects, and at no
// traffic. Each must run and pass.
var required = []string{
	// Core
	"GatewayClassObservedGenerationBump",
	"GatewayInvalidRouteKind",
	"GatewayInvalidTLSConfiguration",
	"GatewayListenerUnsupportedProtocol",
	"GatewayModifyListeners",
	"GatewayObservedGenerationBump",
	"GatewaySecretInvalidReferenceGrant",
	"GatewaySecretMissingReferenceGrant",
	"GatewaySecretReferenceGrantAllInNamespace",
	"GatewaySecretReferenceGrantSpecific",
	"TCPRouteInvalidBackendRefNonexistent",
	"TCPRouteInvalidCrossNamespaceBackendRef",
	"TCPRouteInvalidNonTCPListener",
	"UDPRouteInvalidBackendRefNonexistent",
	"UDPRouteInvalidCrossNamespaceBackendRef",
	"UDPRouteNotAllowedByListeners",
	// Extended
	"GatewayInfrastructureMetadata",
	"GatewayInvalidParametersRef",
	"GatewayOptionalAddressValue",
	"GatewayStaticAddresses",
	"ListenerSetAllowedNamespaceNone",
	"ListenerSetAllowedNamespaceSame",
	"ListenerSetAllowedNamespaceSelector",
	"ListenerSetDefaultNotAllowed",
	"ListenerSetHostnameConflict",
	"ListenerSetProtocolConflict",
	"ListenerSetReferenceGrant",
}

const (
	needsTraffic = "sends traffic to a Gateway's address; no kube-proxy and no pods answer here"
	needsWeights = needsTraffic + ", and kube-proxy knows no weights"
)

// notRun are the other tests of the two profiles, with the reason.
var notRun = map[string]string{
	"TCPRouteMultipleRoutesAttachment":    needsTraffic,
	"TCPRouteParentRefAttachAll":          needsTraffic,
	"TCPRouteParentRefPortAndSectionName": needsTraffic,
	"TCPRouteReferenceGrant":              needsTraffic,
	"TCPRouteWeightedRouting":             needsWeights,
	"UDPRoute":                            needsTraffic,
	"UDPRouteMultipleRoutesAttachment":    needsTraffic,
	"UDPRouteParentRefAttachAllListeners": needsTraffic,
	"UDPRouteParentRefPortAndSectionName": needsTraffic,
	"UDPRouteReferenceGrant":              needsTraffic,
	"UDPRouteWeightedRouting":             needsWeights,
}

// remarks are what a reader of the result should know about tests that pass.
var remarks = map[string]string{
	"UDPRouteNotAllowedByListeners": "proves nothing: ends at once unless the class claims TLSRoute",
}
