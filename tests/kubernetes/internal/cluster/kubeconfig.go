package cluster

import (
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func writeAdminKubeconfig(path, server, authority, pair string) error {
	return writeKubeconfig(path, server, authority, &clientcmdapi.AuthInfo{ClientCertificate: pair + ".crt", ClientKey: pair + ".key"}, "default")
}

// writeTokenKubeconfig is for a service account: as in a pod, the token is in a file that is replaced now and then.
func writeTokenKubeconfig(path, server, authority, tokenFile, namespace string) error {
	return writeKubeconfig(path, server, authority, &clientcmdapi.AuthInfo{TokenFile: tokenFile}, namespace)
}

func writeKubeconfig(path, server, authority string, user *clientcmdapi.AuthInfo, namespace string) error {
	const name = "gwctl-tests"
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: server, CertificateAuthority: authority}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: user},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name, Namespace: namespace}},
		CurrentContext: name,
	}, path)
}
